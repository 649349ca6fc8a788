"""What may a line of history.jsonl or readings.jsonl say? Whoever draws curves relies on it, wherever a run came from.

Any of it may be missing: the lines of other versions had less.
"""

from __future__ import annotations

from typing import Any

from trainer.config.limits import CLASSES, LIMITS, Limit
from trainer.storage.files import Record

COUNT = Limit(0, 1e9, whole=True)
SHARE = Limit(-0.001, 1.001)  # a mean over a few of many digits may be a hair beyond what it can be
WATCHED = 16  # test digits that each epoch reads again, at most
NUMBERS = {
    "epoch": Limit(1, LIMITS["epochs"].high, whole=True),
    "step": COUNT,
    "loss": Limit(-0.001, 1e30),
    "accuracy": SHARE,
    "val_loss": Limit(0, 1e30),
    "val_accuracy": SHARE,
    "learning_rate": Limit(0, LIMITS["learning_rate"].high),
    "seconds": Limit(0, 1e9),
    "memory": Limit(0, 1e15, whole=True),
}


def is_line(record: Record) -> bool:
    """Tell whether a record says nothing that a training's history cannot say."""
    return _numbers(record) and ("reads" not in record or are_reads(record["reads"]))


def is_reading(record: Record) -> bool:
    """Tell whether a record says nothing of followed drawings that a network cannot say."""
    said = record.get("probabilities", {})
    return _numbers(record) and isinstance(said, dict) and all(map(_are_probabilities, said.values()))


def are_reads(reads: Any) -> bool:
    """Tell whether these are labels, such as a network reads the watched digits as."""
    return (
        isinstance(reads, list)
        and len(reads) <= WATCHED
        and all(type(label) is int and 0 <= label < CLASSES for label in reads)
    )


def _numbers(record: Record) -> bool:
    for name, value in record.items():
        if limit := NUMBERS.get(name):
            if not (type(value) is int or (type(value) is float and not limit.whole)):
                return False
            if not limit.low <= value <= limit.high:
                return False
    return True


def _are_probabilities(said: Any) -> bool:
    return (
        isinstance(said, list)
        and len(said) == CLASSES
        and all(type(share) in (int, float) and 0 <= share <= 1 for share in said)
    )
