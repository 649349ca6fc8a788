"""Layers of a network: everything that the app knows of each kind, and the layer table.

Layers and their arguments have the names that Keras gives them. A new kind of layer is a class here, listed in LAYERS;
one that computes something new at inference has a function in export.py as well. Standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from trainer import UserError
from trainer.config.limits import CLASSES, Checked, choice_label
from trainer.text import number

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer(Checked):
    """One layer. Its fields are Keras's arguments; its class says everything else that the app knows of its kind."""

    label: ClassVar[str] = ""  # what people call it
    help: ClassVar[str] = ""  # what it does, in a sentence
    term: ClassVar[str] = ""  # its entry in the glossary

    images_only: ClassVar[bool] = False  # works on (height, width, channels) alone
    lists_only: ClassVar[bool] = False  # works on (n,) alone: Flatten is implied before it
    has_kernel: ClassVar[bool] = False  # weighs its inputs: has an initializer, L2 and an activation
    training_only: ClassVar[bool] = False  # acts while training; at inference its output is its input
    keeps_values: ClassVar[bool] = False  # at inference, each number of its output is one of its input, at most scaled
    hidden: ClassVar[bool] = False  # left out of pictures and comparisons
    varied: ClassVar[tuple[str, ...]] = ()  # arguments that a sweep offers
    keras_defaults: ClassVar[dict[str, Any]] = {}  # arguments that code writes by name, unless they have this value
    too_small: ClassVar[str] = "a smaller pool size"  # what helps where the image is too small for it

    drawn_as: ClassVar[str] = "mark"  # in the picture of a network: "sheets", "units", "bar" or "mark"
    color: ClassVar[str] = "neutral"  # there: "blue", "sky", "orange" or "neutral"

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    @property
    def keeps_shape(self) -> bool:
        return type(self).output_shape is Layer.output_shape

    def weight_shapes(self, shape: Shape) -> tuple[Shape, ...]:
        """Return the shapes of its weights, in Keras's order, where its input has `shape`."""
        return ()

    def parameters(self, shape: Shape) -> int:
        return sum(map(math.prod, self.weight_shapes(shape)))

    def arithmetic(self, shape: Shape) -> str:
        """Say how `parameters` come about: `784 inputs × 32 units + 32 biases = 25,120`."""
        return "nothing to learn: 0 parameters"

    @property
    def summary(self) -> str:
        """Return its arguments in a few words, to stand beside its name: `16 of 5 × 5, stride 2, linear`."""
        return ""

    @property
    def description(self) -> str:
        """Return its arguments in a few words that stand alone: `784 units, relu`."""
        return self.summary

    @property
    def short_name(self) -> str:
        """Return the layer in a word or two, `32 relu`, or "" where it goes without saying."""
        return ""

    def keras_arguments(self, output_shape: Shape) -> dict[str, Any]:
        """Return the arguments of Keras's layer of the same name."""
        return dict(vars(self))

    @property
    def code_comment(self) -> str:
        """Return what its line of code leaves unsaid, or ""."""
        return ""


@dataclass(frozen=True)
class Flatten(Layer):
    label: ClassVar[str] = "Flatten"
    help: ClassVar[str] = "Puts the pixels of an image one behind the other, into one list."
    term: ClassVar[str] = "flatten"
    keeps_values: ClassVar[bool] = True
    drawn_as: ClassVar[str] = "bar"

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)

    @property
    def code_comment(self) -> str:
        return "the pixels in one list"


@dataclass(frozen=True)
class Reshape(Layer):
    """Give a grey image its channel axis; implied before the first layer that works on images, and in no menu."""

    label: ClassVar[str] = "Reshape"
    help: ClassVar[str] = "Gives a grey image its one channel."
    keeps_values: ClassVar[bool] = True
    hidden: ClassVar[bool] = True

    def output_shape(self, shape: Shape) -> Shape:
        return (*shape, 1)

    def keras_arguments(self, output_shape: Shape) -> dict[str, Any]:
        return {"target_shape": output_shape}

    @property
    def code_comment(self) -> str:
        return "a grey image has one channel"


@dataclass(frozen=True)
class Rescaling(Layer):
    """Multiply every pixel by `scale`: 255 makes of 0..1 the raw 0..255."""

    label: ClassVar[str] = "Rescaling"
    help: ClassVar[str] = "Multiplies every number by the same one: 255 gives the raw pixels, 0 to 255."
    keeps_values: ClassVar[bool] = True
    scale: float = 255.0

    @property
    def summary(self) -> str:
        return f"× {self.scale:.4g}"

    @property
    def description(self) -> str:
        return f"times {self.scale:.4g}"

    @property
    def code_comment(self) -> str:
        return "pixels from 0 to 255 again" if self.scale == 255 else f"every number times {self.scale:g}"


@dataclass(frozen=True)
class Dense(Layer):
    label: ClassVar[str] = "Dense"
    help: ClassVar[str] = "Each unit weighs all the numbers that come in, and adds them up."
    term: ClassVar[str] = "dense"
    lists_only: ClassVar[bool] = True
    has_kernel: ClassVar[bool] = True
    varied: ClassVar[tuple[str, ...]] = ("units",)
    keras_defaults: ClassVar[dict[str, Any]] = {"activation": "linear"}
    drawn_as: ClassVar[str] = "units"
    color: ClassVar[str] = "blue"
    units: int = 32
    activation: str = "relu"

    def output_shape(self, shape: Shape) -> Shape:
        return (self.units,)

    def weight_shapes(self, shape: Shape) -> tuple[Shape, ...]:
        return (math.prod(shape), self.units), (self.units,)

    def arithmetic(self, shape: Shape) -> str:
        return (
            f"{math.prod(shape):,} inputs × {self.units:,} units + {self.units:,} biases = {self.parameters(shape):,}"
        )

    @property
    def summary(self) -> str:
        return f"{self.units:,} {choice_label('activation', self.activation)}"

    @property
    def description(self) -> str:
        return f"{self.units:,} units, {choice_label('activation', self.activation)}"

    @property
    def short_name(self) -> str:
        return f"{self.units} {choice_label('activation', self.activation)}"


@dataclass(frozen=True)
class Conv2D(Layer):
    label: ClassVar[str] = "Convolution"
    help: ClassVar[str] = "Looks for small patterns anywhere in the image: each filter gives an image of its finds."
    term: ClassVar[str] = "convolution"
    images_only: ClassVar[bool] = True
    has_kernel: ClassVar[bool] = True
    varied: ClassVar[tuple[str, ...]] = ("filters", "kernel_size")
    keras_defaults: ClassVar[dict[str, Any]] = {
        "strides": 1,
        "padding": "valid",
        "use_bias": True,
        "activation": "linear",
    }
    too_small: ClassVar[str] = "a smaller kernel size or padding same"
    drawn_as: ClassVar[str] = "sheets"
    color: ClassVar[str] = "blue"
    filters: int = 16
    kernel_size: int = 3
    strides: int = 1
    padding: str = "same"
    use_bias: bool = True
    activation: str = "relu"

    def output_shape(self, shape: Shape) -> Shape:
        lost = 0 if self.padding == "same" else self.kernel_size - 1
        return (-(-(shape[0] - lost) // self.strides), -(-(shape[1] - lost) // self.strides), self.filters)

    def weight_shapes(self, shape: Shape) -> tuple[Shape, ...]:
        kernel = (self.kernel_size, self.kernel_size, shape[2], self.filters)
        return (kernel, (self.filters,)) if self.use_bias else (kernel,)

    def arithmetic(self, shape: Shape) -> str:
        biases = f" + {self.filters:,} biases" if self.use_bias else ""
        channels = f"{shape[2]:,} channel{'s' if shape[2] > 1 else ''}"
        return (
            f"{self.kernel_size} × {self.kernel_size} pixels × {channels} × {self.filters:,} filters{biases} = "
            f"{self.parameters(shape):,}"
        )

    @property
    def summary(self) -> str:
        stride = f", stride {self.strides}" if self.strides > 1 else ""
        activation = choice_label("activation", self.activation)
        return f"{self.filters} of {self.kernel_size} × {self.kernel_size}{stride}, {activation}"

    @property
    def description(self) -> str:
        parts = [
            f"{self.filters} filters of {self.kernel_size} × {self.kernel_size}",
            f"strides {self.strides}" if self.strides > 1 else "",
            choice_label("padding", self.padding).lower(),
            "" if self.activation == "linear" else choice_label("activation", self.activation),
            "" if self.use_bias else "no bias",
        ]
        return ", ".join(filter(None, parts))

    @property
    def short_name(self) -> str:
        return f"conv {self.filters}"


@dataclass(frozen=True)
class _Pooling2D(Layer):
    term: ClassVar[str] = "pooling"
    images_only: ClassVar[bool] = True
    drawn_as: ClassVar[str] = "sheets"
    color: ClassVar[str] = "sky"
    pool_size: int = 2

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[0] // self.pool_size, shape[1] // self.pool_size, shape[2])

    @property
    def summary(self) -> str:
        return f"{self.pool_size} × {self.pool_size}"

    @property
    def short_name(self) -> str:
        return "pool"


@dataclass(frozen=True)
class MaxPooling2D(_Pooling2D):
    label: ClassVar[str] = "Max pooling"
    help: ClassVar[str] = "Keeps the largest of each few pixels: a smaller image, and small shifts matter less."

    @property
    def code_comment(self) -> str:
        return f"the largest of each {self.pool_size} x {self.pool_size}"


@dataclass(frozen=True)
class AveragePooling2D(_Pooling2D):
    label: ClassVar[str] = "Average pooling"
    help: ClassVar[str] = "Makes the mean of each few pixels: a smaller, softer image."


@dataclass(frozen=True)
class GlobalAveragePooling2D(Layer):
    label: ClassVar[str] = "Global average pooling"
    help: ClassVar[str] = "Makes one number of each channel's image: its mean."
    term: ClassVar[str] = "pooling"
    images_only: ClassVar[bool] = True
    drawn_as: ClassVar[str] = "units"
    color: ClassVar[str] = "sky"

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[2],)

    @property
    def short_name(self) -> str:
        return "pool"


@dataclass(frozen=True)
class BatchNormalization(Layer):
    label: ClassVar[str] = "Batch normalisation"
    help: ClassVar[str] = "Brings what comes in to mean 0 and spread 1, batch by batch: deeper networks learn faster."
    term: ClassVar[str] = "batch normalisation"
    keras_defaults: ClassVar[dict[str, Any]] = {"momentum": 0.99}
    color: ClassVar[str] = "sky"
    momentum: float = 0.99

    def weight_shapes(self, shape: Shape) -> tuple[Shape, ...]:
        return ((shape[-1],),) * 4

    def arithmetic(self, shape: Shape) -> str:
        return f"4 numbers (scale, shift, mean, variance) × {shape[-1]:,} channels = {self.parameters(shape):,}"

    @property
    def summary(self) -> str:
        return f"momentum {number(self.momentum)}"

    @property
    def code_comment(self) -> str:
        return "mean 0, spread 1"


@dataclass(frozen=True)
class Dropout(Layer):
    label: ClassVar[str] = "Dropout"
    help: ClassVar[str] = "Sets some of the numbers to 0 while training, at random: nothing is learned by heart."
    term: ClassVar[str] = "dropout"
    training_only: ClassVar[bool] = True
    keeps_values: ClassVar[bool] = True
    varied: ClassVar[tuple[str, ...]] = ("rate",)
    rate: float = 0.3

    @property
    def summary(self) -> str:
        return f"{100 * self.rate:.3g} %"

    @property
    def short_name(self) -> str:
        return f"dropout {number(self.rate)}"

    @property
    def code_comment(self) -> str:
        return f"{100 * self.rate:.3g} % are left out at random while it learns"


@dataclass(frozen=True)
class SpatialDropout2D(Dropout):
    label: ClassVar[str] = "Spatial dropout"
    help: ClassVar[str] = "Sets whole images to 0 while training, at random, filter by filter: none is relied on."
    images_only: ClassVar[bool] = True

    @property
    def code_comment(self) -> str:
        return f"{100 * self.rate:.3g} % of the images are left out at random while it learns"


@dataclass(frozen=True)
class Activation(Layer):
    label: ClassVar[str] = "Activation"
    help: ClassVar[str] = "Bends each number on its own: without it, layers upon layers could do no more than one."
    term: ClassVar[str] = "activation"
    color: ClassVar[str] = "orange"
    activation: str = "relu"

    @property
    def summary(self) -> str:
        return choice_label("activation", self.activation)

    @property
    def code_comment(self) -> str:
        return "what is below 0 becomes 0" if self.activation == "relu" else ""


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
        SpatialDropout2D,
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

    Adds the channel axis before the first layer on images, Flatten before the first one on lists, and the output
    layer, Dense(10, softmax). Raises LayerError, with what would mend it, where a layer cannot work.
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
        if layer.images_only and len(shape) == 2:
            add(Reshape(), implied=True)
        if layer.images_only and len(shape) == 1:
            mend = f"up or remove {flattened_by[0]}" if len(flattened_by) == 1 else f"up, before {flattened_by[0]}"
            raise LayerError(
                f"Layer {place}, {kind}, works on images, but {flattened_by[0]} before it made a list of numbers: "
                f"move {kind} {mend}.",
                place,
                tuple(rows),
            )
        if layer.lists_only and len(shape) > 1:
            add(Flatten(), implied=True)
        if layer.images_only and min(layer.output_shape(shape)) < 1:
            raise LayerError(
                f"Layer {place}, {kind}, needs a larger image than the {shape[0]} × {shape[1]} that is left: "
                f"use {layer.too_small}, or remove a layer that makes the image smaller.",
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
    """Return the name Keras would give: MaxPooling2D -> max_pooling2d."""
    return "".join(
        f"_{b.lower()}" if b.isupper() and a.islower() else b.lower() for a, b in zip(" " + name, name, strict=False)
    )
