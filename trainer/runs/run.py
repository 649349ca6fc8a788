"""One run directory: its files, what can be read from them at one time, and the changes that it allows."""

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
from trainer.runs.label import Label, generated_name
from trainer.runs.requests import KINDS, Requests
from trainer.runs.state import State
from trainer.storage.arrays import read_arrays
from trainer.storage.files import (
    BLOCK,
    FULL,
    Record,
    append,
    appending,
    line,
    read_bytes,
    read_object,
    records,
    regular,
    write_over,
    write_whole,
    writing,
)
from trainer.text import plain

MAX_ARRAYS = 20_000_000  # bytes of digits.npz, and of snapshots.npz
_MAX_TIME = 250_000_000_000  # seconds since the epoch, in the year 9892: clocks end soon after


@dataclass(frozen=True)
class RunView:
    """A run as it was when it was read: all that a look needs, each file read once."""

    run: Run
    state: State
    config: TrainingConfig | None  # what it was asked to train; None where config.json is damaged
    parent: str  # id of the run whose network it continues, "shipped" for the shipped network, "" for neither
    group: str  # id of the sweep that it belongs to, or ""
    created: float  # seconds since the epoch
    label: Label
    requests: Requests
    network: Path | None  # its ONNX file, where there is one
    has_checkpoint: bool

    @property
    def id(self) -> str:
        return self.run.id

    @functools.cached_property
    def name(self) -> str:
        """Return the text that people know the run by: its owner's, its preset's title, or its layers in short."""
        if name := self.label.name.strip():
            return name
        return generated_name(self.config, self.parent) if self.config else self.id

    @property
    def can_resume(self) -> bool:
        """Tell whether a training that was paused, ended or interrupted can continue where it was."""
        return self.has_checkpoint and self.state.phase in ("paused", "finished", "stopped", "interrupted")


@dataclass(frozen=True)
class _Submission:
    """What config.json holds; it is written once, when the run is made."""

    config: TrainingConfig | None = None
    parent: str = ""
    group: str = ""
    created: float | None = None


class Run:
    """One run directory. Pages read it once for each look, by `read`; jobs and the engine read single files of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name

    # --- its files --------------------------------------------------------------------------------------------

    @property
    def parent_file(self) -> Path:
        """Return the path of its parent's ONNX file, as that was when this run was made."""
        return self.path / "parent.onnx"

    @property
    def drawings_file(self) -> Path:
        """Return the path of its owner's own drawings that it learns from (see `collection`); for the job alone."""
        return self.path / "drawings.npz"

    @property
    def network_file(self) -> Path:
        return self.path / "model.onnx"

    @property
    def network(self) -> Path | None:
        """Return its network's ONNX file, which is replaced whole while the training goes on."""
        return self.network_file if regular(self.network_file) else None

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.npz"

    # --- read it ----------------------------------------------------------------------------------------------

    def read(self) -> RunView:
        """Read the run as it is now; damaged files count as missing, and a run without state or config as damaged."""
        submission = self._submission()
        state = self._state(submission)  # before its files: what a state promises was written before it
        return RunView(
            run=self,
            state=state,
            config=submission.config,
            parent=submission.parent,
            group=submission.group,
            created=self._created(submission),
            label=Label.read(self._label_file),
            requests=self._requests(submission),
            network=self.network,
            has_checkpoint=regular(self.checkpoint),
        )

    @property
    def state(self) -> State:
        """Return how it stands now."""
        return self._state(self._submission())

    @property
    def config(self) -> TrainingConfig | None:
        """Return what it was asked to train, or None where config.json is damaged."""
        return self._submission().config

    @property
    def group(self) -> str:
        """Return the id of the sweep that it belongs to, or ""; cheap, since the engine asks it of a whole queue."""
        return self._submission().group

    @property
    def requests(self) -> Requests:
        """Return what its owner has requested so far."""
        return self._requests(self._submission())

    def _submission(self) -> _Submission:
        path = self.path / "config.json"
        try:
            return _read_submission(path, path.lstat().st_mtime_ns)
        except (OSError, ValueError, KeyError):
            with contextlib.suppress(OSError, ValueError):
                return _Submission(created=_time(read_object(path)))
            return _Submission()

    def _state(self, submission: _Submission) -> State:
        try:
            state = State.parse(read_object(self.path / "state.json"))
        except (OSError, ValueError):
            return State(
                "damaged", error="This run's state.json cannot be read: its network may still work, else train again."
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
            lines = records(read_bytes(self.path / "requests.jsonl"))
        except OSError:
            lines = []
        return Requests.of(submission.config, lines)

    def _created(self, submission: _Submission) -> float:
        """Return when it was made, in seconds since the epoch; by its id where config.json does not tell."""
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
        """Return the test digits that each epoch predicts: images (n, 28, 28) uint8 and labels (n,) uint8."""
        saved = self._arrays("digits.npz", "images", "labels")
        return saved if saved and _are_digits(*saved) else None

    def snapshots(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the first layer over the training: steps (s,) and weights (s, n, height, width) float16."""
        saved = self._arrays("snapshots.npz", "steps", "weights")
        return saved if saved and _are_weights(*saved) else None

    def _arrays(self, file: str, *names: str) -> tuple[np.ndarray, np.ndarray] | None:
        path = self.path / file
        try:
            return _read_pair(path, path.lstat().st_mtime_ns, names)
        except (OSError, ValueError):
            return None

    # --- change it --------------------------------------------------------------------------------------------

    def update(self, **changes: Any) -> State:
        """Replace state.json whole, with these fields changed; for the one process that now writes it."""
        state = replace(self.state, **changes)
        path, content = self.path / "state.json", json.dumps(asdict(state)).encode()
        try:
            write_whole(path, content)
        except OSError as error:
            if error.errno not in FULL or len(content) > BLOCK or not regular(path):
                raise
            write_over(path, content)  # how a run ended must be told
        return state

    def describe(self, **changes: Any) -> Label:
        """Change fields of its label; an empty name restores the generated one.

        Raises UserError where a text is too long, or the disk refuses.
        """
        label = Label.read(self._label_file).changed(**changes)
        with writing():
            write_whole(self._label_file, json.dumps(asdict(label)).encode())
        return label

    def request(self, kind: str, **values: Any) -> None:
        """Send the job a request (see `requests`); it obeys within a batch line."""
        if kind not in KINDS:
            raise ValueError(f"a request must be one of {', '.join(KINDS)} (got {kind!r})")
        with appending(self.path / "requests.jsonl") as file:
            append(file, line({"kind": kind, "time": time.time(), **values}))

    def live(self) -> None:
        """Give a sign of life: the time of state.json."""
        os.utime(self.path / "state.json")

    @property
    def sign_of_life(self) -> float:
        """Return when the last one was given, in seconds since the epoch, by the clock of who gave it."""
        try:
            return (self.path / "state.json").stat().st_mtime
        except OSError:
            return float("-inf")

    @property
    def silence(self) -> float:
        """Return the seconds since the last sign of life, as far as clocks can be trusted."""
        return time.time() - self.sign_of_life

    def tidy(self, before: float = float("inf")) -> None:
        """Remove the temporary files that killed writers left, last written before a moment."""
        with contextlib.suppress(OSError):
            for left_over in [name for name in os.listdir(self.path) if name.startswith(".")]:
                with contextlib.suppress(OSError):
                    if (self.path / left_over).stat().st_mtime < before:
                        (self.path / left_over).unlink()


@functools.lru_cache(maxsize=1000)
def _read_submission(path: Path, changed: int) -> _Submission:
    values = read_object(path)
    config = TrainingConfig.from_json(json.dumps(values["config"]))
    parent, group = (value if isinstance(value := values.get(name), str) else "" for name in ("parent", "group"))
    return _Submission(config, plain(parent), plain(group), _time(values))


def _time(values: Record) -> float | None:
    """Return when a run was made, or None where its config.json says what no clock says."""
    created: Any = values.get("created")
    return float(created) if type(created) in (int, float) and 0 <= created < _MAX_TIME else None


@functools.lru_cache(maxsize=100)
def _read_pair(path: Path, changed: int, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    first, second = read_arrays(path, names, MAX_ARRAYS)
    if first.ndim < 1 or second.ndim < 1 or len(first) != len(second):
        raise ValueError("they belong together")
    return first, second


def _are_digits(images: np.ndarray, labels: np.ndarray) -> bool:
    """Tell whether images can be drawn, and labels are those of classes."""
    drawn = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
    known = labels.dtype == np.uint8 and labels.ndim == 1 and (labels < CLASSES).all()
    return bool(images.dtype == np.uint8 and drawn and known and images.size)


def _are_weights(steps: np.ndarray, weights: np.ndarray) -> bool:
    """Tell whether weights can be drawn, each at the update that it belongs to."""
    times = steps.dtype.kind in "iu" and steps.ndim == 1
    return bool(times and weights.dtype == np.float16 and weights.ndim == 4 and weights.size)
