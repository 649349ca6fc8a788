"""Heartbeats of running jobs and of workers: for how long each has been silent, and which jobs count as dead."""

from __future__ import annotations

import time

from trainer.runs import lease
from trainer.runs.run import Run

TIMEOUT_SECONDS = 30.0  # without a heartbeat, after which a job that this engine did not start counts as dead
MIN_WATCH_SECONDS = 3.0  # a live job gives a heartbeat within this time, whatever the clocks say


class Silences:
    """How long each of some values has stayed the same, by this process's clock: others may be wrong or jump."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[object, float]] = {}  # name -> value, since when (monotonic)

    def observe(self, name: str, value: object) -> float:
        """Return the seconds since this value was first observed in a row, 0 for a new one."""
        now = time.monotonic()
        last, since = self._since.get(name, (None, now))
        if last != value:
            since = now
        self._since[name] = value, since
        return now - since

    def seconds(self, name: str, value: object) -> float:
        """Return the seconds since this value was first observed in a row, 0 if the last one was another."""
        last, since = self._since.get(name, (None, 0.0))
        return time.monotonic() - since if last == value else 0.0

    def keep(self, names: set[str]) -> None:
        """Forget all other names."""
        self._since = {name: value for name, value in self._since.items() if name in names}


class Heartbeats:
    """Last heartbeats of the watched runs, whose jobs this engine does not control: it may have to prove their death.

    Clocks may jump, and another machine's clock may be wrong.
    """

    def __init__(self) -> None:
        self._silences = Silences()
        self._watched: set[str] = set()

    @property
    def watched(self) -> list[str]:
        """Return the ids of the watched runs."""
        return sorted(self._watched)

    def watch(self, run: Run) -> None:
        self._watched.add(run.id)
        self._silences.observe(run.id, run.last_heartbeat)

    def silence(self, run: Run) -> float:
        """Return for how many seconds a watched run has given no heartbeat."""
        return self._silences.seconds(run.id, run.last_heartbeat)

    def forget(self, run_id: str) -> None:
        self._watched.discard(run_id)
        self._silences.keep(self._watched)

    def is_dead(self, run: Run, remote: bool = True) -> bool:
        """Tell whether a watched run has given no heartbeat for too long and no process holds its lease.

        remote: its process may run on another machine, where a free lease alone proves nothing if the disk has no
        locks.
        """
        silent = self._silences.observe(run.id, run.last_heartbeat)
        if silent <= MIN_WATCH_SECONDS:
            return False
        held = lease.state(run)
        if held == "held":
            return False
        proven = held == "free" and not remote
        return proven or silent > TIMEOUT_SECONDS or run.seconds_since_heartbeat > TIMEOUT_SECONDS
