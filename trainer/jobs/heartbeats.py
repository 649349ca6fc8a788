"""Heartbeats of running jobs that this engine did not start, to notice when one of them has died."""

from __future__ import annotations

import time

from trainer.runs.run import Run

TIMEOUT_SECONDS = 10.0  # without a heartbeat, after which a job counts as dead
MIN_WATCH_SECONDS = 3.0  # a live job gives a heartbeat within this time, whatever the clocks say


class Heartbeats:
    """Last heartbeats of the watched runs. Clocks may jump, and another machine's clock may be wrong."""

    def __init__(self) -> None:
        # By run id: the time of the last heartbeat, and since when (monotonic) there has been no other.
        self._last: dict[str, tuple[float, float]] = {}

    @property
    def watched(self) -> list[str]:
        """Return the ids of the watched runs."""
        return list(self._last)

    def watch(self, run: Run) -> None:
        self._last[run.id] = run.last_heartbeat, time.monotonic()

    def forget(self, run_id: str) -> None:
        self._last.pop(run_id, None)

    def is_dead(self, run: Run) -> bool:
        """Tell whether a watched run has given no heartbeat for too long."""
        now, heartbeat = time.monotonic(), run.last_heartbeat
        last, since = self._last[run.id]
        if heartbeat != last:
            self._last[run.id] = heartbeat, now
            return False
        silent = now - since
        return silent > TIMEOUT_SECONDS or (
            silent > MIN_WATCH_SECONDS and run.seconds_since_heartbeat > TIMEOUT_SECONDS
        )
