"""Test of a trained network, which its owner can end, and which ends by itself if it would take too long."""

from __future__ import annotations

import time

from trainer.runs.run import Run
from trainer.text import about

MAX_SECONDS = 20.0  # for each part of the test after a stop or beyond the time limit; nobody waits longer for a slot
CHECK_SECONDS = 0.25  # between two looks at the requests
JUDGE_SECONDS = 3.0  # of reading before its duration is estimated: a busy machine can take one for a few digits


class TestEndedError(Exception):
    """The test ends before it is done; the message says why, as a part of a sentence."""

    __test__ = False  # for pytest


class TestClock:
    """Ends a part of a network's test by an exception; `check` is called with the share that is done.

    seconds_left: of the run's time limit, 0 if its training was stopped.
    """

    __test__ = False  # for pytest

    def __init__(self, run: Run, seconds_left: float) -> None:
        self._run, self._limit = run, max(MAX_SECONDS, seconds_left)
        self._ends = run.requests.ends
        self._next_look = 0.0
        self.restart()

    def restart(self) -> None:
        """Begin a part of the test."""
        self._first: tuple[float, float] | None = None  # time and share of the first check: before, TensorFlow compiles

    def check(self, share: float) -> None:
        """Raise TestEndedError if the test should end."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + CHECK_SECONDS
            if self._run.requests.ends > self._ends:
                raise TestEndedError("its owner ended the test")
        if self._first is None:
            self._first = now, share
            return
        begin, before = self._first
        expected = (now - begin) / max(share - before, 1e-9)
        if share < 1 and now - begin > JUDGE_SECONDS and expected > self._limit:
            raise TestEndedError(f"not tested, which would have taken {about(expected)}")
