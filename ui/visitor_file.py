"""Small text files of a visitor, beside their drawings: all tabs, a reload and a restarted server agree."""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path

import streamlit as st

from trainer import UserError
from trainer.storage.files import is_regular_file, read_bytes, translate_disk_errors, write_atomically
from ui.markdown import sentence

MAX_BYTES = 100


def read(name: str) -> str:
    """Return the text of a file, or "" if there is none."""
    with suppress(OSError, UnicodeDecodeError):
        return read_bytes(_path(name), MAX_BYTES).decode("ascii")
    return ""


def write(name: str, text: str) -> None:
    """Replace a file, or render why it could not be saved."""
    path = _path(name)
    try:
        with translate_disk_errors("drawings", "tell the server's administrator"):
            if path.parent.is_symlink():
                raise OSError(errno.ELOOP, "it is a link, which may lead anywhere")
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, text.encode("ascii"), sync=False)
    except UserError as error:
        st.toast(sentence(str(error)), icon=":material/error:")


def changed_at(name: str) -> float:
    """Return when a file was last replaced, in seconds since 1970, or 0."""
    path = _path(name)
    return path.stat().st_mtime if is_regular_file(path) else 0.0


def _path(name: str) -> Path:
    drawings: Path = st.session_state.engine.collection(st.session_state.owner).path
    return drawings.with_name(name)
