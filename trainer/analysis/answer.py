"""A network's answer for one image: best digit, confidence, and the sentence that a page shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from trainer.config.dataset_info import DATASETS, DatasetInfo
from trainer.networks.inference import Network
from trainer.shipped import network as shipped
from trainer.shipped.card import SURE
from trainer.text import listed, probability

MIN_MENTIONED = 0.005  # probability below which a second digit is not mentioned
NAN_ERROR = "Network outputs NaN: lower the learning rate and train again."
SEARCH_BATCH = 500  # test digits between two reports of progress
MNIST = DATASETS["mnist"]


@dataclass(frozen=True, eq=False)
class Answer:
    """A network's answer for one image.

    probabilities: (10,), of the classes of `info`. is_digit: whether the image looks like a digit at all.
    """

    probabilities: np.ndarray
    is_digit: bool = True
    info: DatasetInfo = MNIST

    @property
    def is_finite(self) -> bool:
        """Tell whether the probabilities are finite: a network that diverged outputs NaN."""
        return bool(np.isfinite(self.probabilities).all())

    @property
    def best(self) -> int:
        return self._order[0]

    @property
    def second(self) -> int:
        return self._order[1]

    @property
    def share(self) -> float:
        """Return the best digit's probability."""
        return float(self.probabilities[self.best])

    @property
    def sure(self) -> bool:
        return self.is_digit and self.is_finite and self.share >= SURE

    @property
    def sentence(self) -> str:
        """Return the best and the second digit in a sentence that shows how sure the network is."""
        if not self.is_finite:
            return NAN_ERROR
        second = float(self.probabilities[self.second])
        best = f"{self.info.with_article(self.best)} ({probability(self.share)})"
        runner_up = f"{self.info.classes[self.second]} ({probability(second)})"
        mentioned = second >= MIN_MENTIONED
        if not self.is_digit:
            return f"This does not look like a digit. Closest: {best}."
        if self.sure:
            return f"Looks like {best}{f'; next {runner_up}' if mentioned else ''}."
        if not mentioned:
            return f"Not sure: {best}?"
        return f"Not sure: {best} or {self.info.with_article(self.second)} ({probability(second)})?"

    @property
    def so_far(self) -> str:
        """Return the sentence for an unfinished digit."""
        if self.sure or not self.is_finite:
            return self.sentence
        return f"Most like {self.info.with_article(self.best)} so far ({probability(self.share)})."

    def compared(self, label: int) -> str:
        """Return the sentence, followed by whether the answer is correct."""
        right = self.is_finite and self.best == label
        return f"{self.sentence} {'Correct.' if right else f'Wrong: it is {self.info.with_article(label)}.'}"

    @property
    def short(self) -> str:
        """Return the best digit, with a question mark if the network is not sure."""
        return f"{self.info.classes[self.best]}{'' if self.sure else '?'}" if self.is_finite else "?"

    @property
    def _order(self) -> list[int]:
        return [int(place) for place in np.argsort(-self.probabilities, kind="stable")]


class Reader(Protocol):
    """A network, or what corrects one."""

    def probabilities(self, images: np.ndarray) -> np.ndarray: ...


def predict(network: Reader, images: np.ndarray, strange: bool, info: DatasetInfo = MNIST) -> list[Answer]:
    """Return a network's answer for each image.

    images: (n, height, width) or (n, height, width, 3) float32, 0 to 1. strange: whether an image may show something
    other than a digit. info: the data set that the network was trained on.
    """
    probabilities = network.probabilities(images)
    return [
        Answer(row, not strange or shipped.looks_like_digit(image), info)
        for row, image in zip(probabilities, images, strict=True)
    ]


def digits_text(answers: Sequence[Answer]) -> str:
    """Return the digits of several answers, from left to right: `Reads 4 2? 0`."""
    return f"Reads {' '.join(answer.short for answer in answers)}"


def agreement_text(answers: Sequence[tuple[str, Answer]]) -> str:
    """Return which networks agree on one image, from their names and answers; the chosen network comes first."""
    groups: dict[int, list[str]] = {}
    without = []
    for name, answer in answers:
        if answer.is_finite:
            groups.setdefault(answer.best, []).append(name)
        else:
            without.append(name)
    if len(groups) == 1 and not without:
        (best,) = groups
        return f"{'Both' if len(answers) == 2 else f'All {len(answers)}'} networks say {best}."
    parts = [f"{listed(names)} {'says' if len(names) == 1 else 'say'} {best}" for best, names in groups.items()]
    agree = f"{'They disagree: ' if len(groups) > 1 else ''}{'; '.join(parts)}." if parts else ""
    nan = f"{listed(without)} {'outputs' if len(without) == 1 else 'output'} NaN." if without else ""
    return f"{agree} {nan}".strip()


def misread(network: Network, images: np.ndarray, labels: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    """Yield the digits that a network misreads, batch by batch: the share searched so far, and their indices.

    images: (n, 28, 28) uint8, 0 paper .. 255 ink, or as the network takes them. labels: (n,).
    """
    for begin in range(0, len(images), SEARCH_BATCH):
        part = slice(begin, begin + SEARCH_BATCH)
        predicted = network.probabilities(np.divide(images[part], 255, dtype=np.float32)).argmax(axis=1)
        yield min(1.0, part.stop / len(images)), begin + np.flatnonzero(predicted != labels[part])


def named(digit: int) -> str:
    """Return a digit with its article: "a 7", "an 8"."""
    return MNIST.with_article(digit)
