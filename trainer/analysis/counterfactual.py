"""What would have to change for a network to say something else? Few dots of ink, put on or taken away.

A greedy search: of all small squares that could be inked or wiped, take the one that brings the wanted class nearest,
until it wins; then put back each pixel that was not needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.networks.inference import Network

DOT = 2  # pixels a side that change together
MOST = 40  # dots, after which the search is given up
LEAST = 0.1  # of the range 0 to 1, by which a dot must change its darkest pixel to be worth a try
Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Change:
    """An image that was changed, and what the network says of it now."""

    before: Array  # (height, width) or (height, width, 3) float32, 0 paper .. 1 ink
    after: Array  # the same shape and range
    probabilities: Array  # (classes,), of `after`
    target: int  # the class that was wanted

    @property
    def flipped(self) -> bool:
        """Tell whether the network says the wanted class now."""
        return int(np.argmax(self.probabilities)) == self.target

    @property
    def difference(self) -> Array:
        """Return (height, width): ink that was added, above 0, and taken away, below."""
        change = self.after - self.before
        return change.mean(axis=2) if change.ndim == 3 else change

    @property
    def added(self) -> int:
        """Return how many pixels have more ink than before."""
        return int((self.difference > 0).sum())

    @property
    def removed(self) -> int:
        """Return how many pixels have less ink than before."""
        return int((self.difference < 0).sum())

    @property
    def pixels(self) -> int:
        """Return how many pixels were changed."""
        return self.added + self.removed


def changes(network: Network, image: Array, target: int) -> Iterator[Change]:
    """Turn an image into `target`, dot by dot; the last that is yielded is what was found, or did not suffice.

    Yields after each dot, for thousands of images may have to be read, and last without what was not needed.
    """
    now = np.array(image, np.float32)
    taken: set[tuple[int, int]] = set()
    found = _change(network, image, now, target)
    yield found
    while not found.flipped and len(taken) < MOST:
        tries = [dot for dot in _dots(now) if dot[:2] not in taken]
        if not tries:
            return
        tried = np.repeat(now[None], len(tries), axis=0)
        for picture, dot in zip(tried, tries, strict=True):
            _put(picture, dot)
        margins = _margins(network, tried, target)
        best = int(np.argmax(margins))
        if not np.isfinite(margins[best]):
            return
        taken.add(tries[best][:2])
        now = tried[best]
        found = _change(network, image, now, target)
        yield found
    if found.flipped:
        yield _put_back(network, found)


def _put_back(network: Network, found: Change) -> Change:
    """Put back every pixel that was not needed, those first without which the wanted class stays furthest ahead."""
    changed = np.argwhere(found.difference != 0)
    one_back = np.repeat(found.after[None], len(changed), axis=0)
    for picture, (down, across) in zip(one_back, changed, strict=True):
        picture[down, across] = found.before[down, across]
    for place in np.argsort(-_margins(network, one_back, found.target), kind="stable"):
        down, across = changed[place]
        fewer = found.after.copy()
        fewer[down, across] = found.before[down, across]
        smaller = _change(network, found.before, fewer, found.target)
        if smaller.flipped:
            found = smaller
    return found


Dot = tuple[int, int, float]  # down, across, and the ink that is put there


def _dots(image: Array) -> list[Dot]:
    """Return what could be done to an image: each square of it inked, or wiped."""
    dots = []
    for down in range(0, image.shape[0], DOT):
        for across in range(0, image.shape[1], DOT):
            square = image[down : down + DOT, across : across + DOT]
            if square.min() < 1 - LEAST:
                dots.append((down, across, 1.0))
            if square.max() > LEAST:
                dots.append((down, across, 0.0))
    return dots


def _margins(network: Network, images: Array, target: int) -> Array:
    """Return by how much the wanted class is ahead of the best other one in each image, in logits."""
    logits = network.logits(images).astype(np.float64)
    margins = logits[:, target] - np.delete(logits, target, axis=1).max(axis=1, initial=-np.inf)
    return np.asarray(np.nan_to_num(margins, nan=-np.inf))


def _put(image: Array, dot: Dot) -> None:
    down, across, ink = dot
    image[down : down + DOT, across : across + DOT] = ink


def _change(network: Network, before: Array, after: Array, target: int) -> Change:
    return Change(before, after.copy(), network.probabilities(after[None])[0], target)
