"""What is happening now, and what was trained before: the run directory, the one thing that all processes share.

`runs/<id>/` holds a training from its first click. Every file has one writer and is replaced whole or appended by
whole lines, so whoever reads sees a truth, if an old one; a reader never trusts a file to be undamaged.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from trainer import UserError, history
from trainer.config import TrainingConfig, short_form
from trainer.files import (
    BLOCK,
    FULL,
    OBJECT,
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
from trainer.limits import CLASSES
from trainer.presets import PRESETS
from trainer.storage.arrays import read_arrays
from trainer.storage.lines import Lines
from trainer.text import plain
from trainer.uploads import Uploads
from trainer.wishes import REQUESTS, Pinned, Wishes

ENDED = ("finished", "stopped", "failed", "interrupted")
LIVE = ("queued", "running")
PHASES = (*LIVE, "paused", *ENDED)
SILENCE = 10.0  # seconds without a sign of life after which a job that nobody vouches for counts as dead
NAME = 80  # characters of a run's name
NOTE = 1_000  # and of what its owner notes of it
TRASH = "trash"  # in the run root: where deleted runs lie
KEPT = 24 * 3600.0  # seconds after which a deleted run is gone for good
_ALLOWED = {  # type of a field of State -> types of its value
    "str": ("str",),
    "int": ("int",),
    "float": ("float", "int"),
    "int | None": ("int", "NoneType"),
    "float | None": ("float", "int", "NoneType"),
}
_TEXTS = {"name": NAME, "note": NOTE}  # of a label: at most so many characters
ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")  # of a run, and of a sweep
LARGEST = 20_000_000  # bytes of the arrays that are kept for looking
_DOOMSDAY = 250_000_000_000  # seconds since the epoch, in the year 9892: clocks end soon after
_MOST = 1e15  # of any number of a state: a larger one is none of a training's


@dataclass(frozen=True)
class State:
    """How a run stands. `phase` is one of PHASES, or "damaged" where state.json cannot be read."""

    phase: str
    activity: str = ""  # what a running job is at, in words for the page
    error: str = ""  # one sentence
    note: str = ""  # why it ended early, where that is no error
    owner: str = ""  # hash of the owner's token
    device: str = ""
    data: str = ""  # where the digits came from
    data_hash: str = ""
    examples: int = 0  # trained on, without the validation split
    steps: int = 0  # updates an epoch
    begun: int = 0  # updates done when the worker that trains, or trained last, took it up
    seconds: float = 0.0  # of training
    hook_seconds: float = 0.0  # of them spent on reporting
    drawings: int = 0  # of its owner's own, that it learns from as well
    right_before: int | None = None  # of them, by the network that it went on from
    right_after: int | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None

    @property
    def live(self) -> bool:
        """Tell whether it waits or trains."""
        return self.phase in LIVE

    @property
    def ended(self) -> bool:
        return self.phase in (*ENDED, "damaged")


@dataclass(frozen=True)
class Label:
    """What its owner has written on a run."""

    name: str = ""
    note: str = ""
    pinned: bool = False  # to the top of the list


@dataclass(frozen=True)
class _Asked:
    """What config.json holds."""

    config: TrainingConfig
    parent: str
    group: str


class Run:
    """One run directory, read anew at every look."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name

    @property
    def config(self) -> TrainingConfig | None:
        """Return what was asked, or None where config.json is damaged."""
        asked = self._asked
        return asked.config if asked else None

    @property
    def parent(self) -> str:
        """Return the id of the run whose network it goes on from, "shipped" for the shipped one, or "" for neither."""
        asked = self._asked
        return asked.parent if asked else ""

    @property
    def group(self) -> str:
        """Return the id of the sweep that it belongs to, or ""."""
        asked = self._asked
        return asked.group if asked else ""

    @property
    def _asked(self) -> _Asked | None:
        path = self.path / "config.json"
        try:
            return _read_config(path, path.lstat().st_mtime_ns)
        except (OSError, ValueError, KeyError):
            return None

    @property
    def parent_file(self) -> Path:
        """Return where its parent's ONNX file is kept as it was."""
        return self.path / "parent.onnx"

    @property
    def drawings_file(self) -> Path:
        """Return where its owner's own drawings are that it learns from (see `collection`); for the job alone."""
        return self.path / "drawings.npz"

    @property
    def label(self) -> Label:
        """Return what its owner has written on it; what is damaged counts as not written."""
        try:
            values = read_object(self.path / "meta.json")
        except (OSError, ValueError):
            return Label()
        texts = {key: plain(value[:most]) for key, most in _TEXTS.items() if isinstance(value := values.get(key), str)}
        return Label(**texts, pinned=values.get("pinned") is True)

    @property
    def name(self) -> str:
        """Return the text that people know the run by: its owner's, its preset's title, or its layers in short."""
        if name := self.label.name.strip():
            return name
        config = self.config
        if config is None:
            return self.id
        presets = [preset for preset in PRESETS.values() if preset.config.layers == config.layers]
        presets.sort(key=lambda preset: preset.config != replace(config, seed=preset.config.seed))
        name = presets[0].title if presets else short_form(config)
        return f"{name}, continued" if self.parent else name

    def describe(self, **changes: Any) -> Label:
        """Change fields of its label; an empty name brings back the name of its own making.

        Of letters that cannot be shown spaces are left. Raises UserError where a text is too long, or the disk refuses.
        """
        changes |= {key: plain(changes[key]) for key in _TEXTS if key in changes}
        if "name" in changes:
            changes["name"] = " ".join(changes["name"].split())
        for key, most in _TEXTS.items():
            if len(changes.get(key, "")) > most:
                raise UserError(
                    f"A {key} may have at most {most:,} letters (got {len(changes[key]):,}): write a shorter one."
                )
        label = replace(self.label, **changes)
        with writing():
            write_whole(self.path / "meta.json", json.dumps(asdict(label)).encode())
        return label

    @property
    def created(self) -> float:
        """Return when it was asked for, in seconds since the epoch; by the id's clock where config.json is damaged."""
        try:
            created = read_object(self.path / "config.json")["created"]
            if type(created) in (int, float) and 0 <= created < _DOOMSDAY:
                return float(created)
        except (OSError, ValueError, KeyError):
            pass
        try:
            return time.mktime(time.strptime(self.id[:15], "%Y%m%d-%H%M%S"))
        except (ValueError, OverflowError):  # a folder that only looks like a run
            return 0.0

    @property
    def state(self) -> State:
        try:
            values = read_object(self.path / "state.json")
            known = {item.name: str(item.type) for item in fields(State)}
            state = State(**{key: value for key, value in values.items() if key in known})
            wrong = [key for key, value in asdict(state).items() if type(value).__name__ not in _ALLOWED[known[key]]]
            if wrong or state.phase not in PHASES:
                raise ValueError(wrong or state.phase)
            state = replace(state, **_mended(state))
        except (OSError, ValueError, TypeError):
            return State(
                "damaged", error="This run's state.json cannot be read: its network may still work, else train again."
            )
        if self.config is None:
            return State(
                "damaged", error="This run's config.json cannot be read: train the network again.", owner=state.owner
            )
        return state

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

    @property
    def network(self) -> Path | None:
        """Return its network's ONNX file, which is replaced whole while the training goes on."""
        return self.network_file if regular(self.network_file) else None

    @property
    def network_file(self) -> Path:
        return self.path / "model.onnx"

    @property
    def can_resume(self) -> bool:
        """Tell whether a training that was paused, ended or broken off can go on where it was."""
        return regular(self.checkpoint) and self.state.phase in ("paused", "finished", "stopped", "interrupted")

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.npz"

    def tidy(self, before: float = float("inf")) -> None:
        """Remove the temporary files that killed writers left, last written before a moment."""
        with contextlib.suppress(OSError):
            for left_over in [name for name in os.listdir(self.path) if name.startswith(".")]:
                with contextlib.suppress(OSError):
                    if (self.path / left_over).stat().st_mtime < before:
                        (self.path / left_over).unlink()

    def request(self, kind: str, **values: Any) -> None:
        """Ask the job for something (see `wishes`); it obeys within a batch line."""
        if kind not in REQUESTS:
            raise ValueError(f"a request must be one of {', '.join(REQUESTS)} (got {kind!r})")
        with appending(self.path / "requests.jsonl") as file:
            append(file, line({"kind": kind, "time": time.time(), **values}))

    @property
    def wishes(self) -> Wishes:
        """Return what its owner wishes of it, as of now."""
        config = self.config
        try:
            asked = records(read_bytes(self.path / "requests.jsonl"))
        except OSError:
            asked = []
        return Wishes.of(config, asked) if config else Wishes()

    def drawings(self) -> tuple[Pinned, ...]:
        """Return the drawings that its owner follows through the training, and nobody else may see."""
        return self.wishes.drawings

    def digits(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the test digits that each epoch reads again: images (n, 28, 28) uint8 and labels (n,) uint8."""
        kept = self._arrays("digits.npz", "images", "labels")
        return kept if kept and _are_digits(*kept) else None

    def snapshots(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the first layer over the training: steps (s,) and weights (s, n, height, width) float16."""
        kept = self._arrays("snapshots.npz", "steps", "weights")
        return kept if kept and _are_weights(*kept) else None

    def _arrays(self, file: str, *names: str) -> tuple[np.ndarray, np.ndarray] | None:
        path = self.path / file
        try:
            return _arrays(path, path.lstat().st_mtime_ns, names)
        except (OSError, ValueError):
            return None


@functools.lru_cache(maxsize=100)
def _arrays(path: Path, changed: int, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    first, second = read_arrays(path, names, LARGEST)
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


def _mended(state: State) -> dict[str, Any]:
    """Return what to change of a state that somebody else may have written: numbers none can have, and hidden letters.

    What is no number, as when the test digits brought out none, counts as not known.
    """
    mended: dict[str, Any] = {}
    for item in fields(State):
        value = getattr(state, item.name)
        if isinstance(value, str):
            mended[item.name] = plain(value)
        elif value is not None and not 0 <= value <= (1.0 if item.name == "test_accuracy" else _MOST):
            mended[item.name] = item.default
    return mended


@functools.lru_cache(maxsize=1000)
def _read_config(path: Path, changed: int) -> _Asked:
    asked = read_object(path)
    config = TrainingConfig.from_json(json.dumps(asked["config"]))
    parent, group = (value if isinstance(value := asked.get(name), str) else "" for name in ("parent", "group"))
    return _Asked(config, plain(parent), plain(group))


class RunStore:
    """All runs under one root. Safe to use from many threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.uploads = Uploads(root)
        self._history, self._readings = Lines(history.is_line), Lines(history.is_reading)

    def create(
        self,
        config: TrainingConfig,
        owner: str,
        parent: str = "",
        network: bytes | None = None,
        drawings: bytes | None = None,
        group: str = "",
    ) -> Run:
        """Make the directory of a new run, queued.

        It goes on from `network`, the ONNX file of `parent`, and learns `drawings`, an npz file, as well; `group` is
        the sweep that it belongs to. Raises UserError where the disk refuses.
        """
        asked = {"config": json.loads(config.to_json()), "created": time.time(), "versions": _versions()}
        files = {
            "config.json": json.dumps(asked | {"parent": parent, "group": group}, indent=1).encode(),
            "state.json": json.dumps(asdict(State("queued", owner=owner))).encode(),
            "parent.onnx": network,
            "drawings.npz": drawings,
        }
        return self.place({name: content for name, content in files.items() if content is not None})

    def place(self, files: Mapping[str, bytes]) -> Run:
        """Make a run directory of files by their names, with an id of its own; it appears whole or not at all.

        Raises UserError where the disk refuses.
        """
        with writing():
            run_id = new_id()
            while (self.root / run_id).exists():  # one of the same second, by chance of the same six digits
                run_id = new_id()
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.root, prefix=".new-") as temporary:
                new = Path(temporary) / run_id
                new.mkdir()
                for name, content in files.items():
                    write_whole(new / name, content)
                new.rename(self.root / run_id)
        return Run(self.root / run_id)

    def get(self, run_id: str) -> Run | None:
        """Return the run of that id, or None where there is none; the id may be any text from outside."""
        path = self.root / run_id if ID.fullmatch(run_id) else None
        if path is None or path.is_symlink() or not path.is_dir():
            return None
        return Run(self.root / run_id)

    def runs(self) -> list[Run]:
        """Return every run, damaged ones too, the newest first."""
        return _runs(self.root)

    def live(self) -> list[Run]:
        """Return the runs that wait or train, the newest first; ten thousand that have ended are passed over fast."""
        found = []
        for run in self.runs():
            try:
                state = read_bytes(run.path / "state.json", OBJECT)
            except OSError:
                continue
            if (b'"queued"' in state or b'"running"' in state) and run.state.live:
                found.append(run)
        return found

    def changed(self) -> dict[str, int]:
        """Return when the directory of each run last changed, in ns since the epoch, by its id; the newest run first.

        It changes whenever a file in it appears or is replaced, but not when one grows.
        """
        changed = {}
        try:
            with os.scandir(self.root) as entries:
                for entry in entries:
                    if _is_run(entry):
                        with contextlib.suppress(OSError):  # it was deleted meanwhile
                            changed[entry.name] = entry.stat().st_mtime_ns
        except OSError:
            return {}
        return dict(sorted(changed.items(), reverse=True))

    def tidy(self, before: float) -> None:
        """Remove what killed writers left before a moment, temporary files and runs half made, but not of live runs."""
        live = {run.id for run in self.live()}
        for run in self.runs():
            if run.id not in live:
                run.tidy(before)
        for half_made in self.root.glob(".new-*"):
            with contextlib.suppress(OSError):
                if half_made.stat().st_mtime < before:
                    shutil.rmtree(half_made)

    def delete(self, run: Run) -> None:
        """Put a run away; within a day it can be had back. Raises UserError where the disk refuses."""
        trash = self.root / TRASH
        try:
            if trash.is_symlink():
                raise OSError(errno.ELOOP, f"{TRASH} is a link")
            trash.mkdir(exist_ok=True)
            os.utime(run.path)  # from now on the day counts
            run.path.rename(trash / run.id)
        except OSError as error:
            raise UserError(f"A run must be there to be deleted (got: {error.strerror}): look again.") from error

    def deleted(self) -> list[Run]:
        """Return the runs that can be had back, the newest first; those deleted over a day ago are removed now."""
        trash = self.root / TRASH
        runs = []
        for run in [] if trash.is_symlink() else _runs(trash):  # elsewhere nothing is removed
            try:
                if time.time() - run.path.stat().st_mtime > KEPT:
                    shutil.rmtree(run.path, ignore_errors=True)
                else:
                    runs.append(run)
            except OSError:  # it was had back meanwhile
                continue
        return runs

    def restore(self, run_id: str) -> Run:
        """Have a deleted run back. Raises UserError where it is gone for good."""
        try:
            if not ID.fullmatch(run_id):
                raise FileNotFoundError(2, "there is none")
            (self.root / TRASH / run_id).rename(self.root / run_id)
        except OSError as error:
            raise UserError(
                "A deleted run can be had back for a day (got one that is gone): train it again."
            ) from error
        return Run(self.root / run_id)

    def history(self, run: Run) -> list[Record]:
        """Return the lines of history.jsonl so far, oldest first; only what is new is read again."""
        return self._history.read(run.path / "history.jsonl")

    def readings(self, run: Run) -> list[Record]:
        """Return what the network said of the followed drawings so far, oldest first."""
        return self._readings.read(run.path / "readings.jsonl")


def _runs(root: Path) -> list[Run]:
    try:
        with os.scandir(root) as entries:
            names = [entry.name for entry in entries if _is_run(entry)]
    except OSError:
        return []
    return [Run(root / name) for name in sorted(names, reverse=True)]


def _is_run(entry: os.DirEntry[str]) -> bool:
    """Tell whether it may be a run's directory; a link, which may lead anywhere, is none."""
    return bool(ID.fullmatch(entry.name)) and entry.is_dir(follow_symlinks=False)


def new_id() -> str:
    """Make an id that begins with the time, and that nobody can guess."""
    return time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(3)


def _versions() -> dict[str, str]:
    versions = {}
    for package in ("tensorflow", "keras", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
