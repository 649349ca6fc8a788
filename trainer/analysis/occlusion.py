"""Occlusion maps: how much the network's answer depends on each part of an image, found by covering it.

After Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.networks.inference import Network

PATCH, STEP = 6, 2  # pixels a side of the patch, and between its positions
COVER = 0.5  # gray, which is neither paper nor ink
Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Occlusion:
    """The effect of covering each part of an image."""

    winner: int  # the predicted class
    drop: Array  # (height, width): mean fall of the winner's log-odds when a pixel is covered
    lowest: float  # the winner's lowest probability under any patch
    where: tuple[int, int, int, int]  # the patch with the lowest probability: left, top, right, bottom
    flips: int  # patches that change the prediction
    patches: int


def occlusion(network: Network, image: Array) -> Occlusion:
    """Move a gray patch over an image, (height, width) or (height, width, 3) float32 0..1.

    A pixel under several patches gets the mean of their drops. Log-odds, ln(p / (1 - p)), show differences that
    probabilities near 0 and 1 hide.
    """
    height, width = image.shape[:2]
    downs, acrosses = _places(height), _places(width)
    covered = np.repeat(image[None], 1 + len(downs) * len(acrosses), axis=0)  # the first image is not covered
    corners = [(down, across) for down in downs for across in acrosses]
    for one, (down, across) in zip(covered[1:], corners, strict=True):
        one[down : down + PATCH, across : across + PATCH] = COVER
    logits = network.logits(covered).astype(np.float64)
    winner = int(np.argmax(logits[0]))
    odds = log_odds(logits, winner)
    falls, times = np.zeros((height, width)), np.zeros((height, width))
    for fall, (down, across) in zip(odds[0] - odds[1:], corners, strict=True):
        falls[down : down + PATCH, across : across + PATCH] += fall
        times[down : down + PATCH, across : across + PATCH] += 1
    worst = int(np.argmin(odds[1:]))
    down, across = corners[worst]
    return Occlusion(
        winner,
        falls / np.maximum(times, 1),
        float(1 / (1 + np.exp(-odds[1 + worst]))),
        (across, down, min(width, across + PATCH), min(height, down + PATCH)),
        int((logits[1:].argmax(axis=1) != winner).sum()),
        len(corners),
    )


def log_odds(logits: Array, winner: int) -> Array:
    """Return ln(p / (1 - p)) of one class, (n,), from logits (n, classes), even if p is nearly 0 or 1."""
    others = np.delete(logits, winner, axis=1)
    highest = others.max(axis=1, keepdims=True)
    rest = highest[:, 0] + np.log(np.exp(others - highest).sum(axis=1))
    return np.asarray(logits[:, winner] - rest)


def _places(length: int) -> list[int]:
    """Return the positions of the patches; the last patch ends at the edge."""
    last = max(0, length - PATCH)
    return sorted({*range(0, last + 1, STEP), last})
