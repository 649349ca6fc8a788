"""The board of a class: its networks ranked, the drawing that most of them misread, and the hardest handwriting."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trainer.classroom.classroom import Member
from trainer.classroom.digits import ClassDigits
from trainer.classroom.scores import Score
from trainer.config import dataset_info
from trainer.runs.index import RunRow

MIN_DRAWINGS = 5  # of a writer: fewer say little of a handwriting
MIN_WRITERS = 3  # among fewer everybody would know whose handwriting is meant
RANKED = ("finished", "stopped", "interrupted")  # phases of runs whose networks stay as they are


@dataclass(frozen=True, eq=False)
class Entry:
    """A member's best network."""

    nickname: str
    run: RunRow
    score: Score | None  # on the class's digits; None while there are none, or the network has not read them
    tries: int  # runs of this member


def candidates(rows: Iterable[RunRow]) -> list[RunRow]:
    """Return the runs whose networks have been trained and read digits."""
    known = dataset_info.DATASETS
    return [
        row
        for row in rows
        if row.phase in RANKED and row.has_network and row.dataset in known and known[row.dataset].is_digits
    ]


def ranking(members: Sequence[Member], rows: Sequence[RunRow], scores: Mapping[str, Score]) -> list[Entry]:
    """Return the best network of each member who has one, the best first.

    The accuracy on the class's digits comes first, then that on the test digits, then fewer parameters. scores: by run.
    """
    tries = Counter(row.owner for row in rows)
    best: dict[str, RunRow] = {}
    for row in candidates(rows):
        if row.owner not in best or _rank(row, scores) > _rank(best[row.owner], scores):
            best[row.owner] = row
    names = {member.owner: member.nickname for member in members}
    ranked = sorted((best[owner] for owner in names if owner in best), key=lambda row: _rank(row, scores), reverse=True)
    return [Entry(names[row.owner], row, scores.get(row.id), tries[row.owner]) for row in ranked]


def _rank(row: RunRow, scores: Mapping[str, Score]) -> tuple[float, float, float]:
    score = scores.get(row.id)
    accuracy = score.accuracy if score else -1.0
    return accuracy, -1.0 if row.test_accuracy is None else row.test_accuracy, -float(row.parameters or math.inf)


@dataclass(frozen=True, eq=False)
class Misread:
    """The drawing that most networks read wrong."""

    image: np.ndarray  # (28, 28) uint8, 0 paper .. 255 ink
    label: int  # that was meant
    answers: list[tuple[int, int]]  # what networks read and how many of them, the most frequent first
    wrong: int  # networks that read it wrong
    networks: int  # in all


def hardest_drawing(digits: ClassDigits, scores: Iterable[Score]) -> Misread | None:
    """Return the drawing that most networks read wrong, or None if none is; of several the least probable one."""
    known = [score for score in scores if _is_finite(score)]
    if not known or not len(digits.labels):
        return None
    wrong = np.sum([~score.right for score in known], axis=0)
    places = np.arange(len(digits.labels))
    doubt = 1 - np.mean([score.probabilities[places, digits.labels] for score in known], axis=0)
    place = int(np.argmax(wrong + 0.99 * doubt))  # which is below 1
    if not wrong[place]:
        return None
    answers = Counter(int(score.probabilities[place].argmax()) for score in known)
    return Misread(
        digits.images[place], int(digits.labels[place]), answers.most_common(), int(wrong[place]), len(known)
    )


@dataclass(frozen=True)
class Handwriting:
    """How the networks of a class read the digits of one writer."""

    writer: int  # a number, not a name
    accuracy: float  # 0 to 1, mean of the networks
    drawings: int


def handwritings(scores: Iterable[Score]) -> list[Handwriting]:
    """Return the writers with enough drawings, the hardest to read first; none while they are too few."""
    known = [score for score in scores if _is_finite(score)]
    if not known:
        return []
    counts = Counter(known[0].writers.tolist())
    right = [score.by_writer for score in known]
    found = [
        Handwriting(writer, float(np.mean([shares[writer] for shares in right])), count)
        for writer, count in counts.items()
        if count >= MIN_DRAWINGS
    ]
    return sorted(found, key=lambda one: (one.accuracy, one.writer)) if len(found) >= MIN_WRITERS else []


def _is_finite(score: Score) -> bool:
    """Tell whether a network reads anything: one that diverged outputs NaN."""
    return bool(len(score.labels) and np.isfinite(score.probabilities).all())
