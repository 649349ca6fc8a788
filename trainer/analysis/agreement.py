"""Agreement of networks on the same images: McNemar's test for two, disputed images for several."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer.text import listed

SIGNIFICANT = 0.05  # the usual significance level: chance alone reaches it once in 20 times
Combination = tuple[bool, ...]  # for each network in order, whether it misreads an image


# --- two networks -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Comparison:
    """Which of the same n images each of two networks reads correctly: (n,) bool masks."""

    first: np.ndarray
    second: np.ndarray

    @property
    def groups(self) -> dict[str, np.ndarray]:
        """Return the indices of the images that both, only the first, only the second, and neither read correctly."""
        return {
            "both": np.flatnonzero(self.first & self.second),
            "first": np.flatnonzero(self.first & ~self.second),
            "second": np.flatnonzero(~self.first & self.second),
            "neither": np.flatnonzero(~self.first & ~self.second),
        }

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Return how many images both, only the first, only the second, and neither read correctly."""
        both, first, second, neither = (len(group) for group in self.groups.values())
        return both, first, second, neither

    @property
    def p_value(self) -> float:
        """Return the exact p-value of McNemar's test: each image that only one reads correctly is a coin toss."""
        _, first, second, _ = self.counts
        return mcnemar(first, second)


def mcnemar(first: int, second: int) -> float:
    """Return the two-sided probability that a fair coin falls at least as unevenly as `first` to `second`."""
    number, fewer = first + second, min(first, second)
    tail = sum(math.comb(number, heads) for heads in range(fewer + 1))
    return min(1.0, float(2 * tail / 2**number))  # integers until the last division: floats would overflow


def comparison_in_words(found: Comparison, names: tuple[str, str], what: str = "test digits") -> str:
    """Return which network is better and whether chance alone could explain the difference."""
    _, first, second, _ = found.counts
    apart = first + second
    if not apart:
        return f"Both read exactly the same {what} correctly, so neither is better."
    if first == second:
        return f"Each reads {first:,} {what} correctly that the other misreads: neither is better."
    winner, most, fewest = (names[0], first, second) if first > second else (names[1], second, first)
    ahead = (
        f"Of the {apart:,} {what} that only one of them reads correctly, {winner} reads {most:,} and the other "
        f"{fewest:,}."
    )
    p_value = found.p_value
    if p_value < 0.0001:
        luck = "less than once in 10,000 times"
    elif 1 / p_value >= 10:
        luck = f"about once in {round(1 / p_value):,} times"
    else:
        luck = f"about {100 * p_value:.0f} times in 100"
    verdict = (
        f"{winner} is really better: if both were equally good, such a difference would occur by chance {luck}"
        if p_value < SIGNIFICANT
        else f"That proves little: if both were equally good, such a difference would occur by chance {luck}"
    )
    return f"{ahead} {verdict}."


# --- several networks -------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Disagreement:
    """The probabilities of k networks for the same n images."""

    probabilities: Sequence[np.ndarray]  # k of (n, 10) float32
    labels: np.ndarray  # (n,) uint8

    @functools.cached_property
    def predicted(self) -> np.ndarray:
        """Return (k, n), each network's prediction for each image."""
        return np.stack([each.argmax(axis=1) for each in self.probabilities])

    @functools.cached_property
    def wrong(self) -> np.ndarray:
        """Return (k, n) bool."""
        return np.asarray(self.predicted != self.labels)

    @functools.cached_property
    def disputed(self) -> np.ndarray:
        """Return the indices of the images that at least one network misreads, the most disputed first."""
        there = np.flatnonzero(self.wrong.any(axis=0))
        apart = divergence(np.stack([each[there] for each in self.probabilities]))
        return np.asarray(there[np.argsort(-apart, kind="stable")])

    @functools.cached_property
    def combinations(self) -> dict[Combination, np.ndarray]:
        """Return the indices of misread images by which networks misread them, the most frequent combination first.

        Within a combination the images are in the order of `disputed`.
        """
        groups: dict[Combination, list[int]] = {}
        for at, column in zip(self.disputed.tolist(), self.wrong[:, self.disputed].T.tolist(), strict=True):
            groups.setdefault(tuple(column), []).append(at)
        order = sorted(groups, key=lambda combination: (-len(groups[combination]), combination))
        return {combination: np.array(groups[combination]) for combination in order}


def divergence(probabilities: np.ndarray) -> np.ndarray:
    """Return the Jensen-Shannon divergence of k networks on n images: (n,), 0 if they agree, at most ln k.

    probabilities: (k, n, 10). It is the entropy of their mean minus the mean of their entropies.
    """
    together = probabilities.mean(axis=0, dtype=np.float64)
    return np.asarray(_entropy(together) - _entropy(probabilities).mean(axis=0))


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    logarithms = np.log(probabilities, out=np.zeros(probabilities.shape), where=probabilities > 0)
    return np.asarray(-(probabilities * logarithms).sum(axis=-1))


def combination_in_words(combination: Combination, names: Sequence[str]) -> str:
    """Return which networks misread an image: "All wrong", "Only A wrong", "Only A correct", or "A and B wrong"."""
    wrong = [name for name, mark in zip(names, combination, strict=True) if mark]
    right = [name for name, mark in zip(names, combination, strict=True) if not mark]
    if not right:
        return "Both wrong" if len(wrong) == 2 else "All wrong"
    if len(wrong) == 1:
        return f"Only {wrong[0]} wrong"
    if len(right) == 1:
        return f"Only {right[0]} correct"
    return f"{listed(wrong)} wrong"
