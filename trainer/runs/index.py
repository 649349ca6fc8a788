"""Run index: one row for each run, cached in memory and in a file, so that ten thousand runs are listed at once.

A run that is not live appends nothing to its files. So its row is valid until a file in its directory is replaced or
added, which changes the modification time of the directory.
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
from trainer.storage.files import Record, parse_json, parse_lines, read_bytes, write_atomically

MAX_READ_AT_ONCE = 210  # runs read while a page waits, more than fit into the queue; a thread reads the rest
MAX_UNSAVED_ROWS = 100  # about as many rows may have to be read again after a restart
SETTLED_SECONDS = 2.0  # modification times are too coarse to tell apart changes that follow each other faster
MAX_SPARK_POINTS = 30
INDEX_FILE = ".ledger.json"  # in the run root
VERSION = 1  # of its rows; raise it when the same run gives another row, such as another generated name
_THOUSANDTHS = tuple(place / 1000 for place in range(1001))  # shared by all rows to save memory
_EPOCH = b'"kind": "epoch"'  # as in a line that `json_line` wrote

_log = logging.getLogger(__name__)


class RunRow(NamedTuple):
    """Row of the run list; None and "" stand for unknown values."""

    id: str
    name: str
    network: str  # its layers in short form
    parameters: int | None
    optimizer: str
    learning_rate: float | None
    epochs: int  # done
    planned: int  # epochs requested, or done if those are more
    val_accuracy: float | None  # of its final network, before that after its last epoch, 0 to 1
    test_accuracy: float | None  # 0 to 1
    seconds: float  # of training
    device: str
    dataset: str  # see config.dataset_info
    created: float  # seconds since 1970
    phase: str  # see runs.state.State
    spark: tuple[float, ...]  # validation accuracy over its epochs, in thousandths; at most MAX_SPARK_POINTS
    note: str
    pinned: bool
    owner: str  # hash of the token
    parent: str  # see runs.run.RunView
    group: str  # id of its sweep
    drawings: int  # its owner's drawings that it also learned from
    has_network: bool  # also while it is still being trained

    @property
    def live(self) -> bool:
        """Tell whether the run is queued or running, so that its row changes soon."""
        return self.phase in LIVE

    @property
    def ended(self) -> bool:
        return self.phase in (*ENDED, "damaged")

    @property
    def text(self) -> str:
        """Return the text that `search` looks through, in lower case."""
        title = dataset_info.DATASETS[self.dataset].title if self.dataset in dataset_info.DATASETS else ""
        return f"{self.name}\n{self.note}\n{self.network}\n{self.optimizer}\n{self.dataset} {title}".lower()


def read_row(run: Run) -> RunRow:
    """Read the row of a run as it is now; values of damaged files are unknown."""
    return make_row(run.read())


def make_row(view: RunView) -> RunRow:
    """Return the row of a run that has just been read; its history is read now."""
    config, state, label = view.config, view.state, view.label
    ends = _epochs(view.run)
    accuracies = [value for end in ends if (value := _share(end.get("val_accuracy"))) is not None]
    final = _share(state.val_accuracy)
    done = max((end["epoch"] for end in ends if type(end.get("epoch")) is int), default=0)
    return RunRow(
        id=view.id,
        name=view.name,
        network=sys.intern(short_form(config)) if config else "",
        parameters=parameter_count(config) if config else None,
        optimizer=type(config.optimizer).__name__ if config else "",
        learning_rate=config.learning_rate if config else None,
        epochs=done,
        planned=max(done, config.epochs if config else 0),
        val_accuracy=final if final is not None else accuracies[-1] if accuracies else None,
        test_accuracy=_share(state.test_accuracy),
        seconds=max(0.0, state.seconds) if math.isfinite(state.seconds) else 0.0,
        device=sys.intern(state.device),
        dataset=sys.intern(config.dataset) if config else "",
        created=created if math.isfinite(created := view.created) else 0.0,
        phase=sys.intern(state.phase),
        spark=_spark(accuracies[:: -max(1, math.ceil(len(accuracies) / MAX_SPARK_POINTS))][::-1]),
        note=label.note,
        pinned=label.pinned,
        owner=sys.intern(state.owner),
        parent=sys.intern(view.parent),
        group=sys.intern(view.group),
        drawings=state.drawings,
        has_network=view.network is not None,
    )


def _epochs(run: Run) -> list[Record]:
    """Return the lines of history.jsonl that end an epoch, without parsing the many others."""
    try:
        content = read_bytes(run.path / "history.jsonl")
    except OSError:
        return []
    lines, at = [], content.find(_EPOCH)
    while at >= 0 and (end := content.find(b"\n", at)) >= 0:  # the last line may be incomplete
        lines.append(content[content.rfind(b"\n", 0, at) + 1 : end])
        at = content.find(_EPOCH, end)
    return parse_lines(b"\n".join(lines))


def _share(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and 0 <= value <= 1 else None


def search(rows: Iterable[RunRow], words: str) -> list[RunRow]:
    """Return the rows whose text contains all of these words, ignoring case."""
    wanted = words.lower().split()
    if not wanted:
        return list(rows)
    return [row for row in rows if (text := row.text) and all(word in text for word in wanted)]


def sort_rows(rows: Iterable[RunRow], by: str, falling: bool, owner: str = "") -> list[RunRow]:
    """Sort rows by a field. Unknown values come last, and the runs that this owner has pinned first."""

    def value(row: RunRow) -> Any:
        value = getattr(row, by)
        return value.lower() if isinstance(value, str) else value

    known: list[RunRow] = []
    unknown: list[RunRow] = []
    for row in rows:
        (known if getattr(row, by) not in (None, "", 0) else unknown).append(row)
    known.sort(key=value, reverse=falling)
    return sorted(known + unknown, key=lambda row: not (row.pinned and row.owner == owner))


class RunIndex:
    """Rows of all runs of a store. Safe to use from many threads."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._file = store.root / INDEX_FILE
        # By id, with the modification time of the directory in ns, or 0 to read the run again.
        self._rows: dict[str, tuple[int, RunRow]] | None = None
        self._unsaved = 0
        self._lock = threading.Lock()
        self._reader: threading.Thread | None = None
        self._done, self._total = 0, 0

    @property
    def progress(self) -> tuple[int, int] | None:
        """Return how many runs have been read, and of how many, or None once no row is missing."""
        thread = self._reader
        return (self._done, self._total) if thread and thread.is_alive() else None

    def rows(self) -> list[RunRow]:
        """Return a row for each run, newest first.

        If very many runs are unread, a thread reads all but the newest: until it is done, `progress` says how far it
        is, and the oldest rows are missing.
        """
        known = _load(self._file) if self._rows is None else self._rows
        times = self._store.modified_times()
        due = [run_id for run_id, modified in times.items() if run_id not in known or known[run_id][0] != modified]
        # Everything is read from the disk before the lock is taken, perhaps by several visitors at once.
        new = self._read(due[:MAX_READ_AT_ONCE]) if self.progress is None else {}
        with self._lock:
            known = (known if self._rows is None else self._rows) | new
            rows = self._rows = {run_id: known[run_id] for run_id in times if run_id in known}
            self._unsaved += sum(bool(modified) for modified, _ in new.values())
            if self.progress is None:
                if rest := due[MAX_READ_AT_ONCE:]:
                    self._done, self._total = MAX_READ_AT_ONCE, len(due)
                    self._reader = threading.Thread(target=self._read_in_background, args=(rest,), daemon=True)
                    self._reader.start()
                if self._unsaved > MAX_UNSAVED_ROWS:
                    self._unsaved = 0
                    threading.Thread(target=self._save, args=(dict(rows),), daemon=True).start()
            return [rows[run_id][1] for run_id in times if run_id in rows]

    def save(self) -> None:
        """Replace the saved rows by the present ones: nothing of a deleted run stays in the file."""
        self.rows()
        with self._lock:
            rows = dict(self._rows or {})
        self._save(rows)

    def wait(self) -> None:
        """Wait until the thread that reads missing rows is done."""
        if thread := self._reader:
            thread.join()

    def _read(self, ids: Sequence[str]) -> dict[str, tuple[int, RunRow]]:
        return {run_id: timed_row for run_id in ids if (timed_row := _read_timed_row(self._store, run_id))}

    def _read_in_background(self, ids: Sequence[str]) -> None:
        for run_id in ids:
            timed_row = _read_timed_row(self._store, run_id)
            with self._lock:
                self._done += 1
                if timed_row and self._rows is not None:
                    self._rows[run_id] = timed_row
                    self._unsaved += bool(timed_row[0])

    def _save(self, rows: dict[str, tuple[int, RunRow]]) -> None:
        settled = [timed_row for timed_row in rows.values() if timed_row[0]]
        content = json.dumps(settled, separators=(",", ":")).encode()
        try:
            write_atomically(self._file, _checksum(content) + b"\n" + content, sync=False)
        except OSError as error:
            _log.warning("the run index could not be saved: %s", error)


def _read_timed_row(store: RunStore, run_id: str) -> tuple[int, RunRow] | None:
    """Read a run's row with the modification time of its directory, or with 0 if the row may soon be outdated."""
    run = Run(store.root / run_id)
    try:
        modified = run.path.stat().st_mtime_ns  # before the run is read, so that a change meanwhile is noticed
    except OSError:
        return None
    row = read_row(run)
    settled = not row.live and not 0 <= time.time() - modified / 1e9 < SETTLED_SECONDS
    return (modified if settled else 0), row


def _checksum(content: bytes) -> bytes:
    """Return a checksum that only a complete file of this version has."""
    return hashlib.sha256(repr((VERSION, *RunRow._fields)).encode() + content).hexdigest().encode()


def _load(path: Path) -> dict[str, tuple[int, RunRow]]:
    """Return the saved rows, or none if the file is missing or damaged."""
    try:
        checksum, _, content = read_bytes(path).partition(b"\n")
        if checksum != _checksum(content):
            return {}
        return {row.id: (modified, row) for modified, values in parse_json(content) if (row := _row(values))}
    except (OSError, ValueError, TypeError):
        return {}


def _row(values: list[Any]) -> RunRow:
    """Return a row from its JSON values, sharing equal texts and numbers to save memory."""
    row = RunRow._make([sys.intern(value) if type(value) is str else value for value in values])
    return row._replace(spark=_spark(row.spark))


def _spark(values: Sequence[float]) -> tuple[float, ...]:
    return tuple([_THOUSANDTHS[round(1000 * value)] for value in values])
