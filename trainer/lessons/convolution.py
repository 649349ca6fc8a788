"""A convolution of one image with one 3 x 3 kernel, then relu and max pooling, in NumPy as Keras computes them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.drawing.normalize import SIZE

Floats = NDArray[np.float32]
Weights = tuple[float, ...]  # the nine weights of a kernel, row by row
KERNEL_SIDE, POOL_SIDE = 3, 2
MAP_SIDE = SIZE - KERNEL_SIDE + 1  # the kernel stays inside the image, as Keras's padding="valid"
MAX_WEIGHT = 9.0  # in either direction


@dataclass(frozen=True)
class Kernel:
    weights: Weights
    finds: str  # what its map shows, as a sentence


KERNELS = {
    "Vertical edges": Kernel(
        (-1, 0, 1, -1, 0, 1, -1, 0, 1), "Blue where ink begins, from left to right; orange where it ends."
    ),
    "Horizontal edges": Kernel(
        (-1, -1, -1, 0, 0, 0, 1, 1, 1), "Blue where ink begins, from top to bottom; orange where it ends."
    ),
    "Slanted strokes": Kernel((-1, -1, 2, -1, 2, -1, 2, -1, -1), "Blue along strokes that rise to the right."),
    "Outline": Kernel((-1, -1, -1, -1, 8, -1, -1, -1, -1), "Close to 0 on even ground: only the outline is left."),
    "Blur": Kernel((1 / 9,) * 9, "The mean of nine pixels: a blurred image."),
    "Random": Kernel(
        (-0.4, 0.3, 0.5, 0.1, -0.6, 0.2, 0.6, -0.3, -0.2), "Before training all kernels are random, like this one."
    ),
}


@dataclass(frozen=True, eq=False)
class Outputs:
    """What the layers make of an image: the map (26, 26), relu's output (26, 26) and the pooled map (13, 13)."""

    map: Floats
    relu: Floats
    pooled: Floats


def outputs(image: Floats, weights: Weights) -> Outputs:
    """Return the outputs for an image (28, 28): each value of the map is the sum of nine pixels times their weights."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (KERNEL_SIDE, KERNEL_SIDE))
    kernel = np.array(weights, np.float32).reshape(KERNEL_SIDE, KERNEL_SIDE)
    sums = np.einsum("yxij,ij->yx", windows, kernel)
    positive = np.maximum(sums, 0)
    side = MAP_SIDE // POOL_SIDE
    pooled = positive.reshape(side, POOL_SIDE, side, POOL_SIDE).max(axis=(1, 3))
    return Outputs(sums, positive, pooled)


def kernel_weights(values: object) -> Weights | None:
    """Return nine numbers that a browser sent as weights within the limits, or None if they are no kernel."""
    if not isinstance(values, list) or len(values) != KERNEL_SIDE**2:
        return None
    if not all(type(value) in (int, float) and math.isfinite(value) for value in values):
        return None
    return tuple(max(-MAX_WEIGHT, min(MAX_WEIGHT, float(value))) for value in values)


def title_of(weights: Weights) -> str | None:
    """Return the title of the kernel with these weights, or None."""
    return next((title for title, kernel in KERNELS.items() if np.allclose(kernel.weights, weights, atol=0.005)), None)
