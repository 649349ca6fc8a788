"""Sketch of a network at one moment of its training: the few weights and activations that its diagram draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainer.config.layer_table import LayerRow

Array = np.ndarray[Any, np.dtype[Any]]
MAX_UNITS = 12  # of a layer that are drawn
ENDS = 5  # of a larger layer: so many of the first and so many of the last units
STRETCHES = 10  # of a long list of inputs, each drawn as one point
SHAPE = (MAX_UNITS, 1 + MAX_UNITS)  # of a layer's sketch


def drawn_units(count: int) -> list[int]:
    """Return the units of a layer that are drawn: all of them, or the first and the last few."""
    return [*range(count)] if count <= MAX_UNITS else [*range(ENDS), *range(count - ENDS, count)]


def drawn_sheets(channels: int) -> int:
    """Return how many sheets stand for the channels of an image."""
    return min(MAX_UNITS, 1 + round(1.2 * math.log2(channels)))


def sketch(table: Sequence[LayerRow], weights: Mapping[str, Sequence[Array]], outputs: Mapping[str, Array]) -> Array:
    """Return a sketch, (rows, 12, 13) float16: for each row of the layer table, its drawn units.

    For each unit: its activation, and the weights from the points that are drawn before it, all -1 to 1, where 1 is the
    layer's largest; probabilities are themselves. weights: by layer name, in Keras's order. outputs: of each layer for
    one image, by name.
    """
    drawn = np.zeros((len(table), *SHAPE), np.float16)
    before: LayerRow | None = None  # the last layer that is drawn as a shape of its own
    for place, row in enumerate(table):
        values = np.nan_to_num(np.asarray(outputs[row.name], np.float32)[0], posinf=0, neginf=0)
        if values.ndim == 3:
            count, sheets = values.shape[-1], drawn_sheets(values.shape[-1])
            units = values.mean(axis=(0, 1))[[sheet * count // sheets for sheet in range(sheets)]]
        elif values.ndim == 1:
            units = values[drawn_units(len(values))]
        else:
            continue  # an image without channels, which is drawn as it is
        last = place == len(table) - 1
        drawn[place, : len(units), 0] = units if last else _shares(units)
        if row.layer.has_kernel and values.ndim == 1 and before and before.layer.drawn_as in ("units", "bar"):
            kernel = np.asarray(weights[row.name][0], np.float32)[:, drawn_units(row.output_shape[0])]
            kernel = np.nan_to_num(kernel, posinf=0, neginf=0)
            points = _points(kernel, before.layer.drawn_as == "bar")
            drawn[place, : points.shape[1], 1 : 1 + len(points)] = _shares(points).T
        if not row.layer.hidden and row.layer.drawn_as != "mark":
            before = row
    return drawn


def _points(kernel: Array, is_long: bool) -> Array:
    """Return the weights from each point that is drawn: a unit, or the mean over a stretch of a long list."""
    if not is_long:
        return np.asarray(kernel[drawn_units(len(kernel))])
    return np.stack([part.mean(axis=0) for part in np.array_split(kernel, STRETCHES)])


def _shares(values: Array) -> Array:
    """Return values as shares of the largest magnitude."""
    largest = float(np.abs(values).max(initial=0.0))
    return np.asarray(values / largest if largest else values)
