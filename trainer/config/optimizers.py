"""The optimizers: a class each, with Keras's name and arguments, listed in OPTIMIZERS. To add one: docs/extending.md.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from trainer.config.checked import Checked
from trainer.config.limits import in_sentence


@dataclass(frozen=True)
class Optimizer(Checked):
    """A rule that updates the weights. The learning rate is a field of TrainingConfig.

    Its fields are Keras's arguments; its class holds everything else that the app needs about it.
    """

    label: ClassVar[str] = ""  # its name on the pages
    help: ClassVar[str] = ""  # how it differs from the others, in a sentence
    default_learning_rate: ClassVar[float] = 0.001


@dataclass(frozen=True)
class SGD(Optimizer):
    label: ClassVar[str] = "SGD"
    help: ClassVar[str] = "Steps against the gradient of each batch; momentum adds part of the previous step."
    default_learning_rate: ClassVar[float] = 0.01
    momentum: float = 0.0


@dataclass(frozen=True)
class Adam(Optimizer):
    label: ClassVar[str] = "Adam"
    help: ClassVar[str] = "Scales each weight's step by running averages of its gradients and squared gradients."
    beta_1: float = 0.9
    beta_2: float = 0.999


@dataclass(frozen=True)
class AdamW(Adam):
    label: ClassVar[str] = "AdamW"
    help: ClassVar[str] = "Like Adam, but also shrinks the weights (weight decay)."
    weight_decay: float = 0.004


@dataclass(frozen=True)
class RMSprop(Optimizer):
    label: ClassVar[str] = "RMSprop"
    help: ClassVar[str] = (
        "Scales each weight's step by a running average of its squared gradients; it came before Adam."
    )
    rho: float = 0.9


@dataclass(frozen=True)
class Adagrad(Optimizer):
    label: ClassVar[str] = "Adagrad"
    help: ClassVar[str] = "Scales each weight's step by the sum of all its squared gradients, so the steps only shrink."
    default_learning_rate: ClassVar[float] = 0.01
    initial_accumulator_value: float = 0.1


@dataclass(frozen=True)
class Lion(Optimizer):
    label: ClassVar[str] = "Lion"
    help: ClassVar[str] = "Steps of equal size for all weights; only the sign of the averaged gradient counts."
    default_learning_rate: ClassVar[float] = 0.0003
    beta_1: float = 0.9
    beta_2: float = 0.99


OPTIMIZERS: dict[str, type[Optimizer]] = {kind.__name__: kind for kind in (SGD, Adam, AdamW, RMSprop, Adagrad, Lion)}


def optimizer_help() -> str:
    """Return the help text of the optimizer menu: what each optimizer does."""
    return " ".join(f"{kind.label}: {in_sentence(kind.help)}" for kind in OPTIMIZERS.values())
