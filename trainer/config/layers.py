"""The kinds of layers: a class each, with Keras's name and arguments, listed in LAYERS. To add one: docs/extending.md.

Longer than 300 lines because it is one table of short classes. Standard library only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from trainer.config.layer import Layer, Shape
from trainer.config.limits import choice_label
from trainer.text import counted, number


@dataclass(frozen=True)
class Flatten(Layer):
    label: ClassVar[str] = "Flatten"
    help: ClassVar[str] = "Turns the image into one long list of numbers."
    term: ClassVar[str] = "flatten"
    keeps_values: ClassVar[bool] = True
    drawn_as: ClassVar[str] = "bar"

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)

    @property
    def code_comment(self) -> str:
        return "the pixels as one list"


@dataclass(frozen=True)
class Reshape(Layer):
    """Add the channel axis to a grayscale image; implied before the first layer on images, and in no menu."""

    label: ClassVar[str] = "Reshape"
    help: ClassVar[str] = "Adds the channel axis to a grayscale image."
    keeps_values: ClassVar[bool] = True
    hidden: ClassVar[bool] = True

    def output_shape(self, shape: Shape) -> Shape:
        return (*shape, 1)

    def keras_arguments(self, output_shape: Shape) -> dict[str, Any]:
        return {"target_shape": output_shape}

    @property
    def code_comment(self) -> str:
        return "a grayscale image has one channel"


@dataclass(frozen=True)
class Rescaling(Layer):
    """Multiply every value by `scale`: 255 turns pixels 0..1 back into raw pixels 0..255."""

    label: ClassVar[str] = "Rescaling"
    help: ClassVar[str] = "Multiplies every value by the same factor: 255 turns pixels back into 0 to 255."
    keeps_values: ClassVar[bool] = True
    scale: float = 255.0

    @property
    def summary(self) -> str:
        return f"× {number(self.scale, 4)}"

    @property
    def description(self) -> str:
        return f"times {number(self.scale, 4)}"

    @property
    def code_comment(self) -> str:
        return "pixels 0 to 255 again" if self.scale == 255 else f"every value times {number(self.scale)}"


@dataclass(frozen=True)
class Dense(Layer):
    label: ClassVar[str] = "Dense"
    help: ClassVar[str] = "Each unit computes a weighted sum of all inputs and adds its bias."
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

    def multiply_adds(self, shape: Shape) -> int:
        return math.prod(shape) * self.units

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
    help: ClassVar[str] = (
        "Looks for small patterns everywhere in the image: each filter outputs an image of its matches."
    )
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
    too_small_remedy: ClassVar[str] = "a smaller kernel size or the padding Same"
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

    def multiply_adds(self, shape: Shape) -> int:
        return math.prod(self.output_shape(shape)) * self.kernel_size**2 * shape[2]

    def arithmetic(self, shape: Shape) -> str:
        biases = f" + {self.filters:,} biases" if self.use_bias else ""
        channels = counted(shape[2], "channel")
        return (
            f"{self.kernel_size} × {self.kernel_size} pixels × {channels} × {self.filters:,} filters{biases} = "
            f"{self.parameters(shape):,}"
        )

    @property
    def summary(self) -> str:
        stride = f", stride {self.strides}" if self.strides > 1 else ""
        activation = choice_label("activation", self.activation)
        return f"{self.filters:,} of {self.kernel_size} × {self.kernel_size}{stride}, {activation}"

    @property
    def description(self) -> str:
        parts = [
            f"{self.filters:,} filters of {self.kernel_size} × {self.kernel_size}",
            f"strides of {self.strides}" if self.strides > 1 else "",
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
    help: ClassVar[str] = (
        "Keeps the largest value of each block of pixels: the image shrinks, and small shifts matter less."
    )

    @property
    def code_comment(self) -> str:
        return f"the largest of each {self.pool_size} x {self.pool_size} block"


@dataclass(frozen=True)
class AveragePooling2D(_Pooling2D):
    label: ClassVar[str] = "Average pooling"
    help: ClassVar[str] = "Keeps the mean of each block of pixels: the image shrinks and gets softer."


@dataclass(frozen=True)
class GlobalAveragePooling2D(Layer):
    label: ClassVar[str] = "Global average pooling"
    help: ClassVar[str] = "Replaces each channel's image by its mean: one number per channel."
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
    label: ClassVar[str] = "Batch normalization"
    help: ClassVar[str] = (
        "Scales each channel to mean 0 and standard deviation 1 within a batch: deeper networks learn faster."
    )
    term: ClassVar[str] = "batch normalization"
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
        return "mean 0, standard deviation 1"


@dataclass(frozen=True)
class Dropout(Layer):
    label: ClassVar[str] = "Dropout"
    help: ClassVar[str] = (
        "Sets random values to 0 during training: the network cannot rely on single values, so it overfits less."
    )
    term: ClassVar[str] = "dropout"
    training_only: ClassVar[bool] = True
    keeps_values: ClassVar[bool] = True
    varied: ClassVar[tuple[str, ...]] = ("rate",)
    rate: float = 0.3

    @property
    def summary(self) -> str:
        return f"{number(100 * self.rate, 3)} %"

    @property
    def short_name(self) -> str:
        return f"dropout {number(self.rate)}"

    @property
    def code_comment(self) -> str:
        return f"sets {self.summary} of the values to 0 during training"


@dataclass(frozen=True)
class SpatialDropout2D(Dropout):
    label: ClassVar[str] = "Spatial dropout"
    help: ClassVar[str] = (
        "Sets random channels to 0 during training: the network cannot rely on single filters, so it overfits less."
    )
    images_only: ClassVar[bool] = True

    @property
    def code_comment(self) -> str:
        return f"sets {self.summary} of the channels to 0 during training"


@dataclass(frozen=True)
class Activation(Layer):
    label: ClassVar[str] = "Activation"
    help: ClassVar[str] = (
        "Applies a function to each value: without one, several layers could do no more than a single layer."
    )
    term: ClassVar[str] = "activation"
    color: ClassVar[str] = "orange"
    activation: str = "relu"

    @property
    def summary(self) -> str:
        return choice_label("activation", self.activation)

    @property
    def code_comment(self) -> str:
        return "negative values become 0" if self.activation == "relu" else ""


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
