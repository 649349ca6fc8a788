"""A sweep in the list of runs: one row, with the runs below it once it is opened."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from trainer import UserError
from trainer.runs.index import RunRow
from trainer.runs.sweep import Sweeps

VARIED = "varied"


@dataclass(frozen=True)
class SweepRow:
    """The runs of one sweep that the list shows, in the list's order; at least two."""

    id: str
    runs: tuple[RunRow, ...]

    @property
    def live(self) -> bool:
        return any(run.live for run in self.runs)

    @property
    def state(self) -> str:
        """Return the state of the runs, as text."""
        ended = sum(run.ended for run in self.runs)
        if ended < len(self.runs):
            return f"{ended} of {len(self.runs)} ended"
        return str(self.common(lambda run: run.phase, "ended"))

    def common(self, value: Callable[[RunRow], Any], otherwise: Any = VARIED) -> Any:
        """Return a value that all runs share, or something else if they differ."""
        values = {value(run) for run in self.runs}
        return values.pop() if len(values) == 1 else otherwise

    def best(self, value: Callable[[RunRow], float | None]) -> float | None:
        """Return the highest of the runs' values that are known."""
        return max((known for run in self.runs if (known := value(run)) is not None), default=None)


def fold(rows: Iterable[RunRow]) -> list[RunRow | SweepRow]:
    """Return runs, those of each sweep as one row in the place of the first of them."""
    groups: dict[tuple[str, str], list[RunRow]] = {}
    for row in rows:
        groups.setdefault((row.group, "" if row.group else row.id), []).append(row)
    return [runs[0] if len(runs) == 1 else SweepRow(group, tuple(runs)) for (group, _), runs in groups.items()]


def run_count(entries: Sequence[RunRow | SweepRow]) -> int:
    """Return the number of runs in all rows."""
    return sum(len(entry.runs) if isinstance(entry, SweepRow) else 1 for entry in entries)


def title(sweeps: Sweeps, sweep_id: str) -> str:
    """Return a sweep's title, or "" if its file is gone or damaged."""
    try:
        return _title(sweeps, sweep_id)
    except UserError:
        return ""


@functools.lru_cache(maxsize=500)  # a sweep's file never changes
def _title(sweeps: Sweeps, sweep_id: str) -> str:
    if sweep := sweeps.get(sweep_id):
        return sweep.plan.title
    raise UserError("That sweep must exist (got one that is gone): choose another.")
