"""Digits on paper, uploaded or photographed."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.drawing import photos
from ui.digit_input.source import NOTHING, Source

HELP = "Dark digits on light paper, or light ones on dark; several side by side are read in order. At most 5 MB."


def show() -> Source:
    """Ask for a photo, or return the one that is there; its picture is shown once its digits are read."""
    hint = "Choose a photo of digits on paper."
    taken: photos.Photo | None = st.session_state.get("photo")
    if taken is not None:
        return Source.of(taken.digits, taken.picture, hint)
    if st.session_state.get("camera", False):
        st.camera_input("Photograph digits on paper", help=HELP, on_change=_take, key="photo_taken")
    else:
        st.file_uploader(
            "Photo of digits on paper",
            ("png", "jpg", "jpeg"),
            max_upload_size=photos.BYTES // 10**6,
            help=HELP,
            on_change=_take,
            key="photo_taken",
        )
    return Source(NOTHING, hint, error=st.session_state.get("photo_error", ""))


def _take() -> None:
    """Read a photo once, when it comes in."""
    st.session_state.photo_error = ""
    file = st.session_state.photo_taken
    if hasattr(file, "getvalue"):  # else none, or one that the server does not have
        try:
            st.session_state.photo = photos.read(file.getvalue())
        except UserError as error:
            st.session_state.photo_error = str(error)


def tools() -> None:
    """Ask how to come by a photo, or for another one."""
    if "photo" in st.session_state:
        st.button("Another photo", on_click=_leave, icon=":material/restart_alt:", help=HELP, key="photo_again")
    else:
        st.toggle(
            "Use the camera",
            on_change=_leave,
            help="Photograph with this device's camera; a phone offers its own where a photo is chosen, too.",
            persist_state="session",
            key="camera",
        )


def _leave() -> None:
    st.session_state.pop("photo", None)
    st.session_state.photo_error = ""
