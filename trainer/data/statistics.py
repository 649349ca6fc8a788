"""How many of each, and what do they look like on average? Counts, means and choices out of a data set's digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.config.limits import CLASSES
from trainer.data.npz import Array
from trainer.figures.palette import BLUE, ORANGE
from trainer.figures.plotly import AXIS, Figure, frame

AT_ONCE = 1_000_000  # bytes of images that are looked at together, so that memory stays small
HUNDRED = 100


@dataclass(frozen=True, eq=False)
class Census:
    """What is in the images and labels of one part of a data set."""

    counts: tuple[int, ...]  # images of each class
    means: Array  # (10, height, width) or (10, height, width, 3), 0 .. 255; 0 where a class has none
    ink: float  # the mean of all numbers, 0 .. 255


def census(images: Array, labels: Array) -> Census:
    """Count the images of each class and take their mean.

    images: (n, height, width) or (n, height, width, 3) uint8; labels: (n,) 0 .. 9.
    """
    counts = np.bincount(labels, minlength=CLASSES)
    flat = images.reshape(len(images), -1)
    sums = np.zeros((CLASSES, flat.shape[1]), np.float64)
    step = max(1, AT_ONCE // flat.shape[1])
    for begin in range(0, len(flat), step):
        part = slice(begin, begin + step)
        one_hot = (labels[part, None] == np.arange(CLASSES)).astype(np.float32)
        sums += one_hot.T @ flat[part].astype(np.float32)  # whole numbers below 2 ** 24: exact
    means = sums / np.maximum(counts, 1)[:, None]
    return Census(
        tuple(counts.tolist()),
        np.rint(means).astype(np.uint8).reshape(CLASSES, *images.shape[1:]),
        float(sums.sum() / flat.size),
    )


def hundred(labels: Array, seed: int, label: int | None = None, count: int = HUNDRED) -> NDArray[np.intp]:
    """Return where up to `count` images lie, drawn at random without repeats; with `label` only those of one class."""
    found = np.arange(len(labels)) if label is None else np.flatnonzero(labels == label)
    return np.random.default_rng(seed).choice(found, min(count, len(found)), replace=False)


def memory(*arrays: NDArray[Any]) -> int:
    """Return the bytes that arrays take."""
    return sum(array.nbytes for array in arrays)


@dataclass(frozen=True)
class Extent:
    """Where the ink of one image lies, in pixels from its upper left corner."""

    left: int
    top: int
    width: int
    height: int
    column: float  # of the centre of mass, as pixel indices
    row: float


def extent(image: Array) -> Extent | None:
    """Measure an image, (height, width) or (height, width, 3) uint8; None where it holds no ink.

    The ink of a colour image is the mean of its three colours.
    """
    ink = image.mean(axis=2) if image.ndim == 3 else image.astype(np.float64)
    mass = float(ink.sum())
    if not mass:
        return None
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return Extent(
        left,
        top,
        int(columns[-1]) + 1 - left,
        int(rows[-1]) + 1 - top,
        float(ink.sum(axis=0) @ np.arange(ink.shape[1])) / mass,
        float(ink.sum(axis=1) @ np.arange(ink.shape[0])) / mass,
    )


# --- as a picture ---------------------------------------------------------------------------------------------


def count_bars(train: Sequence[int], test: Sequence[int], classes: Sequence[str]) -> Figure:
    """Draw how many images of each class are there to learn from, and how many to test with."""
    parts = (("training", train, BLUE), ("test", test, ORANGE))
    names = [name if name == str(label) else f"{label} {name}" for label, name in enumerate(classes)]
    return {
        "data": [
            {
                "type": "bar",
                "name": name,
                "x": list(range(len(classes))),
                "y": list(counts),
                "customdata": names,
                "hovertemplate": "%{customdata}: %{y:,}",
                "marker": {"color": color},
            }
            for name, counts, color in parts
        ],
        "layout": {
            **frame(height=260, left=52, right=10, top=36, bottom=28),
            "xaxis": AXIS | {"tickvals": list(range(len(classes))), "range": [-0.6, len(classes) - 0.4]},
            "yaxis": AXIS | {"range": [0, 1.08 * max(1, *train, *test)], "tickformat": ",", "nticks": 5},
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "bgcolor": "rgba(0, 0, 0, 0)"},
            "barmode": "group",
            "bargap": 0.25,
        },
    }
