"""Validation of the lines of history.jsonl and readings.jsonl, so that charts can rely on them.

Any key may be missing: other versions wrote fewer.
"""

from __future__ import annotations

from typing import Any

from trainer.config.limits import CLASSES, LIMITS, Limit
from trainer.storage.files import Record

COUNT_LIMIT = Limit(0, 1e9, whole=True)
SHARE_LIMIT = Limit(-0.001, 1.001)  # rounding may take a mean slightly beyond 0 or 1
MAX_WATCHED_DIGITS = 16  # test digits that are predicted after each epoch
NUMBER_LIMITS = {
    "epoch": Limit(1, LIMITS["epochs"].high, whole=True),
    "step": COUNT_LIMIT,
    "loss": Limit(-0.001, 1e30),
    "accuracy": SHARE_LIMIT,
    "val_loss": Limit(0, 1e30),
    "val_accuracy": SHARE_LIMIT,
    "learning_rate": Limit(0, LIMITS["learning_rate"].high),
    "seconds": Limit(0, 1e9),
    "memory": Limit(0, 1e15, whole=True),
}


def sketched_digit(count: int) -> int:
    """Return which of the watched digits a sketch of the network reads: a 7, where each class is among them."""
    return min(7, count - 1)


def is_valid_line(record: Record) -> bool:
    """Tell whether a record can be a line of history.jsonl."""
    return _numbers_are_valid(record) and ("reads" not in record or are_labels(record["reads"]))


def is_valid_prediction(record: Record) -> bool:
    """Tell whether a record can be a line of readings.jsonl: predictions for followed drawings."""
    predictions = record.get("probabilities", {})
    return (
        _numbers_are_valid(record)
        and isinstance(predictions, dict)
        and all(map(_are_probabilities, predictions.values()))
    )


def are_labels(labels: Any) -> bool:
    """Tell whether these can be the predicted labels of the watched digits."""
    return (
        isinstance(labels, list)
        and len(labels) <= MAX_WATCHED_DIGITS
        and all(type(label) is int and 0 <= label < CLASSES for label in labels)
    )


def _numbers_are_valid(record: Record) -> bool:
    for name, value in record.items():
        if limit := NUMBER_LIMITS.get(name):
            if not (type(value) is int or (type(value) is float and not limit.whole)):
                return False
            if not limit.low <= value <= limit.high:
                return False
    return True


def _are_probabilities(values: Any) -> bool:
    return (
        isinstance(values, list)
        and len(values) == CLASSES
        and all(type(value) in (int, float) and 0 <= value <= 1 for value in values)
    )
