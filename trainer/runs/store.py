"""All runs under one root: made, listed, deleted and restored."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from trainer import UserError
from trainer.config.training import TrainingConfig
from trainer.data.uploads import Uploads
from trainer.runs import history
from trainer.runs.run import Run
from trainer.runs.state import State
from trainer.storage.files import OBJECT, Record, read_bytes, write_whole, writing
from trainer.storage.lines import Lines

TRASH = "trash"  # in the run root: where deleted runs lie
RESTORABLE = 24 * 3600.0  # seconds for which a deleted run can be restored
ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")  # of a run, and of a sweep


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
        """Move a run to the trash; it can be restored for a day. Raises UserError where the disk refuses."""
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
        """Return the deleted runs that can be restored, newest first."""
        return [run for run in self._trash() if _is_restorable(run)]

    def purge(self) -> None:
        """Remove the runs from the disk that can be restored no longer."""
        for run in self._trash():
            if not _is_restorable(run):
                shutil.rmtree(run.path, ignore_errors=True)

    def restore(self, run_id: str) -> Run:
        """Move a run back out of the trash. Raises UserError where it can be restored no longer."""
        try:
            deleted = Run(self.root / TRASH / run_id)
            if not ID.fullmatch(run_id) or not _is_restorable(deleted):
                raise FileNotFoundError(errno.ENOENT, "there is none")
            deleted.path.rename(self.root / run_id)
        except OSError as error:
            raise UserError(
                "A deleted run can be had back for a day (got one that is gone): train it again."
            ) from error
        return Run(self.root / run_id)

    def _trash(self) -> list[Run]:
        trash = self.root / TRASH
        return [] if trash.is_symlink() else _runs(trash)  # nothing is removed elsewhere

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


def _is_restorable(run: Run) -> bool:
    """Tell whether a run is in the trash, and was deleted less than a day ago."""
    try:
        return time.time() - run.path.stat().st_mtime <= RESTORABLE
    except OSError:
        return False


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
