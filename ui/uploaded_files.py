"""Uploaded files: how many Streamlit holds in memory, and their check in the background, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from trainer import UserError
from trainer.config.shares import CHECKED_FILES, UPLOADED_BYTES, Share
from ui.address import current_address
from ui.background import Progress, Task
from ui.turns import Turns


class _Check(NamedTuple):
    owner: str
    address: str
    task: Task


_turns = Turns(1)  # one file at a time: it may unpack to much, and a class may upload thirty
_starting = threading.Lock()
_checks: list[_Check] = []


def limit_memory() -> None:
    """Make Streamlit drop files when a session or all of them hold more than their share; it keeps all otherwise."""
    manager = runtime.get_instance().uploaded_file_mgr if runtime.exists() else None
    if isinstance(manager, MemoryUploadedFileManager):
        manager.add_file = bounded(manager, UPLOADED_BYTES)  # type: ignore[method-assign]


def bounded(manager: MemoryUploadedFileManager, share: Share) -> Callable[[str, UploadedFileRec], None]:
    """Return the manager's `add_file` with a limit: the oldest files of whoever holds the most make room."""
    add_file = manager.add_file

    def make_room_and_add(session_id: str, file: UploadedFileRec) -> None:
        held = {session: list(files.values()) for session, files in list(manager.file_storage.items())}
        sizes = {session: sum(len(one.data) for one in files) for session, files in held.items()}

        def drop_oldest(session: str) -> None:
            oldest = held[session].pop(0)
            sizes[session] -= len(oldest.data)
            manager.remove_file(session, oldest.file_id)

        while sizes.get(session_id, 0) and sizes[session_id] + len(file.data) > share.visitor:
            drop_oldest(session_id)
        while any(sizes.values()) and sum(sizes.values()) + len(file.data) > share.total:
            drop_oldest(max(sizes, key=sizes.__getitem__))
        add_file(session_id, file)

    return make_room_and_add


def take(file: Any) -> bytes | None:
    """Return the content of a file and drop it from Streamlit's memory; None if there is no file any more."""
    if not hasattr(file, "getvalue"):
        return None
    content: bytes = file.getvalue()
    if context := get_script_run_ctx():
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)
    return content


class Upload:
    """The upload of one kind of file on a page: its check in the background and its error, in the visitor's session.

    key: prefix of its keys in the session; failure: see `background.Task`.
    """

    def __init__(self, key: str, failure: str) -> None:
        self._key, self._failure = key, failure

    @property
    def task(self) -> Task | None:
        """Return the check that is under way, or None."""
        task: Task | None = st.session_state.get(f"{self._key}_task")
        return task

    @property
    def error(self) -> str:
        """Return the error of the last check, one sentence, or ""."""
        return str(st.session_state.get(f"{self._key}_error", ""))

    @property
    def widget_key(self) -> str:
        """Return the key of the file uploader: a new one after each upload, since the widget would keep the file."""
        return f"{self._key}_file.{st.session_state.get(f'{self._key}_count', 0)}"

    def start(self, work: Callable[[Progress], Any]) -> None:
        """Start the check of a file; if too many files are in the queue, that is its error."""
        st.session_state[f"{self._key}_count"] = st.session_state.get(f"{self._key}_count", 0) + 1
        st.session_state[f"{self._key}_error"] = ""
        try:
            st.session_state[f"{self._key}_task"] = check(work, self._failure, "runs")
        except UserError as error:
            st.session_state[f"{self._key}_error"] = str(error)

    def finish(self) -> Any:
        """Return the result of a check that has ended since the last call, or None; an error is kept for `error`."""
        if self.task is None or not self.task.done:
            return None
        task = st.session_state.pop(f"{self._key}_task")
        st.session_state[f"{self._key}_error"] = task.error
        return task.result


def check(work: Callable[[Progress], Any], failure: str, folder: str) -> Task:
    """Start a task (see `background.Task`) that checks a file of this visitor, when no other file is being checked.

    Raises UserError if this visitor, their address or all visitors have too many files in the queue.
    """
    owner, address = str(st.session_state.owner), current_address()
    with _starting:
        _checks[:] = [one for one in _checks if one.task.running]
        if sum(one.owner == owner for one in _checks) >= CHECKED_FILES.visitor:
            raise UserError("One file at a time is checked for you (got another): wait for the first, then try again.")
        near = sum(one.address == address != "" for one in _checks)
        if near >= CHECKED_FILES.address or len(_checks) >= CHECKED_FILES.total:
            raise UserError(
                f"At most {CHECKED_FILES.total} files may wait to be checked (got one more): try again in a minute."
            )
        task = Task(work, failure, folder, _turns, owner)
        _checks.append(_Check(owner, address, task))
    return task
