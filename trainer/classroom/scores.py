"""Score of a network on the class's digits: how many it reads right, by digit and by writer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from trainer.classroom.digits import ClassDigits
from trainer.config.limits import CLASSES

REPORTED = 25  # digits between two reports of progress
Z = 1.96  # of a normal distribution, for 95 %


class Reader(Protocol):
    """A network."""

    def probabilities(self, images: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Score:
    """How a network reads the class's digits."""

    probabilities: np.ndarray  # (n, 10) float32
    labels: np.ndarray  # (n,) uint8
    writers: np.ndarray  # (n,) int64

    @property
    def right(self) -> np.ndarray:
        """Which digits are read right, (n,) bool."""
        read: np.ndarray = self.probabilities.argmax(axis=1) == self.labels
        return read

    @property
    def accuracy(self) -> float:
        """Share of the digits that are read right, 0 to 1; NaN without digits."""
        return float(self.right.mean()) if len(self.labels) else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the accuracy (Wilson, 1927)."""
        return wilson(int(self.right.sum()), len(self.labels))

    @property
    def by_digit(self) -> np.ndarray:
        """Accuracy by label, (10,); NaN for a digit that nobody drew."""
        return np.array([_mean(self.right[self.labels == digit]) for digit in range(CLASSES)])

    @property
    def by_writer(self) -> dict[int, float]:
        """Accuracy by writer."""
        return {int(writer): _mean(self.right[self.writers == writer]) for writer in np.unique(self.writers)}


def wilson(right: int, count: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share, 0 to 1. Without any it is everything."""
    if not count:
        return 0.0, 1.0
    share, spread = right / count, Z * Z / count
    middle = share + spread / 2
    reach = Z * math.sqrt(share * (1 - share) / count + spread / 4 / count)
    return max(0.0, (middle - reach) / (1 + spread)), min(1.0, (middle + reach) / (1 + spread))


def score(network: Reader, digits: ClassDigits, report: Callable[[float], None] = lambda fraction: None) -> Score:
    """Read the class's digits by a network. report: is called with the fraction that is done, 0 to 1."""
    inputs, parts = digits.inputs, [np.zeros((0, CLASSES), np.float32)]
    for start in range(0, len(inputs), REPORTED):
        report(start / len(inputs))
        parts.append(network.probabilities(inputs[start : start + REPORTED]))
    return Score(np.concatenate(parts), digits.labels, digits.writers)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan
