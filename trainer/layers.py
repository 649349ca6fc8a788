"""What can a network be made of? The layers, and the table that shows what becomes of an image in them.

Layers and their arguments have the names that Keras gives them. Standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from trainer import UserError
from trainer.limits import CLASSES, Checked

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer(Checked):
    """One layer. `images`: whether it works on images (height, width, channels) alone; `meaning`: what it does."""

    images: ClassVar[bool] = False
    meaning: ClassVar[str] = ""

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def parameters(self, shape: Shape) -> int:
        return 0

    def arithmetic(self, shape: Shape) -> str:
        """Say how `parameters` come about: `784 inputs × 32 units + 32 biases = 25,120`."""
        return "nothing to learn: 0 parameters"


@dataclass(frozen=True)
class Flatten(Layer):
    meaning: ClassVar[str] = "Puts the pixels of an image one behind the other, into one list."

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)


@dataclass(frozen=True)
class Reshape(Layer):
    """Give a grey image its channel axis; implied before the first layer that works on images."""

    meaning: ClassVar[str] = "Gives a grey image its one channel."

    def output_shape(self, shape: Shape) -> Shape:
        return (*shape, 1)


@dataclass(frozen=True)
class Rescaling(Layer):
    """Multiply every pixel by `scale`: 255 makes of 0..1 the raw 0..255."""

    meaning: ClassVar[str] = "Multiplies every number by the same one: 255 gives the raw pixels, 0 to 255."

    scale: float = 255.0


@dataclass(frozen=True)
class Dense(Layer):
    meaning: ClassVar[str] = "Each unit weighs all the numbers that come in, and adds them up."
    units: int = 32
    activation: str = "relu"

    def output_shape(self, shape: Shape) -> Shape:
        return (self.units,)

    def parameters(self, shape: Shape) -> int:
        return (math.prod(shape) + 1) * self.units

    def arithmetic(self, shape: Shape) -> str:
        return (
            f"{math.prod(shape):,} inputs × {self.units:,} units + {self.units:,} biases = {self.parameters(shape):,}"
        )


@dataclass(frozen=True)
class Conv2D(Layer):
    images: ClassVar[bool] = True
    meaning: ClassVar[str] = "Looks for small patterns anywhere in the image: each filter gives an image of its finds."
    filters: int = 16
    kernel_size: int = 3
    strides: int = 1
    padding: str = "same"
    use_bias: bool = True
    activation: str = "relu"

    def output_shape(self, shape: Shape) -> Shape:
        lost = 0 if self.padding == "same" else self.kernel_size - 1
        return (-(-(shape[0] - lost) // self.strides), -(-(shape[1] - lost) // self.strides), self.filters)

    def parameters(self, shape: Shape) -> int:
        return (self.kernel_size**2 * shape[2] + self.use_bias) * self.filters

    def arithmetic(self, shape: Shape) -> str:
        biases = f" + {self.filters:,} biases" if self.use_bias else ""
        channels = f"{shape[2]:,} channel{'s' if shape[2] > 1 else ''}"
        return (
            f"{self.kernel_size} × {self.kernel_size} pixels × {channels} × {self.filters:,} filters{biases} = "
            f"{self.parameters(shape):,}"
        )


@dataclass(frozen=True)
class _Pooling2D(Layer):
    images: ClassVar[bool] = True
    pool_size: int = 2

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[0] // self.pool_size, shape[1] // self.pool_size, shape[2])


@dataclass(frozen=True)
class MaxPooling2D(_Pooling2D):
    meaning: ClassVar[str] = "Keeps the largest of each few pixels: a smaller image, and small shifts matter less."


@dataclass(frozen=True)
class AveragePooling2D(_Pooling2D):
    meaning: ClassVar[str] = "Makes the mean of each few pixels: a smaller, softer image."


@dataclass(frozen=True)
class GlobalAveragePooling2D(Layer):
    images: ClassVar[bool] = True
    meaning: ClassVar[str] = "Makes one number of each channel's image: its mean."

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[2],)


@dataclass(frozen=True)
class BatchNormalization(Layer):
    meaning: ClassVar[str] = (
        "Brings what comes in to mean 0 and spread 1, batch by batch: deeper networks learn faster."
    )
    momentum: float = 0.99

    def parameters(self, shape: Shape) -> int:
        return 4 * shape[-1]

    def arithmetic(self, shape: Shape) -> str:
        return f"4 numbers (scale, shift, mean, variance) × {shape[-1]:,} channels = {self.parameters(shape):,}"


@dataclass(frozen=True)
class Dropout(Layer):
    meaning: ClassVar[str] = "Sets some of the numbers to 0 while training, at random: nothing is learned by heart."
    rate: float = 0.3


@dataclass(frozen=True)
class Activation(Layer):
    meaning: ClassVar[str] = "Bends each number on its own: without it, layers upon layers could do no more than one."
    activation: str = "relu"


LAYERS: dict[str, type[Layer]] = {
    kind.__name__: kind
    for kind in (
        Dense,
        Conv2D,
        MaxPooling2D,
        AveragePooling2D,
        GlobalAveragePooling2D,
        BatchNormalization,
        Dropout,
        Flatten,
        Activation,
        Rescaling,
    )
}


@dataclass(frozen=True)
class Row:
    """A line of the layer table; `implied` marks layers that the list left out."""

    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    parameters: int
    implied: bool = False


class LayerError(UserError):
    """A layer that cannot work where it stands: `place` counts from 1, `rows` are the table of what is before it."""

    def __init__(self, sentence: str, place: int = 0, rows: tuple[Row, ...] = ()) -> None:
        super().__init__(sentence)
        self.place = place
        self.rows = rows


def layer_table(layers: Iterable[Layer], input_shape: Shape) -> tuple[Row, ...]:
    """Complete a list of layers and follow the shapes through it, as `model.summary()` shows them.

    Adds the channel axis before the first layer on images, Flatten before the first Dense, and the output layer,
    Dense(10, softmax). Raises LayerError, with what would mend it, where a layer cannot work.
    """
    rows: list[Row] = []
    shape = input_shape
    flattened_by: list[str] = []  # kinds of the layers that give a list of numbers

    def add(layer: Layer, name: str = "", implied: bool = False) -> None:
        nonlocal shape
        after = layer.output_shape(shape)
        name = name or f"{_snake(type(layer).__name__)}_{len(rows) + 1}"
        rows.append(Row(name, layer, shape, after, layer.parameters(shape), implied))
        shape = after

    for place, layer in enumerate(layers, 1):
        kind = type(layer).__name__
        if layer.images and len(shape) == 2:
            add(Reshape(), implied=True)
        if layer.images and len(shape) == 1:
            mend = f"up or remove {flattened_by[0]}" if len(flattened_by) == 1 else f"up, before {flattened_by[0]}"
            raise LayerError(
                f"Layer {place}, {kind}, works on images, but {flattened_by[0]} before it made a list of numbers: "
                f"move {kind} {mend}.",
                place,
                tuple(rows),
            )
        if isinstance(layer, Dense) and len(shape) > 1:
            add(Flatten(), implied=True)
        if layer.images and min(layer.output_shape(shape)) < 1:
            smaller = "a smaller kernel_size or padding same" if isinstance(layer, Conv2D) else "a smaller pool_size"
            raise LayerError(
                f"Layer {place}, {kind}, needs a larger image than the {shape[0]} × {shape[1]} that is left: "
                f"use {smaller}, or remove a layer that makes the image smaller.",
                place,
                tuple(rows),
            )
        add(layer)
        if len(shape) == 1 and not isinstance(layer, (Dropout, Activation, BatchNormalization, Rescaling)):
            flattened_by.append(kind)
    if len(shape) > 1:
        add(Flatten(), implied=True)
    add(Dense(CLASSES, "softmax"), name="output", implied=True)
    return tuple(rows)


def _snake(name: str) -> str:
    """Return the name Keras would give: MaxPooling2D -> max_pooling2d."""
    return "".join(
        f"_{b.lower()}" if b.isupper() and a.islower() else b.lower() for a, b in zip(" " + name, name, strict=False)
    )


def short_name(layer: Layer) -> str:
    """Return the layer in a word or two, `32 relu`, or "" for one that goes without saying."""
    match layer:
        case Dense():
            return f"{layer.units} {layer.activation}"
        case Conv2D():
            return f"conv {layer.filters}"
        case MaxPooling2D() | AveragePooling2D() | GlobalAveragePooling2D():
            return "pool"
        case Dropout():
            return f"dropout {layer.rate:g}"
        case _:
            return ""
