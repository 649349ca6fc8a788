"""Upload of a data set, which is checked in the background, saved and selected, and its deletion by its owner."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.config.dataset_info import SIDE_RANGE
from trainer.data import uploads
from trainer.runs.owner import owner_hash
from ui import background, dataset_loader, uploaded_files
from ui.address import current_address
from ui.background import Progress, Task
from ui.markdown import literal, sentence
from ui.uploaded_files import Upload

MAX_MEGABYTES = uploads.MAX_FILE_BYTES // 10**6  # of a file
LAYOUT = """\
import numpy as np
# x: whole numbers 0 to 255, uint8; y: labels 0 to 9
np.savez_compressed("mine.npz", x_train=x[:900], y_train=y[:900], x_test=x[900:], y_test=y[900:])
"""
_upload = Upload("bring", "The data set could not be saved")


def finish() -> None:
    """Select the data set of a finished upload, or store its error for `render`; before the choice is rendered."""
    if name := _upload.finish():
        st.session_state.data_set = name
        st.session_state.bring_done = dataset_loader.titles().get(name, "your data")


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
        key = _upload.widget_key
        st.file_uploader(
            "npz file",
            type="npz",
            max_upload_size=MAX_MEGABYTES,
            help=f"At most {MAX_MEGABYTES} MB. The file is checked first, and no code in it is ever run. A data set "
            f"that nobody uses for {uploads.UNUSED_DAYS} days is deleted.",
            on_change=_start,
            args=(key,),
            disabled=_upload.task is not None,
            key=key,
        )
        if _upload.task:
            background.render_progress(_upload.task, _describe, can_cancel=True)
        elif _upload.error:
            st.error(sentence(_upload.error))
    if title := st.session_state.pop("bring_done", ""):
        st.toast(f"Uploaded: {literal(title)}", icon=":material/check:")


def render_deletion(name: str) -> None:
    """Render the button that deletes an uploaded data set, for its owner."""
    store = st.session_state.engine.runs.uploads
    if not store.is_owner(name, owner_hash(st.session_state.owner)):
        return
    with st.popover("Delete data", icon=":material/delete:", help="Deletes this data set, which you uploaded."):
        st.markdown(
            f"Delete **{literal(store.titles().get(name, 'this data set'))}** for everybody? The networks trained on "
            "it stay, but cannot be evaluated or continued until somebody uploads the same file again."
        )
        st.button(
            "Delete", type="primary", icon=":material/delete:", on_click=_delete, args=(name,), key="bring.delete"
        )
        if error := st.session_state.pop("bring_refused", ""):
            st.error(sentence(error))


def _start(key: str) -> None:
    """Start the check of an uploaded file."""
    file = st.session_state.get(key)
    content = uploaded_files.take(file)
    if content is None:
        return
    store, owner = st.session_state.engine.runs.uploads, owner_hash(st.session_state.owner)
    file_name, address = file.name, current_address()

    def work(progress: Progress) -> str:
        name: str = store.save(content, file_name, owner, address)
        return name

    _upload.start(work)


def _delete(name: str) -> None:
    try:
        st.session_state.engine.runs.uploads.delete(name, owner_hash(st.session_state.owner))
    except UserError as error:
        st.session_state.bring_refused = str(error)


def _describe(task: Task) -> tuple[float, str]:
    text = "Waiting for another file to be checked …" if task.waiting else "Checking the images …"
    return task.fraction, text
