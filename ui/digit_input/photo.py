"""Photo of digits on paper, uploaded or taken with the camera."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.drawing import photo_reader, photos
from ui import load_control
from ui.digit_input.inputs import NO_IMAGES, DigitInput
from ui.turns import NoTurn

HELP = "Dark digits on light paper, or light on dark. Several digits side by side are read in order. At most 5 MB."
WAITING = "A photo must wait for those of other visitors (got no turn within a minute): choose it again."


def render() -> DigitInput:
    """Render the upload or the camera, and return the photo; the caller shows its picture with the boxes."""
    hint = "Choose a photo of digits on paper."
    photo: photos.Photo | None = st.session_state.get("photo")
    if photo is not None:
        return DigitInput.from_steps(photo.digits, photo.picture, hint)
    if st.session_state.get("camera", False):
        st.camera_input("Photograph digits on paper", help=HELP, on_change=_read_upload, key="photo_taken")
    else:
        st.file_uploader(
            "Photo of digits on paper",
            ("png", "jpg", "jpeg"),
            max_upload_size=photos.MAX_BYTES // 10**6,
            help=HELP,
            on_change=_read_upload,
            key="photo_taken",
        )
    return DigitInput(NO_IMAGES, hint, error=st.session_state.get("photo_error", ""))


def _read_upload() -> None:
    """Read a photo once, when it is uploaded."""
    st.session_state.photo_error = ""
    file = st.session_state.photo_taken
    if hasattr(file, "getvalue"):  # it has none if it was removed or the server has lost it
        try:
            with load_control.photos.turn(load_control.current_visitor(), load_control.PHOTO_SECONDS):
                st.session_state.photo = photo_reader.read(file.getvalue())
        except UserError as error:
            st.session_state.photo_error = str(error)
        except NoTurn:
            st.session_state.photo_error = WAITING


def render_tools() -> None:
    """Render the switch between upload and camera, or the button for another photo."""
    if "photo" in st.session_state:
        st.button("Another photo", on_click=_remove_photo, icon=":material/restart_alt:", help=HELP, key="photo_again")
    else:
        st.toggle(
            "Use the camera",
            on_change=_remove_photo,
            help="Takes a photo with this device's camera. A phone also offers its camera when you choose a file.",
            persist_state="session",
            key="camera",
        )


def _remove_photo() -> None:
    st.session_state.pop("photo", None)
    st.session_state.photo_error = ""
