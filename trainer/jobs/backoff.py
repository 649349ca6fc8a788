"""Delays between attempts to start something: longer with each failure, short again after a healthy time."""

from __future__ import annotations

import time

FIRST_SECONDS, MAX_SECONDS = 1.0, 60.0
HEALTHY_SECONDS = 60.0


class Backoff:
    """When the next attempt is due: 1, 2, 4 … 60 seconds after a failure."""

    def __init__(self) -> None:
        self._delay, self._due, self._started = FIRST_SECONDS, 0.0, float("inf")

    @property
    def due(self) -> bool:
        return time.monotonic() >= self._due

    def started(self) -> None:
        """Record a success, which must last for a minute to count."""
        self._started = time.monotonic()

    def failed(self) -> None:
        """Record that an attempt failed, or that what it had started has ended."""
        now = time.monotonic()
        if now - self._started >= HEALTHY_SECONDS:
            self._delay = FIRST_SECONDS
        self._due, self._started = now + self._delay, float("inf")
        self._delay = min(MAX_SECONDS, 2 * self._delay)
