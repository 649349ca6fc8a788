"""Store of all runs under one root: create, list, delete, restore and purge them."""

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
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from trainer import UserError
from trainer.config.training import TrainingConfig
from trainer.data.datasets import substitute_shown
from trainer.data.uploads import Uploads
from trainer.runs import history
from trainer.runs.run import Run
from trainer.runs.state import State
from trainer.storage.files import MAX_OBJECT_BYTES, Record, read_bytes, translate_disk_errors, write_atomically
from trainer.storage.lines import LineReader

TRASH = "trash"  # folder of deleted runs in the run root
RESTORE_SECONDS = 24 * 3600.0  # for which a deleted run can be restored
RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")  # sweeps have the same ids


class RunStore:
    """All runs under one root. Safe to use from many threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.uploads = Uploads(root)
        self._history = LineReader(history.is_valid_line)
        self._predictions = LineReader(history.is_valid_prediction)

    def create(
        self,
        config: TrainingConfig,
        owner: str,
        parent: str = "",
        network: bytes | None = None,
        drawings: bytes | None = None,
        group: str = "",
        run_id: str = "",
    ) -> Run:
        """Create the directory of a new, queued run.

        network: content of the parent's ONNX file, to continue from; drawings: content of an npz file of drawings to
        learn as well; group: id of its sweep; run_id: one of `new_id`, for a caller that must know it before the run
        appears. Raises UserError if the disk refuses.
        """
        data = substitute_shown(config.dataset)
        submission = {"config": json.loads(config.to_json()), "created": time.time(), "versions": _versions()}
        files = {
            "config.json": json.dumps(submission | {"parent": parent, "group": group}, indent=1).encode(),
            "state.json": json.dumps(asdict(State("queued", owner=owner, data=data))).encode(),
            "parent.onnx": network,
            "drawings.npz": drawings,
        }
        return self.add({name: content for name, content in files.items() if content is not None}, run_id)

    def add(self, files: Mapping[str, bytes], run_id: str = "") -> Run:
        """Create a run directory with a new id from named files; it appears as a whole or not at all.

        Raises UserError if the disk refuses.
        """
        with translate_disk_errors():
            run_id = run_id or self.new_id()
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.root, prefix=".new-") as temporary:
                new = Path(temporary) / run_id
                new.mkdir()
                for name, content in files.items():
                    write_atomically(new / name, content)
                new.rename(self.root / run_id)
        return Run(self.root / run_id)

    def new_id(self) -> str:
        """Return an id that no run has. Raises UserError if the disk refuses."""
        with translate_disk_errors():
            run_id = new_id()
            while (self.root / run_id).exists():  # another run of the same second may have the same random digits
                run_id = new_id()
        return run_id

    def get(self, run_id: str) -> Run | None:
        """Return the run with that id, or None; the id may be any text, such as from a link."""
        path = self.root / run_id if RUN_ID.fullmatch(run_id) else None
        if path is None or path.is_symlink() or not path.is_dir():
            return None
        return Run(self.root / run_id)

    def runs(self) -> list[Run]:
        """Return all runs, damaged ones included, newest first."""
        return _runs(self.root)

    def live(self) -> list[Run]:
        """Return the queued and running runs, newest first; fast even among ten thousand that have ended."""
        live = []
        for run in self.runs():
            try:
                state = read_bytes(run.path / "state.json", MAX_OBJECT_BYTES)
            except OSError:
                continue
            if (b'"queued"' in state or b'"running"' in state) and run.state.live:
                live.append(run)
        return live

    def modified_times(self) -> dict[str, int]:
        """Return the modification time of each run's directory, in ns since 1970, by run id; newest run first.

        It changes when a file in the directory appears or is replaced, but not when a file grows.
        """
        times = {}
        try:
            with os.scandir(self.root) as entries:
                for entry in entries:
                    if _is_run(entry):
                        with contextlib.suppress(OSError):  # it has just been deleted
                            times[entry.name] = entry.stat().st_mtime_ns
        except OSError:
            return {}
        return dict(sorted(times.items(), reverse=True))

    def remove_leftovers(self, before: float) -> None:
        """Remove temporary files and incomplete runs that killed writers left before a time; skip live runs."""
        live = {run.id for run in self.live()}
        for run in self.runs():
            if run.id not in live:
                run.remove_leftovers(before)
        for incomplete in self.root.glob(".new-*"):
            with contextlib.suppress(OSError):
                if incomplete.stat().st_mtime < before:
                    shutil.rmtree(incomplete)

    def delete(self, run: Run) -> None:
        """Move a run to the trash, from which it can be restored for 24 hours. Raises UserError if the disk refuses."""
        trash = self.root / TRASH
        try:
            if trash.is_symlink():
                raise OSError(errno.ELOOP, f"{TRASH} is a link")
            trash.mkdir(exist_ok=True)
            os.utime(run.path)  # the 24 hours start now
            run.path.rename(trash / run.id)
        except OSError as error:
            raise UserError(f"A run must exist to be deleted (got: {error.strerror}): reload the page.") from error

    def erase(self, run_id: str) -> None:
        """Remove a deleted run from the disk at once: it cannot be restored. Raises UserError if the disk refuses."""
        trash = self.root / TRASH
        if not RUN_ID.fullmatch(run_id) or trash.is_symlink():  # a link could lead elsewhere
            return
        with translate_disk_errors(), contextlib.suppress(FileNotFoundError):
            shutil.rmtree(trash / run_id)

    def deleted(self) -> list[Run]:
        """Return the deleted runs that can be restored, newest first."""
        return [run for run in self._trash() if _is_restorable(run)]

    def purge(self) -> None:
        """Remove deleted runs from the disk once they can no longer be restored."""
        for run in self._trash():
            if not _is_restorable(run):
                shutil.rmtree(run.path, ignore_errors=True)

    def restore(self, run_id: str) -> Run:
        """Move a deleted run back. Raises UserError if it can no longer be restored."""
        try:
            deleted = Run(self.root / TRASH / run_id)
            if not RUN_ID.fullmatch(run_id) or not _is_restorable(deleted):
                raise FileNotFoundError(errno.ENOENT, "there is none")
            deleted.path.rename(self.root / run_id)
        except OSError as error:
            raise UserError(
                "A deleted run can be restored for 24 hours (got one that is gone): train it again."
            ) from error
        return Run(self.root / run_id)

    def _trash(self) -> list[Run]:
        trash = self.root / TRASH
        return [] if trash.is_symlink() else _runs(trash)  # a link could lead the purge elsewhere

    def history(self, run: Run) -> list[Record]:
        """Return the lines of history.jsonl so far, oldest first; only new lines are read from the disk."""
        return self._history.read(run.path / "history.jsonl")

    def predictions(self, run: Run) -> list[Record]:
        """Return the predictions for the followed drawings so far, oldest first."""
        return self._predictions.read(run.path / "readings.jsonl")


def _runs(root: Path) -> list[Run]:
    try:
        with os.scandir(root) as entries:
            names = [entry.name for entry in entries if _is_run(entry)]
    except OSError:
        return []
    return [Run(root / name) for name in sorted(names, reverse=True)]


def _is_run(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry may be a run's directory; a link, which may lead anywhere, is not."""
    return bool(RUN_ID.fullmatch(entry.name)) and entry.is_dir(follow_symlinks=False)


def _is_restorable(run: Run) -> bool:
    """Tell whether a run in the trash was deleted less than 24 hours ago."""
    try:
        return time.time() - run.path.stat().st_mtime <= RESTORE_SECONDS
    except OSError:
        return False


def new_id() -> str:
    """Return a new id, which starts with the time and cannot be guessed."""
    return time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(3)


def _versions() -> dict[str, str]:
    versions = {}
    for package in ("tensorflow", "keras", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


@contextlib.contextmanager
def all_or_none() -> Iterator[list[Run]]:
    """Yield a list for the runs that this block creates; if the block fails, remove them.

    Raises UserError if the disk refuses.
    """
    created: list[Run] = []
    try:
        with translate_disk_errors():
            yield created
    except BaseException:
        for run in created:
            shutil.rmtree(run.path, ignore_errors=True)
        raise
