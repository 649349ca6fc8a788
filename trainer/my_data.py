"""What a server keeps of one visitor: how much it is, all of it as one zip, and its deletion."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Protocol

import numpy as np

from trainer import UserError
from trainer.classroom.classroom import Classroom, Member
from trainer.classroom.classrooms import Classrooms
from trainer.drawing.collection import EMPTY, Drawings
from trainer.drawing.collection import FILE as DRAWINGS
from trainer.jobs.engine import Engine
from trainer.runs.index import RunIndex
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.runs.sweep import Sweep
from trainer.sharing import run_zip
from trainer.storage.disk import used_bytes
from trainer.storage.files import read_bytes, translate_disk_errors
from trainer.text import counted

MAX_BYTES = 300_000_000  # of a zip; the newest runs come first
MAX_SETTING_BYTES = 1_000  # of a small file beside the drawings
STOP_SECONDS = 120.0  # for which a deletion waits for trainings to end: a hanging one is ended after a minute
POLL_SECONDS = 0.2
# Of a run's directory, what its zip leaves out because it is private to its owner.
PRIVATE = ("drawings.npz", "requests.jsonl", "readings.jsonl")
BARE = ("config.json", "state.json", "meta.json", "history.csv")  # of a run without a network


class Progress(Protocol):
    """Function that is called with the fraction that is done, 0 to 1, and with what is done now."""

    def __call__(self, fraction: float, activity: str = "") -> None: ...


@dataclass(frozen=True)
class Inventory:
    """How much is kept of a visitor."""

    drawings: int
    drawing_bytes: int
    runs: int
    run_bytes: int
    deleted_runs: int  # that can still be restored
    datasets: int
    dataset_bytes: int
    classes: tuple[tuple[str, str, int], ...]  # title, nickname and number of digits in each class

    @property
    def is_empty(self) -> bool:
        return not (self.drawings or self.runs or self.deleted_runs or self.datasets or self.classes)


class MyData:
    """All that is kept of the visitor with a token."""

    def __init__(self, engine: Engine, token: str, index: RunIndex) -> None:
        self._engine, self._token, self._index = engine, token, index
        self._owner = owner_hash(token)
        self._folder = engine.collection(token).path.parent

    @property
    def root(self) -> Path:
        """Return the run root."""
        return self._engine.runs.root

    # --- what there is ------------------------------------------------------------------------------------------

    def inventory(self) -> Inventory:
        """Count everything."""
        runs = [row.id for row in self._index.rows() if row.owner == self._owner]
        store = self._engine.runs
        datasets = store.uploads.owned(self._owner)
        return Inventory(
            drawings=len(self._drawings().labels),
            drawing_bytes=used_bytes(self._folder),
            runs=len(runs),
            run_bytes=sum(used_bytes(store.root / run_id) for run_id in runs),
            deleted_runs=len(self._deleted()),
            datasets=len(datasets),
            dataset_bytes=sum(_size(path) for path in datasets.values()),
            classes=tuple(
                (classroom.settings.title, member.nickname, len(classroom.own_drawings(self._owner)))
                for classroom, member in self._memberships()
            ),
        )

    def _drawings(self) -> Drawings:
        with contextlib.suppress(UserError):  # damaged
            return self._engine.collection(self._token).drawings
        return EMPTY

    def _memberships(self) -> Iterator[tuple[Classroom, Member]]:
        for classroom in Classrooms(self._engine.runs.root).all():
            with contextlib.suppress(UserError):  # it has just ended, or is damaged
                if member := classroom.member(self._owner):
                    yield classroom, member

    def _own_runs(self) -> list[Run]:
        return [run for run in self._engine.runs.runs() if run.state.owner == self._owner]

    def _deleted(self) -> list[Run]:
        return [run for run in self._engine.runs.deleted() if run.state.owner == self._owner]

    def _sweeps(self) -> Iterator[Sweep]:
        for sweep_id in self._engine.sweeps.ids():
            with contextlib.suppress(UserError):  # damaged
                sweep = self._engine.sweeps.get(sweep_id)
                if sweep and sweep.owner == self._owner:
                    yield sweep

    # --- the copy -----------------------------------------------------------------------------------------------

    def pack(self, file: IO[bytes], progress: Progress = lambda fraction, activity="": None) -> None:
        """Write everything into a file as one zip of at most MAX_BYTES; its README says what had no room."""
        runs, left_out = self._own_runs(), []
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for files in (self._personal_files(), self._class_files(), self._sweep_files()):
                for name, content in files:
                    archive.writestr(name, content)
            names: set[str] = set()
            for place, run in enumerate(runs):
                progress(place / (len(runs) + 1), f"run {place + 1} of {len(runs)}")
                folder = f"runs/{_unique(run_zip.file_stem(run.read()), names)}"
                parts = list(_run_files(run, folder))
                if file.tell() + sum(len(content) for _, content in parts) > MAX_BYTES:
                    left_out.append(folder)
                    continue
                for name, content in parts:
                    kind = zipfile.ZIP_STORED if name.endswith(".zip") else zipfile.ZIP_DEFLATED
                    archive.writestr(name, content, kind)
            for name, path in self._engine.runs.uploads.owned(self._owner).items():
                progress(len(runs) / (len(runs) + 1), "data sets")
                if file.tell() + _size(path) > MAX_BYTES:
                    left_out.append(f"datasets/{name}.npz")
                    continue
                with contextlib.suppress(OSError):  # just deleted
                    archive.writestr(f"datasets/{name}.npz", read_bytes(path), zipfile.ZIP_STORED)
            archive.writestr("README.txt", _readme(left_out))

    def _personal_files(self) -> Iterator[tuple[str, bytes]]:
        drawings = self._engine.collection(self._token)
        with contextlib.suppress(UserError):
            if len(drawings):
                yield "drawings/drawings.npz", drawings.content()
                yield "drawings/drawings.png", drawings.sheet()
        with contextlib.suppress(OSError):
            for path in sorted(self._folder.glob("*.txt")):
                yield f"settings/{path.name}", read_bytes(path, MAX_SETTING_BYTES)

    def _class_files(self) -> Iterator[tuple[str, bytes]]:
        for classroom, member in self._memberships():
            with contextlib.suppress(UserError):
                drawn = classroom.own_drawings(self._owner)
                known = {"class": classroom.settings.title, "code": classroom.code, **asdict(member)}
                known["digits"] = sorted(drawn)
                yield f"classes/{classroom.code}/member.json", (json.dumps(known, indent=1) + "\n").encode()
                if drawn:
                    file = BytesIO()
                    labels = np.array(list(drawn), np.uint8)
                    np.savez(file, allow_pickle=False, images=np.stack(list(drawn.values())), labels=labels)
                    yield f"classes/{classroom.code}/digits.npz", file.getvalue()

    def _sweep_files(self) -> Iterator[tuple[str, bytes]]:
        for sweep in self._sweeps():
            yield f"sweeps/{sweep.id}.json", sweep.to_json().encode()

    # --- the deletion -------------------------------------------------------------------------------------------

    def delete(self, progress: Progress = lambda fraction, activity="": None) -> None:
        """Delete everything for good, in the trash too. Trainings are stopped first.

        Raises UserError if the disk refuses, or a training has not ended after STOP_SECONDS: the rest is deleted then.
        """
        progress(0.0, "class")
        for classroom, _ in self._memberships():
            with contextlib.suppress(UserError):  # it has just ended
                classroom.leave(self._owner)
        progress(0.1, "drawings")
        self._delete_folder()
        for name in self._engine.runs.uploads.owned(self._owner):
            self._engine.runs.uploads.delete(name, self._owner)
        for sweep in self._sweeps():
            self._engine.sweeps.remove(sweep.id)
        try:
            self._delete_runs(progress)
        finally:
            for run in self._deleted():
                self._engine.runs.erase(run.id)
            self._index.save()

    def _delete_folder(self) -> None:
        with translate_disk_errors("drawings", "tell the server's administrator"):
            if self._folder.is_symlink():  # it may lead anywhere
                self._folder.unlink()
            elif self._folder.exists():
                self._engine.collection(self._token).clear()
                shutil.rmtree(self._folder)

    def _delete_runs(self, progress: Progress) -> None:
        deadline, total, asked = time.monotonic() + STOP_SECONDS, 0, 0.0
        while runs := self._own_runs():
            total = max(total, len(runs))
            left = [run for run in runs if not self._try_to_delete(run, ask=time.monotonic() > asked + 1)]
            if time.monotonic() > asked + 1:
                asked = time.monotonic()
            progress(0.2 + 0.8 * (total - len(left)) / total, "trainings that are stopping" if left else "runs")
            if left and time.monotonic() > deadline:
                raise UserError(
                    f"A training must end to be deleted ({counted(len(left), 'of yours goes', 'of yours go')} on): "
                    "delete everything again in a minute."
                )
            if left:
                time.sleep(POLL_SECONDS)

    def _try_to_delete(self, run: Run, ask: bool) -> bool:
        """Delete a run, or ask a live one to end; tell whether it is deleted."""
        try:
            phase = run.state.phase
            if phase in ("queued", "running") and ask:
                # A waiting run that is stopped may wait for a worker that tests its network; a paused one does not.
                self._engine.request(run.id, "pause" if phase == "queued" else "stop", self._token)
            self._engine.delete(run.id, self._token)
        except UserError:  # it is live, or already gone
            return self._engine.runs.get(run.id) is None
        self._engine.runs.erase(run.id)
        return True


def _run_files(run: Run, folder: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a run for the copy, by their names."""
    try:
        yield f"{folder}.zip", run_zip.pack(run)
    except UserError:  # without a network, or damaged
        for name in BARE:
            with contextlib.suppress(UserError):
                if content := run_zip.make_file(run, name):
                    yield f"{folder}/{name}", content
    for name in PRIVATE:
        with contextlib.suppress(OSError):
            yield f"{folder}/{name}", read_bytes(run.path / name)


def _unique(name: str, taken: set[str]) -> str:
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    taken.add(unique)
    return unique


def _readme(left_out: list[str]) -> str:
    missing = "".join(f"\n    {name}" for name in left_out)
    return (
        "All that a Digit Lab server keeps of you.\n\n"
        f"drawings/    {DRAWINGS}: images, 0 paper to 255 ink; labels, what you meant; said, what a network read.\n"
        "runs/        A zip for each training: Import run, on the page Runs, reads it. Beside it, if there are any,\n"
        "             the drawings that it learned or followed, and what you asked of it.\n"
        "classes/     Your nickname and your digits in each class.\n"
        "sweeps/      The plans of your sweeps.\n"
        "datasets/    The data sets that you uploaded.\n"
        "settings/    The network that answers you, the lessons you opened, your class.\n\n"
        "Your browser keeps one cookie, digit_lab_owner: a random token. The server keeps only its hash.\n"
        + (f"\nThe zip has no room for these; download them on the page Runs or Data:{missing}\n" if missing else "")
    )


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
