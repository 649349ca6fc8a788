"""What can be chosen: the layers of a network and how it is trained.

A config holds names and numbers, never objects of Keras, and is checked once, when it is made.
Optimizers and arguments have the names that Keras gives them. Standard library only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, TypeVar

from trainer import UserError
from trainer.layers import (
    LAYERS,
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
    Row,
    layer_table,
    short_name,
)
from trainer.limits import INPUT_SHAPES, LIMITS, Checked

VERSION = 1  # of the JSON form


# --- optimizers -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Optimizer(Checked):
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
class TrainingConfig(Checked):
    """A network and its training; refuses, with a sentence, what cannot be trained.

    The output layer, Dense(10, softmax), is implied, and so is the loss, categorical cross-entropy.
    """

    names_itself: ClassVar[bool] = False
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
    words = [word for layer in config.layers if (word := short_name(layer))]
    return " - ".join(words) or "no hidden layer"


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
            learning_rate=0.01,
            schedule="one_cycle",
            batch_size=128,
            epochs=5,
            validation_split=0.1,
            kernel_initializer="he_normal",
        ),
    ),
}
