"""Predict first: before a training of the class starts, its members say what it will reach."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from trainer import UserError
from trainer.classroom.classroom import Classroom
from trainer.config.presets import PRESETS
from trainer.runs.run import Run
from trainer.runs.state import State
from trainer.storage.files import translate_disk_errors, write_atomically

OVERFIT = 0.02  # accuracy on training digits above that on test digits from which a network overfits
FILE = "predictions.json"  # beside the run


@dataclass(frozen=True)
class Prediction:
    """What a member expects."""

    owner: str  # hash of the member's token
    accuracy: float  # on the test digits, 0 to 1
    overfits: bool


@dataclass(frozen=True)
class Round:
    """A training that the class predicts."""

    number: int
    preset: str  # name of the lesson that is trained
    run: str  # id of its run, or "" until it starts
    predictions: tuple[Prediction, ...]

    @property
    def is_open(self) -> bool:
        """Whether members can still predict: until the training starts."""
        return not self.run

    def of(self, owner: str) -> Prediction | None:
        return next((one for one in self.predictions if one.owner == owner), None)


@dataclass(frozen=True)
class Outcome:
    """What a training has reached."""

    accuracy: float  # on the test digits
    overfits: bool | None  # None if its training digits were not read

    @classmethod
    def of(cls, state: State) -> Outcome | None:
        """Return the outcome of a run, or None until it has ended, or if it ended without a test."""
        if not state.ended or state.test_accuracy is None:
            return None
        gap = None if state.train_accuracy is None else state.train_accuracy - state.test_accuracy
        return cls(float(state.test_accuracy), None if gap is None else gap >= OVERFIT)

    def nearest(self, predictions: Sequence[Prediction]) -> list[Prediction]:
        """Return the predictions that came nearest to the accuracy, to a tenth of a point."""
        distances = [round(abs(one.accuracy - self.accuracy), 3) for one in predictions]
        return [one for one, distance in zip(predictions, distances, strict=True) if distance == min(distances)]


def ask(classroom: Classroom, preset: str) -> None:
    """Ask the class to predict a lesson's training, in place of an earlier one."""
    if preset not in PRESETS:
        raise ValueError(f"a lesson must be one of the presets (got {preset!r})")
    with classroom.database.write() as connection:
        (last,) = connection.execute("select coalesce(max(number), 0) from round").fetchone()
        connection.execute("delete from prediction")
        connection.execute("delete from round")
        connection.execute("insert into round values (?, ?, '')", (last + 1, preset))


def current(classroom: Classroom) -> Round | None:
    """Return the round that the class was asked for last, or None."""
    with classroom.database.read() as connection:
        row = connection.execute("select number, preset, run from round where preset != ''").fetchone()
        if row is None:
            return None
        found = connection.execute(
            "select owner, accuracy, overfits from prediction where round = ? order by accuracy, owner", (row[0],)
        ).fetchall()
    number, preset, run_id = row
    told = tuple(Prediction(owner, accuracy, bool(overfits)) for owner, accuracy, overfits in found)
    return Round(number, preset, run_id, told)


def predict(classroom: Classroom, owner: str, number: int, accuracy: float, overfits: bool) -> None:
    """Predict for a member, in place of an earlier prediction. Raises UserError once the training has started."""
    if not 0 <= accuracy <= 1:
        raise ValueError(f"an accuracy must be 0 to 1 (got {accuracy!r})")
    with classroom.database.write() as connection:
        if connection.execute("select 1 from round where number = ? and run = ''", (number,)).fetchone() is None:
            raise UserError("A prediction must come before the training (it has started): wait for the next one.")
        try:
            connection.execute(
                "insert or replace into prediction values (?, ?, ?, ?)", (number, owner, accuracy, overfits)
            )
        except sqlite3.IntegrityError:
            raise UserError("You must be a member of the class to predict (you have left it): join it again.") from None


def begin(classroom: Classroom, number: int, run_id: str) -> None:
    """Note the run of a round: from now on nobody predicts any more."""
    with classroom.database.write() as connection:
        connection.execute("update round set run = ? where number = ? and run = ''", (run_id, number))


def remove(classroom: Classroom) -> None:
    """Delete the round and its predictions; what stands beside its run stays."""
    with classroom.database.write() as connection:
        connection.execute("delete from prediction")
        connection.execute("update round set preset = '', run = ''")  # its number stays taken


def keep(run: Run, predicted: Round, outcome: Outcome) -> None:
    """Write a round beside its run, once, without names."""
    path = run.path / FILE
    if path.exists():
        return
    known = {
        "predictions": [{"accuracy": one.accuracy, "overfits": one.overfits} for one in predicted.predictions],
        "accuracy": outcome.accuracy,
        "overfits": outcome.overfits,
    }
    with translate_disk_errors():
        write_atomically(path, (json.dumps(known, indent=1) + "\n").encode())
