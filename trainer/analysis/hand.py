"""A visitor's hand: a correction of the ready-made network's answers, learned from a few labeled drawings.

Each labeled drawing is a prototype of its digit. An image gains for a digit the more, the more it resembles one of the
digit's prototypes, by the outputs of the network's last hidden layer. The gain falls off so steeply that the digits of
other hands are read as before: unlike fine-tuning, this forgets nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np

from trainer.analysis.nearest_neighbors import SEED, projected
from trainer.config.limits import CLASSES
from trainer.data.datasets import Dataset
from trainer.shipped import network as shipped

MIN_DRAWINGS = 10  # to learn from
GAIN = (
    16.0  # of a digit's logit for an image that equals one of its prototypes: more than a sure network's logits differ
)
REACH = 0.2  # distance (1 - cosine similarity) at which the gain has fallen to 1/e
SMALLEST = 1e-6  # probability: a drawing that is labeled otherwise still gains enough
BATCH = 250  # test digits between two reports of progress
_LAYER = shipped.CONFIG.table[-2].name  # the last hidden one

Progress = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Reading:
    """What the ready-made network makes of images."""

    probabilities: np.ndarray  # (n, 10) float32
    features: np.ndarray  # (n, 256) float32 of unit length: the outputs of the last hidden layer

    @classmethod
    def of(cls, images: np.ndarray) -> Reading:
        """Read images (n, 28, 28) float32, 0 paper .. 1 ink."""
        features, probabilities = shipped.network().layer_and_probabilities(_LAYER, images)
        features = projected(features, SEED)
        return cls(probabilities, features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), SMALLEST))


@dataclass(frozen=True, eq=False)
class Hand:
    """What was learned from the drawings of one hand."""

    drawings: Reading
    labels: np.ndarray  # (n,) uint8, the digits that were meant
    gain: float = GAIN
    reach: float = REACH

    @classmethod
    def learn(cls, images: np.ndarray, labels: np.ndarray) -> Hand:
        """Learn from labeled drawings (n, 28, 28) float32, 0 paper .. 1 ink; this takes 0.5 ms each."""
        return cls(Reading.of(images), labels)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return corrected probabilities (n, 10) float32 for images (n, 28, 28) float32, 0 paper .. 1 ink."""
        return self.correct(Reading.of(images))

    def correct(self, reading: Reading) -> np.ndarray:
        """Return the probabilities of a reading, (n, 10) float32, corrected."""
        return _corrected(reading.probabilities, self._gains(reading), self.labels)

    def _gains(self, reading: Reading) -> np.ndarray:
        """Return what each image gains from each drawing, (images, drawings)."""
        distances = 1 - reading.features @ self.drawings.features.T
        gains: np.ndarray = self.gain * np.exp(-distances / self.reach)
        return gains

    @functools.cached_property
    def own_counts(self) -> tuple[int, int]:
        """How many of the drawings are read as they were meant, without the correction and with it.

        Each is read as if it were new: it gains nothing from itself.
        """
        gains = self._gains(self.drawings)
        np.fill_diagonal(gains, 0.0)
        corrected = _corrected(self.drawings.probabilities, gains, self.labels)
        return _right(self.drawings.probabilities, self.labels), _right(corrected, self.labels)


@dataclass(frozen=True, eq=False)
class ReadDigits:
    """The test digits of a data set and what the ready-made network makes of them."""

    reading: Reading
    labels: np.ndarray  # (n,) uint8
    _accuracies: WeakKeyDictionary[Hand, tuple[float, float]] = field(default_factory=WeakKeyDictionary)

    def accuracies(self, hand: Hand) -> tuple[float, float]:
        """Return the shares that are read correctly, 0 to 1, without a hand's correction and with it.

        They are computed once for each hand: a page shows them after every stroke.
        """
        if hand not in self._accuracies:
            counts = (_right(read, self.labels) for read in (self.reading.probabilities, hand.correct(self.reading)))
            before, after = (count / len(self.labels) for count in counts)
            self._accuracies[hand] = before, after
        return self._accuracies[hand]


def read_test_digits(dataset: Dataset, progress: Progress) -> ReadDigits:
    """Read the test digits; `progress` is called with the share that is done."""
    number = len(dataset.x_test)
    parts = []
    for begin in range(0, number, BATCH):
        progress(begin / number)
        parts.append(Reading.of(dataset.images("test", np.arange(begin, min(begin + BATCH, number)))))
    probabilities = np.concatenate([part.probabilities for part in parts])
    features = np.concatenate([part.features for part in parts])
    return ReadDigits(Reading(probabilities, features), dataset.labels("test"))


def _corrected(probabilities: np.ndarray, gains: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Add to each digit's logit the largest gain from a drawing of it, and return the new probabilities."""
    logits = np.log(np.maximum(probabilities, SMALLEST))
    for digit in range(CLASSES):
        if (drawn := labels == digit).any():
            logits[:, digit] += gains[:, drawn].max(axis=1)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def _right(probabilities: np.ndarray, labels: np.ndarray) -> int:
    return int((probabilities.argmax(axis=1) == labels).sum())
