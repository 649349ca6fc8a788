"""Statistics of a data set: class counts, mean images, random samples, the extent of the ink."""

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

CHUNK_BYTES = 1_000_000  # of images that are summed at a time, which keeps the memory small
SAMPLE_SIZE = 100


@dataclass(frozen=True, eq=False)
class ClassStatistics:
    """Class counts, mean images and mean ink of the training or the test part."""

    counts: tuple[int, ...]  # images per class
    means: Array  # (10, height, width) or (10, height, width, 3), 0 .. 255; 0 if a class has no images
    ink: float  # the mean of all numbers, 0 .. 255


def class_statistics(images: Array, labels: Array) -> ClassStatistics:
    """Return the class counts, the mean image of each class, and the mean ink.

    images: (n, height, width) or (n, height, width, 3) uint8; labels: (n,) 0 .. 9.
    """
    counts = np.bincount(labels, minlength=CLASSES)
    flat = images.reshape(len(images), -1)
    sums = np.zeros((CLASSES, flat.shape[1]), np.float64)
    step = max(1, CHUNK_BYTES // flat.shape[1])
    for begin in range(0, len(flat), step):
        part = slice(begin, begin + step)
        one_hot = (labels[part, None] == np.arange(CLASSES)).astype(np.float32)
        sums += one_hot.T @ flat[part].astype(np.float32)  # exact: whole numbers below 2 ** 24
    means = sums / np.maximum(counts, 1)[:, None]
    return ClassStatistics(
        tuple(counts.tolist()),
        np.rint(means).astype(np.uint8).reshape(CLASSES, *images.shape[1:]),
        float(sums.sum() / flat.size),
    )


def sample(labels: Array, seed: int, label: int | None = None, count: int = SAMPLE_SIZE) -> NDArray[np.intp]:
    """Return the indices of up to `count` random images, without repeats; with `label`, of that class only."""
    found = np.arange(len(labels)) if label is None else np.flatnonzero(labels == label)
    return np.random.default_rng(seed).choice(found, min(count, len(found)), replace=False)


def total_bytes(*arrays: NDArray[Any]) -> int:
    """Return the total size of arrays in bytes."""
    return sum(array.nbytes for array in arrays)


@dataclass(frozen=True)
class InkExtent:
    """Bounding box and center of mass of one image's ink, in pixels from the upper left corner."""

    left: int
    top: int
    width: int
    height: int
    column: float  # of the center of mass, as a pixel index
    row: float


def ink_extent(image: Array) -> InkExtent | None:
    """Return the extent of the ink of an image, (height, width) or (height, width, 3) uint8; None for a blank one.

    The ink of a color image is the mean of its three colors.
    """
    ink = image.mean(axis=2) if image.ndim == 3 else image.astype(np.float64)
    mass = float(ink.sum())
    if not mass:
        return None
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return InkExtent(
        left,
        top,
        int(columns[-1]) + 1 - left,
        int(rows[-1]) + 1 - top,
        float(ink.sum(axis=0) @ np.arange(ink.shape[1])) / mass,
        float(ink.sum(axis=1) @ np.arange(ink.shape[0])) / mass,
    )


# --- chart ----------------------------------------------------------------------------------------------------


def class_count_chart(train: Sequence[int], test: Sequence[int], classes: Sequence[str]) -> Figure:
    """Draw the number of training and test images per class as bars."""
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
