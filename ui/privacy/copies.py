"""The download of everything that the server keeps of a visitor, made in the background."""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import IO

import streamlit as st

from trainer.my_data import MyData
from trainer.storage.files import translate_disk_errors
from ui import background, load_control
from ui.background import Task
from ui.markdown import sentence
from ui.turns import Turns

MAX_COPIES = 8  # that wait to be downloaded, on the disk, in files without a name that end with the server
COPY_SECONDS = 600.0  # for which one can be downloaded
_turns = Turns(1)
_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class _Copy:
    """A zip of everything."""

    file: IO[bytes]
    made: float  # time.monotonic()

    def read(self) -> bytes:
        self.file.seek(0)
        return self.file.read()


_copies: dict[str, _Copy] = {}  # by the visitor's token, the oldest first


def render(data: MyData) -> None:
    """Render the button that makes the zip, its progress, and its download."""
    token = load_control.current_visitor()
    task = background.find(_key(token))
    if task and not task.done:
        background.render_progress(task, _describe, can_cancel=True)
        return
    if task and task.error:
        st.error(sentence(task.error))
    if copy := _find(token):
        st.download_button(
            "Save the zip",
            copy.read,
            "digit-lab-my-data.zip",
            "application/zip",
            icon=":material/download:",
            type="primary",
            on_click="ignore",
            help="All that this page lists, in one zip. It can be saved for ten minutes.",
            key="my_data.save",
        )
        return
    if st.button(
        "Download everything",
        icon=":material/folder_zip:",
        help="Makes one zip of your drawings, your runs with their networks, and what you drew for a class.",
        key="my_data.pack",
    ):
        background.start(
            _key(token),
            partial(_pack, data, token),
            failure="The zip could not be made",
            folder="runs",
            turns=_turns,
            visitor=token,
            patience=background.PATIENCE_SECONDS,
        )
        st.rerun()


def forget(token: str) -> None:
    """Drop a visitor's zip."""
    background.forget(_key(token))
    with _lock:
        _drop(token)


def _find(token: str) -> _Copy | None:
    """Return a visitor's zip; those that are out of date are dropped."""
    with _lock:
        for other, copy in list(_copies.items()):
            if time.monotonic() - copy.made > COPY_SECONDS:
                _drop(other)
        return _copies.get(token)


def _drop(token: str) -> None:
    if copy := _copies.pop(token, None):
        copy.file.close()


def _key(token: str) -> tuple[str, str]:
    return "copy of my data", token


def _pack(data: MyData, token: str, progress: background.Progress) -> None:
    with ExitStack() as failed, translate_disk_errors():
        file = failed.enter_context(tempfile.TemporaryFile(dir=data.root))
        data.pack(file, progress)
        failed.pop_all()  # it stays open
    with _lock:
        _drop(token)
        _copies[token] = _Copy(file, time.monotonic())
        while len(_copies) > MAX_COPIES:
            _drop(next(iter(_copies)))


def _describe(task: Task) -> tuple[float, str]:
    if task.waiting:
        return 0.0, "Waiting until another visitor's zip is made …"
    return task.fraction, f"Making the zip … {task.activity}"
