"""Background tasks: each one thread with progress, a turn, a result or an error as one sentence, and a cancel.

A page must not wait for what may take seconds: it starts a task, shows how far it is, and goes on when it is over.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st

from trainer import UserError

LOOK = 0.5  # seconds between two looks at a task
POLL = 0.2  # seconds after which a task that waits for its turn notices that it was cancelled
Progress = Callable[[float], None]  # told the share of the work that is done, 0 to 1

_starting = threading.Lock()
_log = logging.getLogger(__name__)


class Cancelled(Exception):
    """Raised in the work of a cancelled task, where it next reports progress."""


class Task:
    """Work that begins at once in a thread of its own.

    `work` gets a function to report progress to, and what it returns becomes `result`. What it raises becomes `error`,
    one sentence: a UserError's own; for an OSError, where `folder` names what the work writes to, that this folder must
    be writable; for anything else, which is logged, `failed` and what to do. With a `turn`, the tasks that share this
    lock run one at a time.
    """

    def __init__(
        self,
        work: Callable[[Progress], Any],
        failed: str,
        folder: str = "",
        turn: threading.Lock | None = None,
    ) -> None:
        self.share = 0.0  # done, 0 to 1
        self.begun: float | None = None  # time.monotonic() when its turn came
        self.result: Any = None
        self.error = ""
        self._failed, self._folder, self._turn = failed, folder, turn
        self._cancelled = threading.Event()
        # The thread lets go of `work` when it ends: that may hold a large file's content.
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Tell whether it has ended or was cancelled: nobody waits for it any more."""
        return self._cancelled.is_set() or not self.running

    @property
    def running(self) -> bool:
        """Tell whether its thread is alive, as that of a cancelled task is until its work reports progress."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> bool:
        """Tell whether its turn has not come yet."""
        return self.begun is None

    @property
    def seconds(self) -> float:
        """Return for how many seconds it has been running; 0 while it waits for its turn."""
        return 0.0 if self.begun is None else time.monotonic() - self.begun

    @property
    def seconds_left(self) -> float | None:
        """Return how many seconds it will take at its present pace, or None before it has reported progress."""
        return self.seconds / self.share * (1 - self.share) if self.share else None

    def cancel(self) -> None:
        """End it at its next report of progress, or before its turn; it then has neither a result nor an error."""
        self._cancelled.set()

    def _run(self, work: Callable[[Progress], Any]) -> None:
        if self._turn is None:
            self._work(work)
            return
        while not self._turn.acquire(timeout=POLL):
            if self._cancelled.is_set():
                return
        try:
            self._work(work)
        finally:
            self._turn.release()

    def _work(self, work: Callable[[Progress], Any]) -> None:
        self.begun = time.monotonic()
        try:
            self._report(0.0)
            result = work(self._report)
        except Cancelled:
            pass
        except UserError as error:
            self._fail(str(error))
        except Exception as error:  # nobody stands above a thread
            if isinstance(error, OSError) and self._folder:
                why = error.strerror or type(error).__name__
                self._fail(f"The folder for {self._folder} must be writable (got: {why}): free some space.")
            else:
                _log.exception("%s", self._failed)
                self._fail(f"{self._failed}: try again, and see the server's log.")
        else:
            if not self._cancelled.is_set():
                self.result, self.share = result, 1.0

    def _report(self, share: float) -> None:
        if self._cancelled.is_set():
            raise Cancelled
        self.share = min(1.0, share)

    def _fail(self, sentence: str) -> None:
        if not self._cancelled.is_set():
            self.error = sentence


# --- the tasks that all visitors of a server share --------------------------------------------------------------


@st.cache_resource(show_spinner=False)
def _tasks() -> dict[Hashable, Task]:
    """Return the last task of each key on this server."""
    return {}


def find(key: Hashable) -> Task | None:
    """Return the last task with this key, running or over, or None."""
    return _tasks().get(key)


def start(
    key: Hashable,
    work: Callable[[Progress], Any],
    failed: str,
    folder: str = "",
    turn: threading.Lock | None = None,
) -> Task:
    """Return the task that is running with this key, whoever started it, else start one; see Task."""
    tasks = _tasks()
    with _starting:
        task = tasks.get(key)
        if task is None or task.over:
            task = tasks[key] = Task(work, failed, folder, turn)
    return task


def forget(key: Hashable) -> None:
    """Drop the last task with this key; one that is running goes on unseen."""
    _tasks().pop(key, None)


# --- on a page --------------------------------------------------------------------------------------------------


def watch(
    task: Task, describe: Callable[[Task], tuple[float, str]], every: float = LOOK, can_cancel: bool = False
) -> None:
    """Show how far a task is, again every `every` seconds, and run the whole page again once it is over.

    `describe` returns the share that the bar shows, 0 to 1, and a sentence.
    """
    st.fragment(_watch, run_every=every)(task, describe, can_cancel)


def _watch(task: Task, describe: Callable[[Task], tuple[float, str]], can_cancel: bool) -> None:
    if task.over:
        st.rerun()
    st.progress(*describe(task))
    if can_cancel and st.button("Cancel", icon=":material/close:", help="Stop this, and keep nothing of it."):
        task.cancel()
        st.rerun()
