"""Calculation of one map or unit of a network from its inputs, number by number.

A filter of a convolution slides its kernel over its input maps: at each place it multiplies, adds up and adds its bias.
A unit of a dense layer does this once, with a weight for each input. Pooling takes the largest value or the mean. What
follows (an activation, batch normalization) is applied to each result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.analysis import contributions
from trainer.analysis.contributions import Outputs, Weights
from trainer.analysis.stages import IMAGE, Stage, function
from trainer.config.layer_table import LayerRow
from trainer.config.layers import AveragePooling2D, Conv2D, GlobalAveragePooling2D, MaxPooling2D

Array = NDArray[Any]
COLORS = ("red", "green", "blue")
MAX_MAPS = 3  # input maps that are named, those with the largest contributions
MAX_UNITS = 8  # likewise of a list


@dataclass(frozen=True, eq=False)
class Term:
    """An input map, (height, width), and the weights of the window that slides over it; pooling has no weights.

    A single number is a map of one pixel.
    """

    name: str
    values: Array
    weights: Array | None = None


@dataclass(frozen=True, eq=False)
class Calculation:
    """All values of a map, (height, width), or the one value of a unit, (1, 1), and what they are made of.

    The window's corner at place (row, column) is at `begin + strides * place` of each input; beyond the edge are zeros.
    """

    operation: str  # "sum" of products, "largest" value or "mean"
    terms: tuple[Term, ...]  # largest contribution first
    others: int  # further inputs
    rest: Array  # what the others add to each value
    bias: float
    window: tuple[int, int]
    strides: int
    begin: tuple[int, int]
    functions: tuple[tuple[str, Array], ...]  # applied after the operation: the name, and the values after it
    contributions: (
        Array  # (inputs,): of each input, summed over all places; in pooling, 1 for the only one that is read
    )


@np.errstate(all="ignore")  # the weights of a network that diverged are infinite or NaN
def calculate(
    image: Array,
    outputs: Outputs,
    weights: Weights,
    table: Sequence[LayerRow],
    path: Sequence[Stage],
    place: int,
    unit: int,
) -> Calculation:
    """Return the calculation of a map or unit of the stage at `place` of `path`, which are the network's stages."""
    stage, before = path[place], path[place - 1]
    assert stage.row is not None
    functions = _functions(stage, outputs, unit)
    inputs = np.asarray(outputs[before.output] if before.output else image, np.float64)
    match stage.layer:
        case Conv2D():
            return _convolution(stage, before, inputs, weights[stage.row.name], unit, functions)
        case MaxPooling2D() | AveragePooling2D() | GlobalAveragePooling2D():
            return _pooling(stage, before, inputs, unit, functions)
    summed = contributions.weighted_sum(image, outputs, weights, table, table.index(stage.row), unit)
    source = before if not before.is_list or summed.values.ndim == 1 else path[place - 2]
    return _dense(source, summed.values, summed.weights, summed.bias, functions)


def _functions(stage: Stage, outputs: Outputs, unit: int) -> tuple[tuple[str, Array], ...]:
    assert stage.row is not None
    rows = (stage.row, *stage.later) if stage.row.layer.has_kernel else stage.later
    named = [(function(row), outputs[row.name]) for row in rows if not row.layer.training_only]
    return tuple((name, np.atleast_2d(values[..., unit])) for name, values in named if name != "linear")


def _convolution(
    stage: Stage,
    before: Stage,
    inputs: Array,
    weights: Sequence[Array],
    unit: int,
    functions: tuple[tuple[str, Array], ...],
) -> Calculation:
    layer = stage.layer
    assert isinstance(layer, Conv2D)
    kernel = weights[0][..., unit].astype(np.float64)  # (height, width, channels)
    window, size = (layer.kernel_size, layer.kernel_size), (stage.shape[0], stage.shape[1])
    begin = (0, 0)
    if layer.padding == "same":
        down, across = (
            -(max((places - 1) * layer.strides + layer.kernel_size - length, 0) // 2)
            for places, length in zip(size, inputs.shape, strict=False)
        )
        begin = down, across
    products = np.zeros((*size, kernel.shape[2]))
    for part, weight in zip(
        _windows(inputs, window, layer.strides, begin, size), kernel.reshape(-1, kernel.shape[2]), strict=True
    ):
        products += part * weight
    order = _largest(np.abs(np.nan_to_num(products)).sum(axis=(0, 1)), MAX_MAPS)
    terms = tuple(Term(_name(before, one), inputs[..., one], kernel[..., one]) for one in order)
    return Calculation(
        "sum",
        terms,
        kernel.shape[2] - len(order),
        np.delete(products, order, axis=2).sum(axis=2),
        float(weights[1][unit]) if len(weights) > 1 else 0.0,
        window,
        layer.strides,
        begin,
        functions,
        products.sum(axis=(0, 1)),
    )


def _pooling(
    stage: Stage, before: Stage, inputs: Array, unit: int, functions: tuple[tuple[str, Array], ...]
) -> Calculation:
    pool_size = getattr(stage.layer, "pool_size", 0)
    window = (pool_size, pool_size) if pool_size else (before.shape[0], before.shape[1])
    size = (stage.shape[0], stage.shape[1]) if pool_size else (1, 1)
    return Calculation(
        "largest" if isinstance(stage.layer, MaxPooling2D) else "mean",
        (Term(_name(before, unit), inputs[..., unit]),),
        0,
        np.zeros(size),
        0.0,
        window,
        max(1, pool_size),
        (0, 0),
        functions,
        np.eye(inputs.shape[-1])[unit],
    )


def _dense(
    source: Stage, values: Array, weights: Array, bias: float, functions: tuple[tuple[str, Array], ...]
) -> Calculation:
    """Return the calculation of a dense unit; values, weights: (n,), (height, width) or (height, width, channels)."""
    is_list = values.ndim == 1
    shape = (1, 1, -1) if is_list else (*values.shape, 1) if values.ndim == 2 else values.shape
    values, weights = (array.reshape(shape).astype(np.float64) for array in (values, weights))
    sums = (values * weights).sum(axis=(0, 1))
    order = _largest(np.abs(np.nan_to_num(sums)), MAX_UNITS if is_list else MAX_MAPS)
    terms = tuple(Term(_name(source, one), values[..., one], weights[..., one]) for one in order)
    return Calculation(
        "sum",
        terms,
        len(sums) - len(order),
        np.full((1, 1), np.delete(sums, order).sum()),
        bias,
        (values.shape[0], values.shape[1]),
        1,
        (0, 0),
        functions,
        sums,
    )


def _windows(
    maps: Array, window: tuple[int, int], strides: int, begin: tuple[int, int], size: tuple[int, int]
) -> list[Array]:
    """Return, for each pixel of the window, row by row, what lies under it at each place: (*size, channels)."""
    down, across = ((places - 1) * strides + side for places, side in zip(size, window, strict=True))
    padded = np.zeros((down, across, maps.shape[2]))
    height = min(maps.shape[0], down + begin[0])
    width = min(maps.shape[1], across + begin[1])
    padded[-begin[0] : height - begin[0], -begin[1] : width - begin[1]] = maps[:height, :width]
    rows, columns = ((places - 1) * strides + 1 for places in size)
    return [
        padded[y : y + rows : strides, x : x + columns : strides] for y in range(window[0]) for x in range(window[1])
    ]


def _largest(sizes: Array, count: int) -> list[int]:
    return [int(place) for place in np.argsort(-sizes, kind="stable")[:count]]


def _name(stage: Stage, unit: int) -> str:
    """Return the name of an input: `Filter 3 of Convolution 1`."""
    if stage.title != IMAGE:
        return f"{stage.noun.capitalize()} {unit} of {stage.title}"
    return COLORS[unit].capitalize() if len(stage.shape) == 3 else IMAGE
