"""What was ever trained here, a row a run? Ten thousand of them are there before a visitor has to wait.

A run that rests appends nothing to its files, so its row holds until one of them is replaced or another appears:
the directory's own time tells that. Rows are kept in memory, and in a file for the next start.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from trainer.config import dataset_info
from trainer.config.training import parameter_count, short_form
from trainer.runs.run import Run, RunView
from trainer.runs.state import ENDED, LIVE
from trainer.runs.store import RunStore
from trainer.storage.files import Record, read_bytes, records, write_whole

AT_ONCE = 210  # runs that are read while somebody waits, more than can be in the queue; the rest is read beside
UNSAVED = 100  # rows, more or less, that the next start may have to read again
SETTLED = 2.0  # seconds: a directory's clock ticks too slowly to tell changes apart that follow each other at once
POINTS = 30  # of a spark line
FILE = ".ledger.json"  # in the run root
_THOUSANDTHS = tuple(place / 1000 for place in range(1001))  # one object for all that are alike: rows stay small
_EPOCH = b'"kind": "epoch"'  # in a line as `files.line` writes it

_log = logging.getLogger(__name__)


class Row(NamedTuple):
    """What a list says of a run; None and "" stand for what is not known."""

    id: str
    name: str
    network: str  # its layers in short
    parameters: int | None
    optimizer: str
    learning_rate: float | None
    epochs: int  # done
    planned: int  # epochs that were asked for, or done where those are more
    val_accuracy: float | None  # after its last epoch, 0 to 1
    test_accuracy: float | None  # 0 to 1
    seconds: float  # of training
    device: str
    dataset: str  # see catalogue
    created: float  # seconds since the epoch
    phase: str  # see runs.state.State
    spark: tuple[float, ...]  # validation accuracies over its epochs, in thousandths; at most POINTS
    note: str
    pinned: bool
    owner: str  # hash of the token
    parent: str  # see runs.run.RunView
    group: str  # its sweep
    drawings: int  # its owner's own, that it learned from
    has_network: bool  # of its own, if only a growing one

    @property
    def live(self) -> bool:
        """Tell whether it waits or trains, and will be another soon."""
        return self.phase in LIVE

    @property
    def ended(self) -> bool:
        return self.phase in (*ENDED, "damaged")

    @property
    def text(self) -> str:
        """Return where words are searched for, in small letters."""
        title = dataset_info.DATASETS[self.dataset].title if self.dataset in dataset_info.DATASETS else ""
        return f"{self.name}\n{self.note}\n{self.network}\n{self.optimizer}\n{self.dataset} {title}".lower()


def read(run: Run) -> Row:
    """Read a run as it is now; nothing is known of what is damaged."""
    return row(run.read())


def row(view: RunView) -> Row:
    """Return the row of a run that has just been read, and of its epochs, which are read now."""
    config, state, label = view.config, view.state, view.label
    ends = _epochs(view.run)
    accuracies = [value for end in ends if (value := _share(end.get("val_accuracy"))) is not None]
    done = max((end["epoch"] for end in ends if type(end.get("epoch")) is int), default=0)
    return Row(
        id=view.id,
        name=view.name,
        network=sys.intern(short_form(config)) if config else "",
        parameters=parameter_count(config) if config else None,
        optimizer=type(config.optimizer).__name__ if config else "",
        learning_rate=config.learning_rate if config else None,
        epochs=done,
        planned=max(done, config.epochs if config else 0),
        val_accuracy=accuracies[-1] if accuracies else None,
        test_accuracy=_share(state.test_accuracy),
        seconds=max(0.0, state.seconds) if math.isfinite(state.seconds) else 0.0,
        device=sys.intern(state.device),
        dataset=sys.intern(config.dataset) if config else "",
        created=created if math.isfinite(created := view.created) else 0.0,
        phase=sys.intern(state.phase),
        spark=_spark(accuracies[:: -max(1, math.ceil(len(accuracies) / POINTS))][::-1]),
        note=label.note,
        pinned=label.pinned,
        owner=sys.intern(state.owner),
        parent=sys.intern(view.parent),
        group=sys.intern(view.group),
        drawings=state.drawings,
        has_network=view.network is not None,
    )


def _epochs(run: Run) -> list[Record]:
    """Return the lines of its epochs' ends; the many others are not even parsed."""
    try:
        content = read_bytes(run.path / "history.jsonl")
    except OSError:
        return []
    lines, at = [], content.find(_EPOCH)
    while at >= 0 and (end := content.find(b"\n", at)) >= 0:  # the last line may still be growing
        lines.append(content[content.rfind(b"\n", 0, at) + 1 : end])
        at = content.find(_EPOCH, end)
    try:
        ends = json.loads(b"[" + b",".join(lines) + b"]")  # faster than one by one
        return [end for end in ends if isinstance(end, dict)]
    except (ValueError, RecursionError):
        return records(b"\n".join(lines))


def _share(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and 0 <= value <= 1 else None


def found(rows: Iterable[Row], words: str) -> list[Row]:
    """Return the rows in whose texts each of these words occurs; upper and lower case are alike."""
    wanted = words.lower().split()
    if not wanted:
        return list(rows)
    return [row for row in rows if (text := row.text) and all(word in text for word in wanted)]


def in_order(rows: Iterable[Row], by: str, falling: bool, owner: str = "") -> list[Row]:
    """Sort rows by a field of theirs; what is not known comes last, and what this owner has pinned first."""

    def value(row: Row) -> Any:
        value = getattr(row, by)
        return value.lower() if isinstance(value, str) else value

    known: list[Row] = []
    unknown: list[Row] = []
    for row in rows:
        (known if getattr(row, by) not in (None, "", 0) else unknown).append(row)
    known.sort(key=value, reverse=falling)
    return sorted(known + unknown, key=lambda row: not (row.pinned and row.owner == owner))


class RunIndex:
    """The rows of a store. Safe to use from many threads."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._file = store.root / FILE
        self._rows: dict[str, tuple[int, Row]] | None = None  # by id; the time of the directory, 0: read it again
        self._unsaved = 0
        self._lock = threading.Lock()
        self._reading: threading.Thread | None = None
        self._done, self._of = 0, 0

    @property
    def reading(self) -> tuple[int, int] | None:
        """Return how many runs of how many have been read, while rows are still missing."""
        thread = self._reading
        return (self._done, self._of) if thread and thread.is_alive() else None

    def rows(self) -> list[Row]:
        """Return a row for each run, the newest first.

        Where very many have not been read yet they are read beside: meanwhile `reading` says how far that is, and
        those that are missing are the oldest.
        """
        with self._lock:
            if self._rows is None:
                self._rows = _load(self._file)
            times = self._store.changed()
            rows = self._rows = {run_id: known for run_id in times if (known := self._rows.get(run_id))}
            due = [run_id for run_id, changed in times.items() if run_id not in rows or rows[run_id][0] != changed]
            if self.reading is None:
                self._read(due[:AT_ONCE])
                if rest := due[AT_ONCE:]:
                    self._done, self._of = AT_ONCE, len(due)
                    self._reading = threading.Thread(target=self._read_beside, args=(rest,), daemon=True)
                    self._reading.start()
                if self._unsaved > UNSAVED:
                    self._unsaved = 0
                    threading.Thread(target=self._save, args=(dict(rows),), daemon=True).start()
            return [rows[run_id][1] for run_id in times if run_id in rows]

    def wait(self) -> None:
        """Wait until all is read that has begun to be read."""
        if thread := self._reading:
            thread.join()

    def _read(self, ids: Sequence[str]) -> None:
        assert self._rows is not None
        for run_id in ids:
            if known := _look(self._store, run_id):
                self._rows[run_id] = known
                self._unsaved += bool(known[0])

    def _read_beside(self, ids: Sequence[str]) -> None:
        for run_id in ids:
            known = _look(self._store, run_id)
            with self._lock:
                self._done += 1
                if known and self._rows is not None:
                    self._rows[run_id] = known
                    self._unsaved += bool(known[0])

    def _save(self, rows: dict[str, tuple[int, Row]]) -> None:
        settled = [known for known in rows.values() if known[0]]
        content = json.dumps(settled, separators=(",", ":")).encode()
        try:
            write_whole(self._file, _seal(content) + b"\n" + content, sync=False)
        except OSError as error:
            _log.warning("the rows of the runs could not be kept: %s", error)


def _look(store: RunStore, run_id: str) -> tuple[int, Row] | None:
    """Read a run, with the time of its directory, or 0 where it may have changed again when that stays the same."""
    run = Run(store.root / run_id)
    try:
        changed = run.path.stat().st_mtime_ns  # before it is read: what changes meanwhile is read again
    except OSError:
        return None
    row = read(run)
    held = not row.live and not 0 <= time.time() - changed / 1e9 < SETTLED
    return (changed if held else 0), row


def _seal(content: bytes) -> bytes:
    """Return what tells a file that this version wrote, whole, from any other."""
    return hashlib.sha256(repr(Row._fields).encode() + content).hexdigest().encode()


def _load(path: Path) -> dict[str, tuple[int, Row]]:
    """Return the rows that were kept; of a file that is missing or damaged none."""
    try:
        seal, _, content = read_bytes(path).partition(b"\n")
        if seal != _seal(content):
            return {}
        return {row.id: (changed, row) for changed, values in json.loads(content) if (row := _row(values))}
    except (OSError, ValueError, TypeError):
        return {}


def _row(values: list[Any]) -> Row:
    """Make a row of what JSON made of one; texts and numbers that are alike become one again."""
    row = Row._make([sys.intern(value) if type(value) is str else value for value in values])
    return row._replace(spark=_spark(row.spark))


def _spark(values: Sequence[float]) -> tuple[float, ...]:
    return tuple([_THOUSANDTHS[round(1000 * value)] for value in values])
