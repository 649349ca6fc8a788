"""Where are several networks wrong about the same images, and where do they disagree most?"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer.phrases import listed

Combination = tuple[bool, ...]  # of the networks, in their order: who reads an image wrong


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


def in_words(combination: Combination, names: Sequence[str]) -> str:
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
