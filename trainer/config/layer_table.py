"""The layer table: the layers of a network with their shapes and parameters, as `model.summary()` shows them.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trainer import UserError
from trainer.config.layer import Layer, Shape
from trainer.config.layers import Dense, Flatten, Reshape
from trainer.config.limits import CLASSES


@dataclass(frozen=True)
class LayerRow:
    """A row of the layer table; `implied` marks layers that the list leaves out."""

    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    parameters: int
    multiply_adds: int  # for one image
    implied: bool = False


class LayerError(UserError):
    """A layer that cannot work at its place: `place` counts from 1, `rows` is the table of the layers before it."""

    def __init__(self, sentence: str, place: int = 0, rows: tuple[LayerRow, ...] = ()) -> None:
        super().__init__(sentence)
        self.place = place
        self.rows = rows


def layer_table(layers: Iterable[Layer], input_shape: Shape) -> tuple[LayerRow, ...]:
    """Complete a list of layers and compute the shapes, as `model.summary()` shows them.

    Adds the channel axis before the first layer on images, Flatten before the first one on lists, and the output
    layer, Dense(10, softmax). Raises LayerError, which says what to change, if a layer cannot work at its place.
    """
    rows: list[LayerRow] = []
    shape = input_shape
    flattened_by: list[str] = []  # kinds of the layers that output a list of numbers

    def add(layer: Layer, name: str = "", implied: bool = False) -> None:
        nonlocal shape
        after = layer.output_shape(shape)
        name = name or f"{_snake(type(layer).__name__)}_{len(rows) + 1}"
        rows.append(LayerRow(name, layer, shape, after, layer.parameters(shape), layer.multiply_adds(shape), implied))
        shape = after

    for place, layer in enumerate(layers, 1):
        kind = type(layer).__name__
        if layer.images_only and len(shape) == 2:
            add(Reshape(), implied=True)
        if layer.images_only and len(shape) == 1:
            remedy = f"up or remove {flattened_by[0]}" if len(flattened_by) == 1 else f"up, before {flattened_by[0]}"
            raise LayerError(
                f"Layer {place}, {kind}, works on images, but {flattened_by[0]} before it outputs a list of numbers: "
                f"move {kind} {remedy}.",
                place,
                tuple(rows),
            )
        if layer.lists_only and len(shape) > 1:
            add(Flatten(), implied=True)
        if layer.images_only and min(layer.output_shape(shape)) < 1:
            raise LayerError(
                f"Layer {place}, {kind}, needs a larger image than the {shape[0]} × {shape[1]} pixels it gets: "
                f"use {layer.too_small_remedy}, or remove a layer that makes the image smaller.",
                place,
                tuple(rows),
            )
        add(layer)
        if len(shape) == 1 and not layer.keeps_shape:
            flattened_by.append(kind)
    if len(shape) > 1:
        add(Flatten(), implied=True)
    add(Dense(CLASSES, "softmax"), name="output", implied=True)
    return tuple(rows)


def _snake(name: str) -> str:
    """Return Keras's default name of a layer: MaxPooling2D -> max_pooling2d."""
    return "".join(
        f"_{b.lower()}" if b.isupper() and a.islower() else b.lower() for a, b in zip(" " + name, name, strict=False)
    )
