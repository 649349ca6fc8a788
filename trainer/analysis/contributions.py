"""Why does a network say what it says? What each number of it is made of, down to the image.

A unit multiplies what comes to it by its weights, adds all of that up with its bias, and puts the sum through its
activation. `Reason` holds these numbers for one unit, `Evidence` for the ten of the output layer.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.config.layers import Conv2D, Row
from trainer.networks.losses import softmax

Array = NDArray[Any]
Outputs = Mapping[str, Array]  # of every layer for one image, by its name in the layer table
Weights = Mapping[str, Sequence[Array]]  # of every layer that has any, as `weights.read` returns them


@dataclass(frozen=True, eq=False)
class Reason:
    """What the sum of one unit is made of.

    values, weights: what comes to it and how much each of it counts, both (n,) from a list of numbers, (height, width)
    from an image, (height, width, channels) from several. at: where a convolution's patch begins, (down, across).
    """

    values: Array
    weights: Array
    bias: float
    at: tuple[int, int] | None = None

    @property
    def products(self) -> Array:
        """Return what each number contributes, in the shape of `values`."""
        return self.values * self.weights

    @property
    def total(self) -> float:
        """Return the sum of what comes to it, without the bias."""
        return float(self.products.sum(dtype=np.float64))

    @property
    def sum(self) -> float:
        """Return what its activation gets."""
        return self.total + self.bias

    def largest(self, count: int) -> list[int]:
        """Return which contribute most, up or down: numbers of a list, or channels of images; the largest first."""
        products = self.products
        sums = products.sum(axis=(0, 1)) if products.ndim == 3 else products.reshape(-1)
        order = np.argsort(-np.abs(sums), kind="stable")[:count]
        return [int(place) for place in order if sums[place] != 0]


@dataclass(frozen=True, eq=False)
class Evidence:
    """How the output layer comes to its ten probabilities."""

    reasons: tuple[Reason, ...]  # one for each class
    before: str  # the layer that its values come from; empty: the image itself

    @property
    def direct(self) -> bool:
        """Tell whether the image itself is weighed, pixel by pixel: each class has one template."""
        return not self.before

    @property
    def logits(self) -> Array:
        """Return (10,): each class's sum with its bias."""
        return np.array([reason.sum for reason in self.reasons])

    @property
    def exponentials(self) -> Array:
        """Return (10,): e to the power of each logit; infinite where that is too large a number."""
        with np.errstate(over="ignore"):
            return np.exp(self.logits)

    @property
    def probabilities(self) -> Array:
        """Return (10,): each exponential's share of their sum."""
        return softmax(self.logits)


def evidence(image: Array, outputs: Outputs, weights: Weights, table: Sequence[Row]) -> Evidence:
    """Explain the output layer of a network for one image, (height, width) or (height, width, 3) float32."""
    last = len(table) - 1
    units = table[last].output_shape[0]
    return Evidence(
        tuple(reason(image, outputs, weights, table, last, unit) for unit in range(units)), source(table, last)
    )


def source(table: Sequence[Row], place: int) -> str:
    """Return the name of the layer whose output a row weighs; empty where it is the image itself, or only rescaled."""
    for row in reversed(table[:place]):
        if not row.layer.keeps_values:
            return row.name
    return ""


def weighs(row: Row) -> bool:
    """Tell whether a row's units weigh what comes to them, so that they have reasons."""
    return row.layer.has_kernel


def reason(
    image: Array,
    outputs: Outputs,
    weights: Weights,
    table: Sequence[Row],
    place: int,
    unit: int,
    at: tuple[int, int] | None = None,
) -> Reason:
    """Explain one unit of the row at `place`, or one number that a filter has made: the one `at` (down, across).

    Without `at` it is the largest that the filter has made anywhere.
    """
    row = table[place]
    values = np.asarray(outputs[table[place - 1].name] if place else image)
    shape = _shape(table, place)
    kernel, *biases = weights[row.name]
    bias = float(biases[0][unit]) if biases else 0.0
    if isinstance(row.layer, Conv2D):
        if at is None:
            made = outputs[row.name][..., unit]
            down, across = np.unravel_index(int(np.argmax(made)), made.shape)
            at = int(down), int(across)
        patch, begin = _patch(values, row.layer, at)
        own = kernel[..., unit]
        if patch.shape[-1] == 1:
            patch, own = patch[..., 0], own[..., 0]
        return Reason(patch, own, bias, begin)
    return Reason(values.reshape(shape), kernel[:, unit].reshape(shape), bias)


def images(kernel: Array, shape: tuple[int, ...]) -> Array:
    """Return the weights of a first layer as images, (units, height, width) or, in colour, (units, height, width, 3).

    kernel: (pixels, units) of a dense layer, or (height, width, channels, units) of a convolution. shape: of an image.
    """
    sheet = kernel.T.reshape(-1, *shape) if kernel.ndim == 2 else np.moveaxis(kernel, -1, 0)
    return sheet[..., 0] if kernel.ndim == 4 and sheet.shape[-1] == 1 else sheet


def first(table: Sequence[Row]) -> int | None:
    """Return the place of the first row that weighs the pixels themselves, or None where none does."""
    for place, row in enumerate(table):
        if weighs(row):
            return place if not source(table, place) else None
    return None


def _shape(table: Sequence[Row], place: int) -> tuple[int, ...]:
    """Return the shape that what comes to a row had last while it was an image, or its own."""
    for row in reversed(table[:place]):
        if not row.layer.keeps_values:
            shape = row.output_shape
            break
    else:
        shape = table[0].input_shape
    same = math.prod(shape) == math.prod(table[place].input_shape)
    return shape if same else table[place].input_shape


def _patch(values: Array, layer: Conv2D, at: tuple[int, int]) -> tuple[Array, tuple[int, int]]:
    """Cut out what a filter looks at, with zeros where it looks over the edge, and say where that begins."""
    if values.ndim == 2:
        values = values[..., None]
    size, stride = layer.kernel_size, layer.strides
    begin = []
    for place, length in zip(at, values.shape[:2], strict=True):
        over = max((math.ceil(length / stride) - 1) * stride + size - length, 0) if layer.padding == "same" else 0
        begin.append(place * stride - over // 2)
    patch = np.zeros((size, size, values.shape[2]), values.dtype)
    for y, x in itertools.product(range(size), range(size)):
        down, across = begin[0] + y, begin[1] + x
        if 0 <= down < values.shape[0] and 0 <= across < values.shape[1]:
            patch[y, x] = values[down, across]
    return patch, (begin[0], begin[1])
