"""Contributions of inputs and weights to the sum of each unit, from the output layer down to the image.

A unit multiplies its inputs by its weights, adds the products and its bias, and applies its activation. `WeightedSum`
holds these numbers for one unit, `Contributions` for the ten units of the output layer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.config.layer_table import LayerRow
from trainer.networks.losses import softmax

Array = NDArray[Any]
Outputs = Mapping[str, Array]  # the output of every layer for one image, by the name in the layer table
Weights = Mapping[str, Sequence[Array]]  # of every layer that has any, as `onnx_reader.read` returns them


@dataclass(frozen=True, eq=False)
class WeightedSum:
    """The inputs, weights and bias that add up to the sum of one unit.

    values, weights: the inputs and their weights, both (n,) for a vector, (height, width) for an image, or
    (height, width, channels) for feature maps.
    """

    values: Array
    weights: Array
    bias: float

    @property
    def products(self) -> Array:
        """Return each input times its weight, in the shape of `values`."""
        return self.values * self.weights

    @property
    def total(self) -> float:
        """Return the sum without the bias."""
        return float(self.products.sum(dtype=np.float64))

    @property
    def sum(self) -> float:
        """Return the sum with the bias: the input of the activation."""
        return self.total + self.bias

    def largest(self, count: int) -> list[int]:
        """Return the indices of the largest contributions of either sign, of numbers or of channels."""
        products = self.products
        sums = products.sum(axis=(0, 1)) if products.ndim == 3 else products.reshape(-1)
        order = np.argsort(-np.abs(sums), kind="stable")[:count]
        return [int(place) for place in order if sums[place] != 0]


@dataclass(frozen=True, eq=False)
class Contributions:
    """The weighted sums behind the ten probabilities of the output layer."""

    units: tuple[WeightedSum, ...]  # one for each class
    source: str  # the layer that the inputs come from; empty for the image itself

    @property
    def direct(self) -> bool:
        """Tell whether the inputs are the pixels, so that each class has a single template."""
        return not self.source

    @property
    def logits(self) -> Array:
        """Return (10,): the sum of each class, with its bias."""
        return np.array([unit.sum for unit in self.units])

    @property
    def exponentials(self) -> Array:
        """Return (10,): e to the power of each logit; infinite if that overflows."""
        with np.errstate(over="ignore"):
            return np.exp(self.logits)

    @property
    def probabilities(self) -> Array:
        """Return (10,): each exponential's share of their sum."""
        return softmax(self.logits)


def contributions(image: Array, outputs: Outputs, weights: Weights, table: Sequence[LayerRow]) -> Contributions:
    """Return the contributions to the output layer for one image, (height, width) or (height, width, 3) float32."""
    last = len(table) - 1
    units = range(table[last].output_shape[0])
    sums = tuple(weighted_sum(image, outputs, weights, table, last, unit) for unit in units)
    return Contributions(sums, source_layer(table, last))


def source_layer(table: Sequence[LayerRow], place: int) -> str:
    """Return the name of the layer that a row gets its inputs from; empty for the image itself, rescaled or not."""
    for row in reversed(table[:place]):
        if not row.layer.keeps_values:
            return row.name
    return ""


def weighted_sum(
    image: Array, outputs: Outputs, weights: Weights, table: Sequence[LayerRow], place: int, unit: int
) -> WeightedSum:
    """Return the weighted sum of a unit of the dense layer at `place`."""
    row = table[place]
    values = np.asarray(outputs[table[place - 1].name] if place else image)
    shape = _shape(table, place)
    kernel, bias = weights[row.name]
    return WeightedSum(values.reshape(shape), kernel[:, unit].reshape(shape), float(bias[unit]))


def weight_images(kernel: Array, shape: tuple[int, ...]) -> Array:
    """Return the weights of a first layer as images, (units, height, width) or (units, height, width, 3) in color.

    kernel: (pixels, units) of a dense layer, or (height, width, channels, units) of a convolution. shape: that of the
    images.
    """
    sheet = kernel.T.reshape(-1, *shape) if kernel.ndim == 2 else np.moveaxis(kernel, -1, 0)
    return sheet[..., 0] if kernel.ndim == 4 and sheet.shape[-1] == 1 else sheet


def first_weighted_row(table: Sequence[LayerRow]) -> int | None:
    """Return the index of the first row with weights if its inputs are the pixels, otherwise None."""
    for place, row in enumerate(table):
        if row.layer.has_kernel:
            return place if not source_layer(table, place) else None
    return None


def _shape(table: Sequence[LayerRow], place: int) -> tuple[int, ...]:
    """Return the shape of a row's inputs before they were flattened, or their present shape."""
    for row in reversed(table[:place]):
        if not row.layer.keeps_values:
            shape = row.output_shape
            break
    else:
        shape = table[0].input_shape
    same = math.prod(shape) == math.prod(table[place].input_shape)
    return shape if same else table[place].input_shape
