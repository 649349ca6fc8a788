"""Upload of a data set: the file is checked, saved and selected."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.config.dataset_info import SIDE_RANGE
from trainer.data import uploads
from ui import dataset_loader
from ui.markdown import literal, sentence

MAX_MEGABYTES = uploads.MAX_FILE_BYTES // 10**6  # of a file
LAYOUT = """\
import numpy as np
# x: whole numbers 0 to 255, uint8; y: labels 0 to 9
np.savez_compressed("mine.npz", x_train=x[:900], y_train=y[:900], x_test=x[900:], y_test=y[900:])
"""


def render() -> None:
    """Render the upload of a data set."""
    with st.popover(
        "Upload data",
        icon=":material/upload:",
        help="Train on your own images of ten classes, in one npz file.",
        key="bring",
    ):
        st.markdown(
            f"An **npz** file as NumPy writes it, with four arrays: images of {SIDE_RANGE[0]} to {SIDE_RANGE[1]} "
            "pixels a side, `(n, height, width)` in gray or `(n, height, width, 3)` in color, and a label from 0 to 9 "
            "for each. This code writes one:"
        )
        st.code(LAYOUT, language="python", wrap_lines=True)
        # A new key after each upload: the session drops the old file's content.
        key = f"bring_file.{st.session_state.get('brought', 0)}"
        st.file_uploader(
            "npz file",
            type="npz",
            max_upload_size=MAX_MEGABYTES,
            help=f"At most {MAX_MEGABYTES} MB. The file is checked first, and no code in it is ever run.",
            on_change=_save,
            args=(key,),
            key=key,
        )
        if error := st.session_state.get("bring_error"):
            st.error(sentence(error))
    if title := st.session_state.pop("bring_done", ""):
        st.toast(f"Uploaded: {literal(title)}", icon=":material/check:")


def _save(key: str) -> None:
    """Check, save and select the uploaded data set, or store the error for the next rerun."""
    file = st.session_state.get(key)
    if not hasattr(file, "getvalue"):  # no file, or one that the server has already dropped
        return
    st.session_state.bring_error = ""
    try:
        name = dataset_loader.upload(file.getvalue(), file.name)
        st.session_state.data_set = name
        st.session_state.bring_done = dataset_loader.titles()[name]
    except UserError as error:
        st.session_state.bring_error = str(error)
    st.session_state.brought = st.session_state.get("brought", 0) + 1
