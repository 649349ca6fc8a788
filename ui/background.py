"""Background tasks: work in a thread with progress, a result or an error message, and cancellation.

A page must not block for seconds: it starts a task, shows its progress and reruns when the task is done.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, Protocol

import streamlit as st

from trainer import UserError
from trainer.processes import lower_thread_priority
from ui.turns import NoTurn, Place, Turns

POLL_SECONDS = 0.5  # between two updates of a task's progress on a page
PATIENCE_SECONDS = 75.0  # without a look, after which nobody waits: browsers let a hidden page look once a minute

_starting = threading.Lock()
_log = logging.getLogger(__name__)


class Progress(Protocol):
    """Function that work calls with the fraction that is done, 0 to 1, and with what it does, as text for a page."""

    def __call__(self, fraction: float, activity: str = "") -> None: ...


class Cancelled(Exception):
    """Raised inside a cancelled task when its work next reports progress."""


class Task:
    """Work that starts at once in its own thread.

    `work` is called with a function that reports progress; what it returns becomes `result`. An exception becomes
    `error`, one sentence: the message of a UserError; for an OSError, when `folder` names what the work writes, that
    this folder must be writable; for anything else, which is logged, `failure` and the advice to try again.

    With `turns`, it waits for the turn of its `visitor`, and may lose it whenever it reports progress. With `patience`,
    it is cancelled once no page has looked at it for so many seconds.
    """

    def __init__(
        self,
        work: Callable[[Progress], Any],
        failure: str,
        folder: str = "",
        turns: Turns | None = None,
        visitor: Hashable = None,
        patience: float = math.inf,
    ) -> None:
        self.fraction = 0.0  # of the work that is done, 0 to 1
        self.activity = ""  # what the work does now, as text for a page
        self.started: float | None = None  # time.monotonic(), None while it waits for its first turn
        self.result: Any = None
        self.error = ""
        self._failure, self._folder = failure, folder
        self._turns, self._visitor, self._patience = turns, visitor, patience
        self._place: Place | None = None
        self._looked_at = time.monotonic()
        self._cancelled = threading.Event()
        # The task keeps no reference to `work`, which may hold the content of a large file.
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Tell whether the task has ended or was cancelled."""
        return self.cancelled or not self.running

    @property
    def cancelled(self) -> bool:
        """Tell whether the task was cancelled, by a visitor or because nobody waits for it."""
        return self._cancelled.is_set()

    @property
    def running(self) -> bool:
        """Tell whether the thread is alive; a cancelled task runs until its work next reports progress."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> bool:
        """Tell whether the task still waits for its first turn."""
        return self.started is None

    @property
    def seconds(self) -> float:
        """Return the seconds since the work started; 0 while the task waits for its first turn."""
        return 0.0 if self.started is None else time.monotonic() - self.started

    @property
    def seconds_left(self) -> float | None:
        """Estimate the remaining seconds at the present pace; None before the first report of progress."""
        return self.seconds / self.fraction * (1 - self.fraction) if self.fraction else None

    def cancel(self) -> None:
        """End the task when it next reports progress, or while it waits; it then has neither result nor error."""
        self._cancelled.set()

    def look(self) -> None:
        """Note that a page still waits for this task."""
        self._looked_at = time.monotonic()

    def _is_wanted(self) -> bool:
        if time.monotonic() - self._looked_at > self._patience:
            self.cancel()
        return not self.cancelled

    def _run(self, work: Callable[[Progress], Any]) -> None:
        lower_thread_priority()
        try:
            self._take_turn()
            self._work(work)
        except NoTurn:  # cancelled before it began
            pass
        finally:
            self._end_turn()

    def _take_turn(self) -> None:
        if self._turns is not None:
            self._place = self._turns.take(self._visitor, is_wanted=self._is_wanted)

    def _end_turn(self) -> None:
        if self._turns is not None and self._place is not None:
            self._turns.release(self._place)
            self._place = None

    def _work(self, work: Callable[[Progress], Any]) -> None:
        self.started = time.monotonic()
        try:
            self._report(0.0)
            result = work(self._report)
        except (Cancelled, NoTurn):
            pass
        except UserError as error:
            self._fail(str(error))
        except Exception as error:  # no caller would catch it in a thread
            if isinstance(error, OSError) and self._folder:
                why = error.strerror or type(error).__name__
                self._fail(f"The folder for {self._folder} must be writable (got: {why}): free some space.")
            else:
                _log.exception("%s", self._failure)
                self._fail(f"{self._failure}: try again, and see the server's log.")
        else:
            if not self.cancelled:
                self.result, self.fraction = result, 1.0

    def _report(self, fraction: float, activity: str = "") -> None:
        if not self._is_wanted():
            raise Cancelled
        self.fraction, self.activity = min(1.0, fraction), activity
        if self._turns is not None and self._place is not None and self._turns.is_over(self._place):
            self._end_turn()
            self._take_turn()

    def _fail(self, message: str) -> None:
        if not self.cancelled:
            self.error = message


# --- tasks shared by all visitors of a server --------------------------------------------------------------------


@st.cache_resource(show_spinner=False)
def _tasks() -> dict[Hashable, Task]:
    """Return the latest task of each key on this server."""
    return {}


def find(key: Hashable) -> Task | None:
    """Return the latest task with this key, running or done, or None."""
    return _tasks().get(key)


def start(
    key: Hashable,
    work: Callable[[Progress], Any],
    failure: str,
    folder: str = "",
    turns: Turns | None = None,
    visitor: Hashable = None,
    patience: float = math.inf,
) -> Task:
    """Return the running task with this key, whoever started it, or start one (see Task)."""
    tasks = _tasks()
    with _starting:
        task = tasks.get(key)
        if task is None or task.done:
            task = tasks[key] = Task(work, failure, folder, turns, visitor, patience)
    return task


def forget(key: Hashable) -> None:
    """Drop the latest task with this key; one that is still running continues unseen."""
    _tasks().pop(key, None)


# --- on a page --------------------------------------------------------------------------------------------------


def render_progress(
    task: Task,
    describe: Callable[[Task], tuple[float, str]],
    poll_seconds: float = POLL_SECONDS,
    can_cancel: bool = False,
) -> None:
    """Render the progress of a task, updated every `poll_seconds`, and rerun the page once the task is done.

    `describe` returns the fraction that the bar shows, 0 to 1, and its text.
    """
    st.fragment(_render_progress, run_every=poll_seconds)(task, describe, can_cancel)


def _render_progress(task: Task, describe: Callable[[Task], tuple[float, str]], can_cancel: bool) -> None:
    if task.done:
        st.rerun()
    task.look()
    st.progress(*describe(task))
    if can_cancel and st.button("Cancel", icon=":material/close:", help="Stops this and saves nothing."):
        task.cancel()
        st.rerun()
