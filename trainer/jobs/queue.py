"""Queue of runs that wait for a slot: single runs first, then the runs of sweeps, which take turns."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from trainer import UserError

MAX_WAITING = 100  # single runs, and as many runs of sweeps; more would be an accident or an attack


class RunQueue:
    """Ids of waiting runs in the order in which they start. The engine's lock protects it."""

    def __init__(self, sweep_of: Callable[[str], str], max_waiting: int = MAX_WAITING) -> None:
        self._sweep_of = sweep_of  # run id -> id of its sweep, or ""
        self._max_waiting = max_waiting
        self._ids: deque[str] = deque()

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def check_room(self, count: int = 1, sweep: str = "") -> None:
        """Raise UserError if `count` more runs may not wait; runs of sweeps take no places from single runs."""
        waiting = sum(bool(self._sweep_of(run_id)) == bool(sweep) for run_id in self._ids)
        if waiting + count > self._max_waiting:
            if sweep:
                what, got = "runs of sweeps", f"{waiting} waiting and {count} more"
            else:
                what, got = "runs", "one more"
            raise UserError(
                f"At most {self._max_waiting} {what} may wait (got {got}): try again when some have finished."
            )

    def add(self, run_ids: Iterable[str], first: bool = False) -> None:
        """Add runs, after those that wait or, if `first`, before them; single runs still precede those of sweeps."""
        self._ids = deque([*run_ids, *self._ids] if first else [*self._ids, *run_ids])
        turns: Counter[str] = Counter()

        def turn(run_id: str) -> int:
            sweep = self._sweep_of(run_id)
            turns[sweep] += 1
            return turns[sweep] if sweep else 0

        self._ids = deque(sorted(self._ids, key=turn))  # sorting is stable: first in, first out within each turn

    def next(self) -> str:
        """Return the run that starts next; it stays in the queue."""
        return self._ids[0]

    def pop(self) -> str:
        """Remove and return the run that starts next."""
        return self._ids.popleft()

    def remove(self, run_id: str) -> None:
        self._ids.remove(run_id)

    def position(self, run_id: str) -> int:
        """Return a run's position, from 1, or 0 if it does not wait."""
        return self._ids.index(run_id) + 1 if run_id in self._ids else 0


def wait_seconds(position: int, running: Sequence[float], slots: int, typical: float) -> float:
    """Estimate when the run at a position, from 1, starts.

    running: seconds left of each running training; typical: seconds that a training takes.
    """
    free = [*running, *[0.0] * (slots - len(running))]
    heapq.heapify(free)
    for _ in range(position - 1):
        heapq.heappush(free, heapq.heappop(free) + typical)
    return free[0]
