"""One's own data: a file is checked, kept, and chosen."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.config.dataset_info import SIDES
from trainer.data import uploads
from ui import dataset_loader
from ui.markdown import literal, sentence

LARGEST = uploads.LARGEST // 10**6  # MB of a file
LAYOUT = """\
import numpy as np
# x: whole numbers 0 to 255, uint8; y: labels 0 to 9
np.savez_compressed("mine.npz", x_train=x[:900], y_train=y[:900], x_test=x[900:], y_test=y[900:])
"""


def ask() -> None:
    """Offer to bring a data set in a file."""
    with st.popover(
        "Bring your own",
        icon=":material/upload:",
        help="Train on images of your own: ten kinds of anything, in one npz file.",
        key="bring",
    ):
        st.markdown(
            f"An **npz** file as NumPy writes it, with four arrays: images of {SIDES[0]} to {SIDES[1]} pixels a side, "
            "`(n, height, width)` in grey or `(n, height, width, 3)` in colour, and a label from 0 to 9 for each. "
            "These lines write one:"
        )
        st.code(LAYOUT, language="python", wrap_lines=True)
        # Another key each time: what was uploaded is let go of once it has been read.
        key = f"bring_file.{st.session_state.get('brought', 0)}"
        st.file_uploader(
            "Your file",
            type="npz",
            max_upload_size=LARGEST,
            help=f"At most {LARGEST} MB. It is checked before its numbers are read, and nothing in it is ever run.",
            on_change=_bring,
            args=(key,),
            key=key,
        )
        if error := st.session_state.get("bring_error"):
            st.error(sentence(error))
    if title := st.session_state.pop("bring_done", ""):
        st.toast(f"Your data set is here: {literal(title)}", icon=":material/check:")


def _bring(key: str) -> None:
    """Check and keep what was uploaded, and choose it; or keep the sentence that says what is wrong with it."""
    file = st.session_state.get(key)
    if not hasattr(file, "getvalue"):  # none, or one that the server does not have
        return
    st.session_state.bring_error = ""
    try:
        name = dataset_loader.bring(file.getvalue(), file.name)
        st.session_state.data_set = name
        st.session_state.bring_done = dataset_loader.titles()[name]
    except UserError as error:
        st.session_state.bring_error = str(error)
    st.session_state.brought = st.session_state.get("brought", 0) + 1
