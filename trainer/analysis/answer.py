"""What does a network say of a digit, in words, and how sure is it?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from trainer.config.dataset_info import DATASETS, Kind
from trainer.networks.inference import Network
from trainer.shipped import network as shipped
from trainer.shipped.card import SURE
from trainer.text import listed, probability

WORTH_A_WORD = 0.005  # of probability: a runner-up with less is not named
NO_NUMBERS = "This network answers with no numbers: train it again with a smaller learning rate."
SHOWN_AT_ONCE = 500  # test digits, before the progress is told
MNIST = DATASETS["mnist"]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a network says of one image.

    probabilities: (10,), of the classes of `kind`. is_digit: whether the image looks like a digit at all.
    """

    probabilities: np.ndarray
    is_digit: bool = True
    kind: Kind = MNIST

    @property
    def has_numbers(self) -> bool:
        """Tell whether these are probabilities at all: a network that diverged gives none."""
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
        return self.is_digit and self.has_numbers and self.share >= SURE

    @property
    def sentence(self) -> str:
        """Say the best digit and the next one, and whether that is to be relied on."""
        if not self.has_numbers:
            return NO_NUMBERS
        second = float(self.probabilities[self.second])
        best = f"{self.kind.named(self.best)} ({probability(self.share)})"
        runner_up = f"{self.kind.classes[self.second]} ({probability(second)})"
        told = second >= WORTH_A_WORD
        if not self.is_digit:
            return f"This does not look like a digit. Nearest: {best}."
        if self.sure:
            return f"Looks like {best}{f'; next {runner_up}' if told else ''}."
        return f"Not sure: {best}{f', or {self.kind.named(self.second)} ({probability(second)})' if told else ''}."

    def judged(self, label: int) -> str:
        """Say the same, and whether it is right, where it is known what it is."""
        right = self.has_numbers and self.best == label
        return f"{self.sentence} {'Right.' if right else f'Wrong: it is {self.kind.named(label)}.'}"

    @property
    def short(self) -> str:
        """Return the best digit, with a mark where it is not to be relied on."""
        return f"{self.kind.classes[self.best]}{'' if self.sure else '?'}" if self.has_numbers else "?"

    @property
    def _order(self) -> list[int]:
        return [int(place) for place in np.argsort(-self.probabilities, kind="stable")]


def answers(network: Network, images: np.ndarray, strange: bool, kind: Kind = MNIST) -> list[Answer]:
    """Return what a network says of each image, float32 0..1; `strange` ones may be anything but digits.

    `kind` is what the network has learned.
    """
    said = network.probabilities(images)
    return [
        Answer(row, not strange or shipped.looks_like_digit(image), kind)
        for row, image in zip(said, images, strict=True)
    ]


def reading(said: Sequence[Answer]) -> str:
    """Say several digits that stand side by side, in their order."""
    return f"Reads {' '.join(answer.short for answer in said)}"


def verdict(said: Sequence[tuple[str, Answer]]) -> str:
    """Say who agrees: the networks' names and what each said of one image, the one that answers first."""
    groups: dict[int, list[str]] = {}
    silent = []
    for name, answer in said:
        if answer.has_numbers:
            groups.setdefault(answer.best, []).append(name)
        else:
            silent.append(name)
    if len(groups) == 1 and not silent:
        (best,) = groups
        return f"{'Both' if len(said) == 2 else f'All {len(said)}'} networks say {best}."
    parts = [f"{listed(names)} {'says' if len(names) == 1 else 'say'} {best}" for best, names in groups.items()]
    agree = f"{'They disagree: ' if len(groups) > 1 else ''}{'; '.join(parts)}." if parts else ""
    without = f"{listed(silent)} {'gives' if len(silent) == 1 else 'give'} no numbers." if silent else ""
    return f"{agree} {without}".strip()


def misread(network: Network, images: np.ndarray, labels: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    """Find the digits that a network gets wrong, part by part: the share looked at and where its wrong ones are.

    images: (n, 28, 28) uint8, 0 paper .. 255 ink, or as the network takes them. labels: (n,).
    """
    for begin in range(0, len(images), SHOWN_AT_ONCE):
        part = slice(begin, begin + SHOWN_AT_ONCE)
        said = network.probabilities(np.divide(images[part], 255, dtype=np.float32)).argmax(axis=1)
        yield min(1.0, part.stop / len(images)), begin + np.flatnonzero(said != labels[part])


def named(digit: int) -> str:
    """Return a digit with its article."""
    return MNIST.named(digit)
