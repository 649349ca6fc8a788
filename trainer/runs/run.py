"""Run directory: its files, one consistent reading of them, and the changes that are allowed.

Longer than 300 lines because everything that knows the files of a run stands here.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trainer.config.limits import CLASSES
from trainer.config.training import TrainingConfig
from trainer.networks.sketch import SHAPE
from trainer.runs.label import Label, generated_name
from trainer.runs.requests import KINDS, Requests
from trainer.runs.state import State
from trainer.storage.arrays import read_arrays
from trainer.storage.files import (
    BLOCK_BYTES,
    DISK_FULL_ERRORS,
    Record,
    append_lines,
    is_regular_file,
    json_line,
    open_to_append,
    overwrite,
    parse_lines,
    read_bytes,
    read_object,
    translate_disk_errors,
    write_atomically,
)
from trainer.storage.memory import cached
from trainer.text import printable

SNAPSHOTS, SKETCHES = ("snapshots.npz", "weights"), ("sketches.npz", "sketches")  # file, and its array beside "steps"
MAX_ARRAYS = 20_000_000  # bytes of digits.npz, and of snapshots.npz
_MAX_TIME = 250_000_000_000  # seconds since 1970, in the year 9892: `time` fails soon after


@dataclass(frozen=True)
class RunView:
    """A run at the time it was read: everything that a page needs, with each file read once."""

    run: Run
    state: State
    config: TrainingConfig | None  # None if config.json is damaged
    parent: str  # id of the run whose network it continues from, "shipped" for the ready-made network, or ""
    group: str  # id of its sweep, or ""
    created: float  # seconds since 1970; of an imported run, when it was imported
    trained: float | None  # of an imported run: when it was created where it was trained, if that is known
    label: Label
    requests: Requests
    network: Path | None  # its ONNX file, if there is one
    has_checkpoint: bool

    @property
    def id(self) -> str:
        return self.run.id

    @property
    def started(self) -> float:
        """Return when its training was requested, here or where it was imported from, in seconds since 1970."""
        return self.created if self.trained is None else self.trained

    @functools.cached_property
    def name(self) -> str:
        """Return the owner's name for the run, or the generated name."""
        if name := self.label.name.strip():
            return name
        return generated_name(self.config, self.parent) if self.config else self.id

    @property
    def can_resume(self) -> bool:
        """Tell whether a paused, ended or interrupted training can continue where it was."""
        return self.has_checkpoint and self.state.phase in ("paused", "finished", "stopped", "interrupted")


@dataclass(frozen=True)
class _Submission:
    """Content of config.json, which is written once, when the run is created."""

    config: TrainingConfig | None = None
    parent: str = ""
    group: str = ""
    created: float | None = None
    trained: float | None = None


class Run:
    """One run directory. Pages call `read` once for each rerun; jobs and the engine read single files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name

    # --- files ------------------------------------------------------------------------------------------------

    @property
    def parent_file(self) -> Path:
        """Return the path of a copy of its parent's ONNX file, made when this run was created."""
        return self.path / "parent.onnx"

    @property
    def drawings_file(self) -> Path:
        """Return the path of its owner's drawings that it also learns from; only the job reads them."""
        return self.path / "drawings.npz"

    @property
    def network_file(self) -> Path:
        return self.path / "model.onnx"

    @property
    def network(self) -> Path | None:
        """Return its network's ONNX file, which is replaced as a whole during training, or None."""
        return self.network_file if is_regular_file(self.network_file) else None

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.npz"

    # --- reading ----------------------------------------------------------------------------------------------

    def read(self) -> RunView:
        """Read the run now. Damaged files count as missing; a run without state or config counts as damaged."""
        submission = self._submission()
        state = self._state(submission)  # read before the files: those that a state implies were written before it
        return RunView(
            run=self,
            state=state,
            config=submission.config,
            parent=submission.parent,
            group=submission.group,
            created=self._created(submission),
            trained=submission.trained,
            label=Label.read(self._label_file),
            requests=self._requests(submission),
            network=self.network,
            has_checkpoint=is_regular_file(self.checkpoint),
        )

    @property
    def state(self) -> State:
        return self._state(self._submission())

    @property
    def config(self) -> TrainingConfig | None:
        """Return its config, or None if config.json is damaged."""
        return self._submission().config

    @property
    def group(self) -> str:
        """Return the id of its sweep, or ""; cheap, because the engine reads it for the whole queue."""
        return self._submission().group

    @property
    def requests(self) -> Requests:
        return self._requests(self._submission())

    def _submission(self) -> _Submission:
        path = self.path / "config.json"
        try:
            return _read_submission(path, path.lstat().st_mtime_ns)
        except (OSError, ValueError, KeyError):
            with contextlib.suppress(OSError, ValueError):
                return _Submission(created=_time(read_object(path), "created"))
            return _Submission()

    def _state(self, submission: _Submission) -> State:
        try:
            state = State.parse(read_object(self.path / "state.json"))
        except (OSError, ValueError):
            return State(
                "damaged", error="This run's state.json cannot be read: use its network if it has one, or train again."
            )
        if submission.config is None:
            return State(
                "damaged", error="This run's config.json cannot be read: train the network again.", owner=state.owner
            )
        return state

    def _requests(self, submission: _Submission) -> Requests:
        if submission.config is None:
            return Requests()
        try:
            lines = parse_lines(read_bytes(self.path / "requests.jsonl"))
        except OSError:
            lines = []
        return Requests.of(submission.config, lines)

    def _created(self, submission: _Submission) -> float:
        """Return when the run was created, in seconds since 1970: from config.json, or else from its id."""
        if submission.created is not None:
            return submission.created
        try:
            return time.mktime(time.strptime(self.id[:15], "%Y%m%d-%H%M%S"))
        except (ValueError, OverflowError):  # a folder that only looks like a run
            return 0.0

    @property
    def _label_file(self) -> Path:
        return self.path / "meta.json"

    def digits(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the test digits that are predicted after each epoch: images (n, 28, 28) uint8, labels (n,) uint8."""
        saved = self._arrays("digits.npz", "images", "labels")
        return saved if saved and _are_digits(*saved) else None

    def snapshots(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the first layer's weights over time: steps (s,) and weights (s, n, height, width) float16."""
        file, array = SNAPSHOTS
        saved = self._arrays(file, "steps", array)
        return saved if saved and _are_weights(*saved) else None

    def sketches(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return sketches of the network over time: steps (s,), and (s, rows, 12, 13) float16 (`networks.sketch`)."""
        file, array = SKETCHES
        saved = self._arrays(file, "steps", array)
        return saved if saved and _are_weights(*saved) and saved[1].shape[2:] == SHAPE else None

    def _arrays(self, file: str, *names: str) -> tuple[np.ndarray, np.ndarray] | None:
        path = self.path / file
        try:
            return _read_pair(path, path.lstat().st_mtime_ns, names)
        except (OSError, ValueError):
            return None

    # --- changes ----------------------------------------------------------------------------------------------

    def update(self, **changes: Any) -> State:
        """Change fields of state.json and return the new state; only for the process that currently owns the run."""
        state = replace(self.state, **changes)
        path, content = self.path / "state.json", json.dumps(asdict(state)).encode()
        try:
            write_atomically(path, content)
        except OSError as error:
            if error.errno not in DISK_FULL_ERRORS or len(content) > BLOCK_BYTES or not is_regular_file(path):
                raise
            overwrite(path, content)  # a full disk must not hide how a run ended
        return state

    def describe(self, **changes: Any) -> Label:
        """Change fields of its label; an empty name restores the generated name.

        Raises UserError if a text is too long or the disk refuses.
        """
        label = Label.read(self._label_file).changed(**changes)
        with translate_disk_errors():
            write_atomically(self._label_file, json.dumps(asdict(label)).encode())
        return label

    def request(self, kind: str, **values: Any) -> None:
        """Send the job a request (see `runs.requests`), which it reads within a fraction of a second."""
        if kind not in KINDS:
            raise ValueError(f"a request must be one of {', '.join(KINDS)} (got {kind!r})")
        with open_to_append(self.path / "requests.jsonl") as file:
            append_lines(file, json_line({"kind": kind, "time": time.time(), **values}))

    def heartbeat(self) -> None:
        """Show that the job is alive, by the modification time of state.json."""
        os.utime(self.path / "state.json")

    @property
    def last_heartbeat(self) -> float:
        """Return the time of the last heartbeat, in seconds since 1970 by the job's clock."""
        try:
            return (self.path / "state.json").stat().st_mtime
        except OSError:
            return float("-inf")

    @property
    def seconds_since_heartbeat(self) -> float:
        """Return the seconds since the last heartbeat, if this machine's clock agrees with the job's."""
        return time.time() - self.last_heartbeat

    def remove_leftovers(self, before: float = float("inf")) -> None:
        """Remove temporary files that killed writers left before a time, in seconds since 1970."""
        with contextlib.suppress(OSError):
            for leftover in [name for name in os.listdir(self.path) if name.startswith(".")]:
                with contextlib.suppress(OSError):
                    if (self.path / leftover).stat().st_mtime < before:
                        (self.path / leftover).unlink()


@cached(10_000_000)  # about 1,000 configs
def _read_submission(path: Path, changed: int) -> _Submission:
    values = read_object(path)
    config = TrainingConfig.from_json(json.dumps(values["config"]), saved=True)
    parent, group = (value if isinstance(value := values.get(name), str) else "" for name in ("parent", "group"))
    return _Submission(config, printable(parent), printable(group), _time(values, "created"), _time(values, "trained"))


def _time(values: Record, name: str) -> float | None:
    """Return a time in config.json, or None for a missing or impossible one."""
    seconds: Any = values.get(name)
    return float(seconds) if type(seconds) in (int, float) and 0 <= seconds < _MAX_TIME else None


@cached(60_000_000)
def _read_pair(path: Path, changed: int, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    first, second = read_arrays(path, names, MAX_ARRAYS)
    if first.ndim < 1 or second.ndim < 1 or len(first) != len(second):
        raise ValueError("the arrays must have the same length")
    return first, second


def _are_digits(images: np.ndarray, labels: np.ndarray) -> bool:
    """Tell whether these are gray or color images and the labels of classes."""
    are_images = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
    are_labels = labels.dtype == np.uint8 and labels.ndim == 1 and (labels < CLASSES).all()
    return bool(images.dtype == np.uint8 and are_images and are_labels and images.size)


def _are_weights(steps: np.ndarray, weights: np.ndarray) -> bool:
    """Tell whether these are step numbers and the weights at those steps."""
    are_steps = steps.dtype.kind in "iu" and steps.ndim == 1
    return bool(are_steps and weights.dtype == np.float16 and weights.ndim == 4 and weights.size)
