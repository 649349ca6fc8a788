"""Where networks agree and disagree on the same images: McNemar's test of two, and who is wrong where for several."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer.text import listed

SIGNIFICANT = 0.05  # the usual line: luck alone does this once in 20 times
Combination = tuple[bool, ...]  # of the networks, in their order: who reads an image wrong


# --- two networks -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Comparison:
    """Who is right on the same n images: a mask for each, (n,) bool."""

    first: np.ndarray
    second: np.ndarray

    @property
    def groups(self) -> dict[str, np.ndarray]:
        """Return where the images are of each group: both right, first only, second only, both wrong."""
        return {
            "both": np.flatnonzero(self.first & self.second),
            "first": np.flatnonzero(self.first & ~self.second),
            "second": np.flatnonzero(~self.first & self.second),
            "neither": np.flatnonzero(~self.first & ~self.second),
        }

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Return how many images both, only the first, only the second and neither read right."""
        both, first, second, neither = (len(group) for group in self.groups.values())
        return both, first, second, neither

    @property
    def chance(self) -> float:
        """Return McNemar's exact p-value: of the images that one alone reads right, each is a coin's toss."""
        _, first, second, _ = self.counts
        return mcnemar(first, second)


def mcnemar(first: int, second: int) -> float:
    """Return how likely tosses of a fair coin are to fall at least as unevenly as `first` to `second`, two-sided."""
    number, fewer = first + second, min(first, second)
    tail = sum(math.comb(number, heads) for heads in range(fewer + 1))
    return min(1.0, float(2 * tail / 2**number))  # whole numbers to the end, so that nothing overflows


def comparison_in_words(found: Comparison, names: tuple[str, str], what: str = "test digits") -> str:
    """Say who is better and whether luck alone would do as much."""
    _, first, second, _ = found.counts
    apart = first + second
    if not apart:
        return f"Both read exactly the same {what} right, so neither is better."
    if first == second:
        return f"Where only one of them is right, each is so equally often, {first:,} times: neither is better."
    winner, most, fewest = (names[0], first, second) if first > second else (names[1], second, first)
    ahead = f"Of {apart:,} {what} that only one of them reads right, {winner} has {most:,}, the other {fewest:,}."
    chance = found.chance
    if chance < 0.0001:
        luck = "fewer than 1 in 10,000 times"
    elif 1 / chance >= 10:
        luck = f"about once in {round(1 / chance):,} times"
    else:
        luck = f"in about {100 * chance:.0f} of 100 times"
    verdict = (
        f"{winner} is really better: were both equally good, luck alone would make them so uneven {luck}"
        if chance < SIGNIFICANT
        else f"That proves little: were both equally good, luck alone would make them so uneven {luck}"
    )
    return f"{ahead} {verdict}."


# --- several networks -------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Disagreement:
    """What k networks said of the same n images."""

    probabilities: Sequence[np.ndarray]  # k of (n, 10) float32
    labels: np.ndarray  # (n,) uint8

    @functools.cached_property
    def predicted(self) -> np.ndarray:
        """Return (k, n), what each network read each image as."""
        return np.stack([said.argmax(axis=1) for said in self.probabilities])

    @functools.cached_property
    def wrong(self) -> np.ndarray:
        """Return (k, n) bool."""
        return np.asarray(self.predicted != self.labels)

    @functools.cached_property
    def disputed(self) -> np.ndarray:
        """Return where those are that at least one reads wrong, first those on which they disagree most."""
        there = np.flatnonzero(self.wrong.any(axis=0))
        apart = divergence(np.stack([said[there] for said in self.probabilities]))
        return np.asarray(there[np.argsort(-apart, kind="stable")])

    @functools.cached_property
    def combinations(self) -> dict[Combination, np.ndarray]:
        """Return where the images are of each combination of networks that alone read them wrong.

        The most frequent one comes first, and in each the images as in `disputed`. What all read right is left out.
        """
        groups: dict[Combination, list[int]] = {}
        for at, column in zip(self.disputed.tolist(), self.wrong[:, self.disputed].T.tolist(), strict=True):
            groups.setdefault(tuple(column), []).append(at)
        order = sorted(groups, key=lambda combination: (-len(groups[combination]), combination))
        return {combination: np.array(groups[combination]) for combination in order}


def divergence(probabilities: np.ndarray) -> np.ndarray:
    """Return how far k networks are apart on each of n images, (n,), from 0 (they say the same) to ln k.

    probabilities: (k, n, 10). It is the Jensen-Shannon divergence: the entropy of their mean, less their mean entropy.
    """
    together = probabilities.mean(axis=0, dtype=np.float64)
    return np.asarray(_entropy(together) - _entropy(probabilities).mean(axis=0))


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    logarithms = np.log(probabilities, out=np.zeros(probabilities.shape), where=probabilities > 0)
    return np.asarray(-(probabilities * logarithms).sum(axis=-1))


def combination_in_words(combination: Combination, names: Sequence[str]) -> str:
    """Say who reads an image wrong: "All wrong", "Only A wrong", "Only A right", or "A and B wrong"."""
    wrong = [name for name, mark in zip(names, combination, strict=True) if mark]
    right = [name for name, mark in zip(names, combination, strict=True) if not mark]
    if not right:
        return "Both wrong" if len(wrong) == 2 else "All wrong"
    if len(wrong) == 1:
        return f"Only {wrong[0]} wrong"
    if len(right) == 1:
        return f"Only {right[0]} right"
    return f"{listed(wrong)} wrong"
