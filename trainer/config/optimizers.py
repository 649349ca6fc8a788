"""The optimizers, each a class with Keras's name and arguments, listed in OPTIMIZERS.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from trainer.config.limits import Checked, within


@dataclass(frozen=True)
class Optimizer(Checked):
    """A rule that moves the weights; the learning rate stands in TrainingConfig.

    Its fields are Keras's arguments; its class says everything else that the app knows of its kind.
    """

    label: ClassVar[str] = ""  # what people call it
    help: ClassVar[str] = ""  # what is special about it, in a sentence
    usual_learning_rate: ClassVar[float] = 0.001


@dataclass(frozen=True)
class SGD(Optimizer):
    label: ClassVar[str] = "SGD"
    help: ClassVar[str] = "A step down the slope, which momentum makes a rolling ball."
    usual_learning_rate: ClassVar[float] = 0.01
    momentum: float = 0.0


@dataclass(frozen=True)
class Adam(Optimizer):
    label: ClassVar[str] = "Adam"
    help: ClassVar[str] = "A step size of its own for each weight, from how its slope went before."
    beta_1: float = 0.9
    beta_2: float = 0.999


@dataclass(frozen=True)
class AdamW(Adam):
    label: ClassVar[str] = "AdamW"
    help: ClassVar[str] = "Like Adam, and it shrinks the weights, too."
    weight_decay: float = 0.004


@dataclass(frozen=True)
class RMSprop(Optimizer):
    label: ClassVar[str] = "RMSprop"
    help: ClassVar[str] = "A step size of its own for each weight, by the latest slopes alone: it came before Adam."
    rho: float = 0.9


@dataclass(frozen=True)
class Adagrad(Optimizer):
    label: ClassVar[str] = "Adagrad"
    help: ClassVar[str] = "A step size of its own for each weight, which only shrinks: it came before RMSprop."
    usual_learning_rate: ClassVar[float] = 0.01
    initial_accumulator_value: float = 0.1


@dataclass(frozen=True)
class Lion(Optimizer):
    label: ClassVar[str] = "Lion"
    help: ClassVar[str] = "Equal steps for all weights: only the slope's direction counts."
    usual_learning_rate: ClassVar[float] = 0.0003
    beta_1: float = 0.9
    beta_2: float = 0.99


OPTIMIZERS: dict[str, type[Optimizer]] = {kind.__name__: kind for kind in (SGD, Adam, AdamW, RMSprop, Adagrad, Lion)}


def optimizer_help() -> str:
    """Say what each optimizer does, for the menu that offers them."""
    return " ".join(f"{kind.label}: {within(kind.help)}" for kind in OPTIMIZERS.values())
