"""What a run's lines come to as curves: where a value is known, smoothed, and no more points than a screen can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
Curve = tuple[Array, Array]  # updates, and the values there
Line = Mapping[str, Any]  # of history.jsonl or readings.jsonl


def column(history: Sequence[Line], kind: str, key: str, factor: float = 1.0) -> Curve:
    """Return at which updates the lines of a kind ("batch" or "epoch") know `key`, and its values times `factor`."""
    known = [
        (line["step"], line[key]) for line in history if line.get("kind") == kind and key in line and "step" in line
    ]
    table = np.array(known, float).reshape(-1, 2)
    return table[:, 0], table[:, 1] * factor


def smoothed(values: Array, weight: float) -> Array:
    """Return the exponential mean, in which what was before has `weight`, 0 to below 1.

    It is corrected for its beginning, as TensorBoard's is: the first mean is the first value, not one near 0.
    """
    if not weight:
        return values
    mean, missing, means = 0.0, 1.0, []
    for value in values.tolist():
        mean = weight * mean + (1 - weight) * value
        missing *= weight
        means.append(mean / (1 - missing))
    return np.array(means)


def thinned(values: Array, most: int) -> Array:
    """Return at most `most` means over equal stretches, and then the last value as it is.

    A stretch is a power of two long and begins where it always did, so that a growing curve does not shiver.
    """
    stretch = _stretch(len(values), most)
    if stretch == 1:
        return values
    whole = len(values) // stretch * stretch
    means: Array = values[:whole].reshape(-1, stretch).mean(1)
    return np.append(means, values[-1])


def picked(lines: Sequence[Line], most: int) -> list[Line]:
    """Return at most `most` lines at equal distances, and then the last one."""
    stretch = _stretch(len(lines), most)
    return list(lines) if stretch == 1 else [*lines[stretch - 1 : -1 : stretch], lines[-1]]


def _stretch(number: int, most: int) -> int:
    stretch = 1
    while number > most * stretch:
        stretch *= 2
    return stretch
