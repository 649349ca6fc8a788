"""Which of two networks reads the same images better, and is that more than chance?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

SIGNIFICANT = 0.05  # the usual line: luck alone does this once in 20 times


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


def in_words(found: Comparison, names: tuple[str, str], what: str = "test digits") -> str:
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
