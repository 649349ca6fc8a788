"""Layer, the base class of all kinds of layers. Standard library only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from trainer.config.checked import Checked

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer(Checked):
    """A layer. Its fields are Keras's arguments; its class holds everything else that the app needs about its kind."""

    label: ClassVar[str] = ""  # its name on the pages
    help: ClassVar[str] = ""  # one sentence; the menu shows it up to its colon
    term: ClassVar[str] = ""  # its glossary entry

    images_only: ClassVar[bool] = False  # accepts (height, width, channels) only
    lists_only: ClassVar[bool] = False  # accepts (n,) only: Flatten is implied before it
    has_kernel: ClassVar[bool] = False  # has a kernel: initializer, L2 and an activation apply
    training_only: ClassVar[bool] = False  # returns its input unchanged at inference
    keeps_values: ClassVar[bool] = False  # at inference, only reorders or scales its input
    hidden: ClassVar[bool] = False  # left out of pictures and comparisons
    varied: ClassVar[tuple[str, ...]] = ()  # arguments that a sweep can vary
    keras_defaults: ClassVar[dict[str, Any]] = {}  # arguments that generated code omits at this value
    too_small_remedy: ClassVar[str] = "a smaller pool size"  # if the image is too small for it

    drawn_as: ClassVar[str] = "mark"  # in the network diagram: "sheets", "units", "bar" or "mark"
    color: ClassVar[str] = "neutral"  # in the network diagram: "blue", "sky", "orange" or "neutral"

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    @property
    def keeps_shape(self) -> bool:
        return type(self).output_shape is Layer.output_shape

    def weight_shapes(self, shape: Shape) -> tuple[Shape, ...]:
        """Return the shapes of its weights, in Keras's order, for an input of `shape`."""
        return ()

    def parameters(self, shape: Shape) -> int:
        return sum(map(math.prod, self.weight_shapes(shape)))

    def multiply_adds(self, shape: Shape) -> int:
        """Return how many products of an input and a weight it adds up for one image."""
        return 0

    def arithmetic(self, shape: Shape) -> str:
        """Return the calculation of `parameters`: `784 inputs × 32 units + 32 biases = 25,120`."""
        return "no weights: 0 parameters"

    @property
    def summary(self) -> str:
        """Return its arguments in short, to follow its name: `16 of 5 × 5, stride 2, linear`."""
        return ""

    @property
    def description(self) -> str:
        """Return its arguments in short, to stand alone: `784 units, relu`."""
        return self.summary

    @property
    def short_name(self) -> str:
        """Return the layer in a word or two, `32 relu`; "" for layers that a summary leaves out."""
        return ""

    def keras_arguments(self, output_shape: Shape) -> dict[str, Any]:
        """Return the arguments for Keras's layer of the same name."""
        return dict(vars(self))

    @property
    def code_comment(self) -> str:
        """Return the comment beside its line of generated code, or ""."""
        return ""
