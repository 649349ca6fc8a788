"""What is happening now, and what was trained before: the run directory, the one thing that all processes share.

`runs/<id>/` holds a training from its first click. Every file has one writer and is replaced whole or appended by
whole lines, so whoever reads sees a truth, if an old one; a reader never trusts a file to be undamaged.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from trainer import UserError
from trainer.config import PRESETS, TrainingConfig, short_form

ENDED = ("finished", "stopped", "failed", "interrupted")
PHASES = ("queued", "running", *ENDED)
SILENCE = 10.0  # seconds without a sign of life after which a job that nobody vouches for counts as dead
REQUESTS = ("stop",)
HISTORY_BYTES = 50_000_000  # a longer history is not of our making
_ALLOWED = {  # type of a field of State -> types of its value
    "str": ("str",),
    "int": ("int",),
    "float": ("float", "int"),
    "float | None": ("float", "int", "NoneType"),
}
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")


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
    seconds: float = 0.0  # of training
    hook_seconds: float = 0.0  # of them spent on reporting
    test_loss: float | None = None
    test_accuracy: float | None = None

    @property
    def ended(self) -> bool:
        return self.phase in (*ENDED, "damaged")


class Run:
    """One run directory, read anew at every look."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name

    @property
    def config(self) -> TrainingConfig | None:
        """Return what was asked, or None where config.json is damaged."""
        try:
            return TrainingConfig.from_json(json.dumps(_read_object(self.path / "config.json")["config"]))
        except (OSError, ValueError, KeyError):
            return None

    @property
    def name(self) -> str:
        """Return the text that people know the run by: the preset whose layers it has, or its layers in short."""
        config = self.config
        if config is None:
            return self.id
        titles = (preset.title for preset in PRESETS.values() if preset.config.layers == config.layers)
        return next(titles, short_form(config))

    @property
    def created(self) -> float:
        """Return when it was asked for, in seconds since the epoch; by the id's clock where config.json is damaged."""
        try:
            return float(_read_object(self.path / "config.json")["created"])
        except (OSError, ValueError, KeyError, TypeError):
            return time.mktime(time.strptime(self.id[:15], "%Y%m%d-%H%M%S"))

    @property
    def state(self) -> State:
        try:
            values = _read_object(self.path / "state.json")
            known = {item.name: str(item.type) for item in fields(State)}
            state = State(**{key: value for key, value in values.items() if key in known})
            wrong = [key for key, value in asdict(state).items() if type(value).__name__ not in _ALLOWED[known[key]]]
            if wrong or state.phase not in PHASES:
                raise ValueError(wrong or state.phase)
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
        write_whole(self.path / "state.json", json.dumps(asdict(state)).encode())
        return state

    def live(self) -> None:
        """Give a sign of life: the time of state.json."""
        os.utime(self.path / "state.json")

    @property
    def silence(self) -> float:
        """Return the seconds since the last sign of life."""
        try:
            return time.time() - (self.path / "state.json").stat().st_mtime
        except OSError:
            return float("inf")

    @property
    def network(self) -> Path | None:
        """Return its network's ONNX file, which is replaced whole while the training goes on."""
        path = self.path / "model.onnx"
        return path if path.is_file() else None

    def request(self, kind: str) -> None:
        """Ask the job for something; it obeys within a batch line."""
        if kind not in REQUESTS:
            raise ValueError(f"a request must be one of {', '.join(REQUESTS)} (got {kind!r})")
        with (self.path / "requests.jsonl").open("ab", buffering=0) as file:
            file.write(line({"kind": kind, "time": time.time()}))

    def requests(self) -> list[dict[str, Any]]:
        try:
            return _records((self.path / "requests.jsonl").read_bytes())
        except OSError:
            return []


@dataclass
class _History:
    offset: int = 0
    records: list[dict[str, Any]] = field(default_factory=list)


class RunStore:
    """All runs under one root. Safe to use from many threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._histories: OrderedDict[str, _History] = OrderedDict()
        self._lock = threading.Lock()

    def create(self, config: TrainingConfig, owner: str) -> Run:
        """Make the directory of a new run, queued; it appears whole or not at all.

        Raises UserError where the disk refuses.
        """
        created = time.time()
        run_id = time.strftime("%Y%m%d-%H%M%S-", time.localtime(created)) + secrets.token_hex(3)
        asked = {"config": json.loads(config.to_json()), "created": created, "versions": _versions()}
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.root, prefix=".new-") as temporary:
                new = Path(temporary) / run_id
                new.mkdir()
                write_whole(new / "config.json", json.dumps(asked, indent=1).encode())
                write_whole(new / "state.json", json.dumps(asdict(State("queued", owner=owner))).encode())
                new.rename(self.root / run_id)
        except OSError as error:
            raise UserError(
                f"The folder for runs must be writable (got: {error.strerror}): free some space or set DIGITLAB_RUNS."
            ) from error
        return Run(self.root / run_id)

    def get(self, run_id: str) -> Run | None:
        """Return the run of that id, or None where there is none; the id may be any text from outside."""
        if not _ID.fullmatch(run_id) or not (self.root / run_id).is_dir():
            return None
        return Run(self.root / run_id)

    def runs(self) -> list[Run]:
        """Return every run, damaged ones too, the newest first."""
        try:
            names = os.listdir(self.root)
        except FileNotFoundError:
            return []
        return [Run(self.root / name) for name in sorted(names, reverse=True) if _ID.fullmatch(name)]

    def history(self, run: Run) -> list[dict[str, Any]]:
        """Return the lines of history.jsonl so far, oldest first; only what is new is read again.

        Lines that are no JSON object are passed over.
        """
        with self._lock:
            history = self._histories.setdefault(run.id, _History())
            self._histories.move_to_end(run.id)
            while len(self._histories) > 200:
                self._histories.popitem(last=False)
            try:
                with (run.path / "history.jsonl").open("rb") as file:
                    file.seek(history.offset)
                    new = file.read(HISTORY_BYTES)
            except OSError:
                return []
            new = new[: new.rfind(b"\n") + 1]  # the last line may still be growing
            history.offset += len(new)
            history.records.extend(_records(new))
            return list(history.records)


def write_whole(path: Path, content: bytes | Callable[[Path], None]) -> None:
    """Write a file so that it is whole or, whatever happens, as it was: temporary file, fsync, rename.

    `content` may be a function that writes a file at the path it is given.
    """
    temporary = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        if isinstance(content, bytes):
            temporary.write_bytes(content)
        else:
            content(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def line(record: dict[str, Any]) -> bytes:
    """Return a line of JSON, to be appended in one write, so that a killed writer leaves whole lines and one part."""
    return (json.dumps(record, allow_nan=False) + "\n").encode()


def _records(lines: bytes) -> list[dict[str, Any]]:
    records = []
    for line in lines.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            records.append(record)
    return records


def _read_object(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_bytes())
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} holds no JSON object")
    return value


def _versions() -> dict[str, str]:
    versions = {}
    for package in ("tensorflow", "keras", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
