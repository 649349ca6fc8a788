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
    """One layer. `images`: whether it works on images (height, width, channels) alone."""

    images: ClassVar[bool] = False

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def parameters(self, shape: Shape) -> int:
        return 0


@dataclass(frozen=True)
class Flatten(Layer):
    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)


@dataclass(frozen=True)
class Reshape(Layer):
    """Give a grey image its channel axis; implied before the first layer that works on images."""

    def output_shape(self, shape: Shape) -> Shape:
        return (*shape, 1)


@dataclass(frozen=True)
class Rescaling(Layer):
    """Multiply every pixel by `scale`: 255 makes of 0..1 the raw 0..255."""

    scale: float = 255.0


@dataclass(frozen=True)
class Dense(Layer):
    units: int = 32
    activation: str = "relu"

    def output_shape(self, shape: Shape) -> Shape:
        return (self.units,)

    def parameters(self, shape: Shape) -> int:
        return (math.prod(shape) + 1) * self.units


@dataclass(frozen=True)
class Conv2D(Layer):
    images: ClassVar[bool] = True
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


@dataclass(frozen=True)
class _Pooling2D(Layer):
    images: ClassVar[bool] = True
    pool_size: int = 2

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[0] // self.pool_size, shape[1] // self.pool_size, shape[2])


@dataclass(frozen=True)
class MaxPooling2D(_Pooling2D):
    pass


@dataclass(frozen=True)
class AveragePooling2D(_Pooling2D):
    pass


@dataclass(frozen=True)
class GlobalAveragePooling2D(Layer):
    images: ClassVar[bool] = True

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[2],)


@dataclass(frozen=True)
class BatchNormalization(Layer):
    momentum: float = 0.99

    def parameters(self, shape: Shape) -> int:
        return 4 * shape[-1]


@dataclass(frozen=True)
class Dropout(Layer):
    rate: float = 0.3


@dataclass(frozen=True)
class Activation(Layer):
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


def layer_table(layers: Iterable[Layer], input_shape: Shape) -> tuple[Row, ...]:
    """Complete a list of layers and follow the shapes through it, as `model.summary()` shows them.

    Adds the channel axis before the first layer on images, Flatten before the first Dense, and the output layer,
    Dense(10, softmax). Raises UserError, with what would mend it, where a layer cannot work.
    """
    rows: list[Row] = []
    shape = input_shape
    flattened_by = ""

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
            raise UserError(
                f"Layer {place}, {kind}, works on images, but {flattened_by} before it made a list of "
                f"{shape[0]:,} numbers: move {kind} up or remove {flattened_by}."
            )
        if isinstance(layer, Dense) and len(shape) > 1:
            add(Flatten(), implied=True)
        if layer.images and min(layer.output_shape(shape)) < 1:
            raise UserError(
                f"Layer {place}, {kind}, needs a larger image than the {shape[0]} x {shape[1]} that is left: "
                "remove it, or use a smaller size or padding same."
            )
        add(layer)
        if len(shape) == 1 and not flattened_by:
            flattened_by = kind
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
