"""Counterfactual images: the few dots of ink to add or remove until a network predicts another class.

A greedy search: of all small squares that could be inked or erased, it changes the one that raises the target class
most, until the target wins; then it undoes every pixel that was not needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.networks.inference import Network

DOT_SIDE = 2  # pixels a side of a square that changes as a whole
MAX_DOTS = 40  # dots after which the search gives up
MIN_CHANGE = 0.1  # ink, 0 to 1, by which a dot must change some pixel to be tried
Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Change:
    """A changed image and the network's probabilities for it."""

    before: Array  # (height, width) or (height, width, 3) float32, 0 paper .. 1 ink
    after: Array  # the same shape and range
    probabilities: Array  # (classes,), for `after`
    target: int  # the class to be reached

    @property
    def flipped(self) -> bool:
        """Tell whether the network now predicts the target class."""
        return int(np.argmax(self.probabilities)) == self.target

    @property
    def difference(self) -> Array:
        """Return (height, width): positive where ink was added, negative where it was removed."""
        change = self.after - self.before
        return change.mean(axis=2) if change.ndim == 3 else change

    @property
    def added(self) -> int:
        """Return the number of pixels with more ink than before."""
        return int((self.difference > 0).sum())

    @property
    def removed(self) -> int:
        """Return the number of pixels with less ink than before."""
        return int((self.difference < 0).sum())

    @property
    def pixels(self) -> int:
        """Return the number of changed pixels."""
        return self.added + self.removed


def search(network: Network, image: Array, target: int) -> Iterator[Change]:
    """Change an image dot by dot until the network predicts `target`; the last change yielded is the result.

    Yields after every dot, since each takes up to a thousand predictions, and at the end without unneeded pixels.
    The result has not `flipped` if the search failed.
    """
    now = np.array(image, np.float32)
    taken: set[tuple[int, int]] = set()
    found = _change(network, image, now, target)
    yield found
    while not found.flipped and len(taken) < MAX_DOTS:
        tries = [dot for dot in _dots(now) if dot[:2] not in taken]
        if not tries:
            return
        tried = np.repeat(now[None], len(tries), axis=0)
        for picture, dot in zip(tried, tries, strict=True):
            _apply(picture, dot)
        margins = _margins(network, tried, target)
        best = int(np.argmax(margins))
        if not np.isfinite(margins[best]):
            return
        taken.add(tries[best][:2])
        now = tried[best]
        found = _change(network, image, now, target)
        yield found
    if found.flipped:
        yield _undo_unneeded(network, found)


def _undo_unneeded(network: Network, found: Change) -> Change:
    """Undo every pixel that was not needed, starting with those that matter least to the target class."""
    changed = np.argwhere(found.difference != 0)
    undone = np.repeat(found.after[None], len(changed), axis=0)
    for picture, (down, across) in zip(undone, changed, strict=True):
        picture[down, across] = found.before[down, across]
    for place in np.argsort(-_margins(network, undone, found.target), kind="stable"):
        down, across = changed[place]
        fewer = found.after.copy()
        fewer[down, across] = found.before[down, across]
        smaller = _change(network, found.before, fewer, found.target)
        if smaller.flipped:
            found = smaller
    return found


Dot = tuple[int, int, float]  # down, across, and the new ink


def _dots(image: Array) -> list[Dot]:
    """Return all possible changes: each square of the image inked or erased."""
    dots = []
    for down in range(0, image.shape[0], DOT_SIDE):
        for across in range(0, image.shape[1], DOT_SIDE):
            square = image[down : down + DOT_SIDE, across : across + DOT_SIDE]
            if square.min() < 1 - MIN_CHANGE:
                dots.append((down, across, 1.0))
            if square.max() > MIN_CHANGE:
                dots.append((down, across, 0.0))
    return dots


def _margins(network: Network, images: Array, target: int) -> Array:
    """Return (n,): the target's logit minus the highest other logit in each image."""
    logits = network.logits(images).astype(np.float64)
    margins = logits[:, target] - np.delete(logits, target, axis=1).max(axis=1, initial=-np.inf)
    return np.asarray(np.nan_to_num(margins, nan=-np.inf))


def _apply(image: Array, dot: Dot) -> None:
    down, across, ink = dot
    image[down : down + DOT_SIDE, across : across + DOT_SIDE] = ink


def _change(network: Network, before: Array, after: Array, target: int) -> Change:
    return Change(before, after.copy(), network.probabilities(after[None])[0], target)
