"""The base class of all layers: what the app knows of a kind of layer.

Standard library only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from trainer.config.limits import Checked

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
