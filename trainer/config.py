"""What can be chosen: the layers of a network and how it is trained.

A config holds names and numbers, never objects of Keras, and is checked once, when it is made.
Layers, arguments and activations have the names that Keras gives them. Standard library only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, TypeVar

from trainer import UserError

VERSION = 1  # of the JSON form
CLASSES = 10
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Limit:
    """The smallest and the largest value of a setting; with `below`, the largest itself is not allowed."""

    low: float
    high: float
    below: bool = False
    whole: bool = False

    def check(self, what: str, value: object) -> None:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and self.low <= value <= self.high and not (self.below and value == self.high):  # type: ignore[operator]
            if not self.whole or isinstance(value, int):
                return
        kind = "a whole number" if self.whole else "a number"
        bounds = f"of at least {self.low:g} and below" if self.below else f"from {self.low:,g} to"
        raise UserError(f"{what} must be {kind} {bounds} {_number(self.high)} (got {value!r}).")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


# Every limit, by the argument's name; the form reads them, and a worker checks them again.
LIMITS = {
    "units": Limit(1, 2048, whole=True),
    "filters": Limit(1, 512, whole=True),
    "kernel_size": Limit(1, 11, whole=True),
    "strides": Limit(1, 4, whole=True),
    "pool_size": Limit(2, 7, whole=True),
    "rate": Limit(0, 1, below=True),
    "momentum": Limit(0, 1, below=True),
    "scale": Limit(1 / 255, 255),
    "beta_1": Limit(0, 1, below=True),
    "beta_2": Limit(0, 1, below=True),
    "rho": Limit(0, 1, below=True),
    "weight_decay": Limit(0, 1),
    "learning_rate": Limit(1e-6, 100),
    "batch_size": Limit(1, 10_000, whole=True),
    "epochs": Limit(1, 200, whole=True),
    "validation_split": Limit(0, 0.5),
    "training_examples": Limit(100, 60_000, whole=True),
    "seed": Limit(0, 2**31 - 1, whole=True),
    "time_limit": Limit(1, 3600, whole=True),  # seconds
    "layers": Limit(0, 20, whole=True),
    "parameters": Limit(0, 5_000_000, whole=True),
    "memory": Limit(0, 2_000_000_000),  # bytes, see TrainingConfig.memory
}
CHOICES = {
    "activation": ("linear", "relu", "sigmoid", "tanh", "softmax", "elu", "gelu", "swish", "leaky_relu"),
    "padding": ("valid", "same"),
    "schedule": ("constant", "one_cycle"),
    "kernel_initializer": ("glorot_uniform", "he_normal"),
    "dataset": ("mnist",),
}
INPUT_SHAPES: dict[str, Shape] = {"mnist": (28, 28)}

# What each setting is and what to look for, in a line for the page.
MEANINGS = {
    "units": "Neurons in this layer: more can learn more, and take longer.",
    "activation": "What a neuron makes of its sum: relu keeps what is above 0, sigmoid squeezes it between 0 and 1.",
    "filters": "Small patterns this layer looks for; each gives an image of where it was found.",
    "kernel_size": "Pixels a side of each pattern.",
    "strides": "Pixels from one place to the next: 2 halves the image.",
    "padding": "same: paper is added around, the image keeps its size; valid: the border is lost.",
    "use_bias": "Whether each neuron adds a number of its own.",
    "pool_size": "Pixels a side that become one.",
    "momentum": "Share of the last step, or of the last average, that is kept.",
    "rate": "Share of the numbers set to 0 while training, at random: it keeps a network from learning by heart.",
    "scale": "Number that every pixel is multiplied by: 255 gives the raw 0 to 255.",
    "optimizer": "The rule that moves the weights. SGD: a step down the slope. Adam: with a step size of its own for each.",
    "beta_1": "How long Adam remembers the slope.",
    "beta_2": "How long Adam remembers the slope's size.",
    "rho": "How long RMSprop remembers the slope's size.",
    "learning_rate": "Size of a step: too small learns slowly, too large jumps about or breaks off.",
    "schedule": "constant: the same rate throughout. one_cycle: up during the first fifth, then down to 0.",
    "batch_size": "Digits looked at before each step: small batches make more steps an epoch, and slower epochs.",
    "epochs": "How often all training digits are gone through.",
    "validation_split": "Share of the training digits kept aside to see how it reads digits it has not learned from.",
    "training_examples": "Training digits used: with few, a network learns them by heart.",
    "kernel_initializer": "How the weights are drawn before the first step: he_normal suits relu.",
    "seed": "Number that all chance comes from: the same seed gives the same run.",
    "time_limit": "Seconds after which training stops, and keeps what it has learned.",
}


@dataclass(frozen=True)
class _Checked:
    """A frozen value whose fields are checked, by their names, against LIMITS and CHOICES."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            what = f"{type(self).__name__} {item.name}" if isinstance(self, (Layer, Optimizer)) else item.name
            if item.name in LIMITS and not isinstance(value, tuple):
                LIMITS[item.name].check(what, value)
            elif item.name in CHOICES and value not in CHOICES[item.name]:
                raise UserError(f"{what} must be one of {', '.join(CHOICES[item.name])} (got {value!r}).")
            elif item.type == "bool" and not isinstance(value, bool):
                raise UserError(f"{what} must be true or false (got {value!r}).")


# --- layers ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layer(_Checked):
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


# --- optimizers -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Optimizer(_Checked):
    """A rule that moves the weights; the learning rate stands in TrainingConfig."""

    usual_learning_rate: ClassVar[float] = 0.001


@dataclass(frozen=True)
class SGD(Optimizer):
    usual_learning_rate: ClassVar[float] = 0.01
    momentum: float = 0.0


@dataclass(frozen=True)
class Adam(Optimizer):
    beta_1: float = 0.9
    beta_2: float = 0.999


@dataclass(frozen=True)
class RMSprop(Optimizer):
    rho: float = 0.9


OPTIMIZERS: dict[str, type[Optimizer]] = {kind.__name__: kind for kind in (SGD, Adam, RMSprop)}


# --- the whole ------------------------------------------------------------------------------------------------


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


@dataclass(frozen=True)
class TrainingConfig(_Checked):
    """A network and its training; refuses, with a sentence, what cannot be trained.

    The output layer, Dense(10, softmax), is implied, and so is the loss, categorical cross-entropy.
    """

    layers: tuple[Layer, ...] = (Dense(32, "relu"),)
    optimizer: Optimizer = SGD()
    learning_rate: float = 0.01
    schedule: str = "constant"  # one_cycle: the learning rate is the highest, see learning_rate_at
    batch_size: int = 32
    epochs: int = 5
    validation_split: float = 0.1
    training_examples: int = 60_000  # at most; validation is split off them
    kernel_initializer: str = "glorot_uniform"  # of the layers before the output layer
    seed: int = 0
    time_limit: int = 600  # seconds
    dataset: str = "mnist"

    def __post_init__(self) -> None:
        if not isinstance(self.layers, tuple) or not all(type(layer) in LAYERS.values() for layer in self.layers):
            raise UserError(f"layers must be a tuple of layers (got {self.layers!r}).")
        if type(self.optimizer) not in OPTIMIZERS.values():
            raise UserError(f"optimizer must be one of {', '.join(OPTIMIZERS)} (got {self.optimizer!r}).")
        super().__post_init__()
        most = LIMITS["layers"].high
        if len(self.layers) > most:
            raise UserError(f"A network may have at most {most} layers (got {len(self.layers)}): remove some.")
        parameters, most = parameter_count(self), LIMITS["parameters"].high
        if parameters > most:
            raise UserError(
                f"A network may have at most {most:,} parameters (got {parameters:,}): use fewer units or filters."
            )
        memory, most = self.memory, LIMITS["memory"].high
        if memory > most:
            raise UserError(
                f"Training may take at most {most / 1e9:g} GB of memory (this needs about {memory / 1e9:.1f} GB): "
                "use a smaller batch size, fewer filters or larger strides."
            )

    @property
    def table(self) -> tuple[Row, ...]:
        return layer_table(self.layers, INPUT_SHAPES[self.dataset])

    @property
    def memory(self) -> int:
        """Estimate the bytes that training takes: float32 weights, gradients and optimizer, and a batch's outputs."""
        outputs = sum(math.prod(row.output_shape) for row in self.table)
        return 4 * (4 * parameter_count(self) + 2 * self.batch_size * outputs)

    def to_json(self) -> str:
        named = {"version": VERSION, **asdict(self)}
        named["layers"] = [_named(layer) for layer in self.layers]
        named["optimizer"] = _named(self.optimizer)
        return json.dumps(named)

    @classmethod
    def from_json(cls, text: str) -> TrainingConfig:
        """Read what `to_json` wrote; what is left out has its default. Raises UserError for anything else."""
        try:
            named = json.loads(text)
        except (ValueError, RecursionError):
            raise UserError("A configuration must be JSON (got something else): copy the link once more.") from None
        if not isinstance(named, dict) or named.pop("version", None) != VERSION:
            raise UserError(f"A configuration must be a JSON object of version {VERSION}: copy the link once more.")
        layers = named.get("layers", [])
        if not isinstance(layers, list):
            raise UserError(f"layers must be a list (got {layers!r}).")
        if "layers" in named:
            named["layers"] = tuple(_from_named(layer, LAYERS, "layer") for layer in layers)
        if "optimizer" in named:
            named["optimizer"] = _from_named(named["optimizer"], OPTIMIZERS, "optimizer")
        return _make(cls, named)


def _named(value: Layer | Optimizer) -> dict[str, Any]:
    return {"name": type(value).__name__, **asdict(value)}


T = TypeVar("T")


def _from_named(named: object, kinds: Mapping[str, type[T]], what: str) -> T:
    if not isinstance(named, dict) or not isinstance(named.get("name"), str) or named["name"] not in kinds:
        raise UserError(f"A {what} must be one of {', '.join(kinds)} (got {named!r}).")
    return _make(kinds[named["name"]], {key: value for key, value in named.items() if key != "name"})


def _make(kind: type[T], values: dict[str, Any]) -> T:
    known = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(values) - known):
        raise UserError(f"{kind.__name__} has no setting {unknown[0]!r}: it has {', '.join(sorted(known)) or 'none'}.")
    return kind(**values)


def parameter_count(config: TrainingConfig) -> int:
    """Count the weights in closed form, moving means and variances of batch normalisation included."""
    return sum(row.parameters for row in config.table)


def short_form(config: TrainingConfig) -> str:
    """Return the layers in a few words: `784 relu - 32 relu`; the output layer goes without saying."""
    words = [word for layer in config.layers if (word := _short(layer))]
    return " - ".join(words) or "no hidden layer"


def _short(layer: Layer) -> str:
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


def learning_rate_at(config: TrainingConfig, step: int, steps: int) -> float:
    """Return the learning rate of update `step` (from 0) of `steps` in the whole training.

    One-cycle: the first 20 % up from a tenth of the learning rate, then linearly down to 0.
    """
    if config.schedule == "constant":
        return config.learning_rate
    rise = max(1.0, 0.2 * steps)
    if step < rise:
        return config.learning_rate * (0.1 + 0.9 * step / rise)
    return config.learning_rate * max(0.0, steps - step) / max(1.0, steps - rise)


# --- presets --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preset:
    title: str
    note: str  # what to look for, one or two sentences
    config: TrainingConfig


def _convolution(filters: int, kernel_size: int, strides: int = 1) -> tuple[Layer, ...]:
    return (
        Conv2D(filters, kernel_size, strides, "same", use_bias=False, activation="linear"),
        BatchNormalization(0.9),
        Activation("relu"),
    )


PRESETS = {
    "tutorial_a": Preset(
        "Tutorial A",
        "Two dense layers, 640,890 parameters. Its text claims 95 to 98 %; with these settings it reaches about 92 %.",
        TrainingConfig(
            layers=(Flatten(), Dense(784, "relu"), Dense(32, "relu")), batch_size=500, epochs=20, validation_split=0.1
        ),
    ),
    "tutorial_b": Preset(
        "Tutorial B",
        "Ten sigmoid units, 7,960 parameters. Its text claims 90.2 %; it reaches 89 to 90 %.",
        TrainingConfig(layers=(Flatten(), Dense(10, "sigmoid")), batch_size=32, epochs=10, validation_split=0.0),
    ),
    "small_cnn": Preset(
        "Small CNN",
        "Convolutions look for strokes anywhere in the image: few parameters, and the best of the three.",
        TrainingConfig(
            layers=(
                *_convolution(16, 5, strides=2),
                *_convolution(32, 3),
                MaxPooling2D(2),
                *_convolution(64, 3),
                MaxPooling2D(2),
                Flatten(),
                Dropout(0.3),
            ),
            optimizer=Adam(beta_2=0.99),
            learning_rate=0.006,
            schedule="one_cycle",
            batch_size=128,
            epochs=3,
            validation_split=0.1,
            kernel_initializer="he_normal",
        ),
    ),
}
