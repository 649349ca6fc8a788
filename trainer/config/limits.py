"""Settings: the label, help and unit of each, its limits and its choices, by the name that Keras or a config gives it.

People read labels, files and code hold names. Pages read these tables to ask, and every checked value reads them when
it is made. Standard library only.
"""

from __future__ import annotations

import functools
import typing
from dataclasses import dataclass
from typing import ClassVar

from trainer import UserError
from trainer.text import number, shortened

CLASSES = 10  # the digits 0 to 9
SHOWN = 80  # letters of a value that is refused


@dataclass(frozen=True)
class Limit:
    """The smallest and the largest value of a setting; with `below`, the largest itself is not allowed."""

    low: float
    high: float
    below: bool = False
    whole: bool = False

    def check(self, what: str, value: object, unit: str = "") -> None:
        """Raise UserError, which begins with `what`, where a value is no number within the limits."""
        right = isinstance(value, int if self.whole else (int, float)) and not isinstance(value, bool)
        if right and self.low <= value <= self.high and not (self.below and value == self.high):  # type: ignore[operator]
            return
        kind = "a whole number " if self.whole else ""
        low, high = number(self.low), number(self.high)
        bounds = f"at least {low} and below {high}" if self.below else f"between {low} and {high}"
        unit = f" {unit}" if unit else ""
        raise UserError(f"{what} must be {kind}{bounds}{unit} (got {shown(value)}).")


def shown(value: object) -> str:
    """Return a value that anybody may have sent as it is written in a program, in few letters."""
    try:
        return shortened(repr(value), SHOWN)
    except (ValueError, RecursionError):  # a whole number of thousands of digits, or lists in lists
        return f"a {type(value).__name__} that is too large"


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
    "initial_accumulator_value": Limit(0, 10),
    "learning_rate": Limit(1e-6, 100),
    "batch_size": Limit(1, 10_000, whole=True),
    "epochs": Limit(1, 200, whole=True),
    "validation_split": Limit(0, 0.5),
    "patience": Limit(0, 50, whole=True),  # epochs; 0: no early stopping
    "training_examples": Limit(100, 60_000, whole=True),
    "synthetic_examples": Limit(0, 60_000, whole=True),
    "own_examples": Limit(0, 15_000, whole=True),
    "l2": Limit(0, 1),
    "shift": Limit(0, 8),  # pixels
    "rotation": Limit(0, 45),  # degrees
    "zoom": Limit(0, 0.5),
    "seed": Limit(0, 2**31 - 1, whole=True),
    "time_limit": Limit(1, 3600, whole=True),  # seconds
    "layers": Limit(0, 20, whole=True),
    "parameters": Limit(0, 5_000_000, whole=True),
    "memory": Limit(0, 2_000_000_000),  # bytes, see TrainingConfig.memory
}
# Every choice of a setting, and its label.
CHOICE_LABELS = {
    "activation": {
        "linear": "linear",
        "relu": "relu",
        "sigmoid": "sigmoid",
        "tanh": "tanh",
        "softmax": "softmax",
        "elu": "elu",
        "gelu": "gelu",
        "swish": "swish",
        "leaky_relu": "leaky relu",
    },
    "padding": {"valid": "Valid", "same": "Same"},
    "schedule": {"constant": "Constant", "one_cycle": "One-cycle", "cosine": "Cosine", "step": "Step"},
    "loss": {
        "categorical_crossentropy": "Categorical cross-entropy",
        "mean_squared_error": "Mean squared error",
    },
    "dtype": {"float32": "float32", "mixed_bfloat16": "Mixed bfloat16"},
    "kernel_initializer": {"glorot_uniform": "Glorot uniform", "he_normal": "He normal"},
}
CHOICES = {name: tuple(labels) for name, labels in CHOICE_LABELS.items()}


@dataclass(frozen=True)
class Explained:
    """How people read of a setting: its label, what it is and what to look for, and the unit of its numbers."""

    label: str
    help: str
    unit: str = ""

    @property
    def title(self) -> str:
        """Return the label with the unit, as a form shows it: `Shift, pixels`."""
        return f"{self.label}, {self.unit}" if self.unit else self.label


SETTINGS = {
    "units": Explained("Units", "Neurons of this layer: more can learn more, and take longer."),
    "activation": Explained(
        "Activation",
        "What a unit makes of its sum: relu keeps what is above 0, sigmoid squeezes it between 0 and 1.",
    ),
    "filters": Explained("Filters", "Small patterns this layer looks for; each gives an image of where it was found."),
    "kernel_size": Explained("Kernel size", "Pixels a side of each pattern."),
    "strides": Explained("Strides", "Pixels from one place to the next: 2 halves the image."),
    "padding": Explained(
        "Padding", "Same: paper is added around, the image keeps its size. Valid: the border is lost."
    ),
    "use_bias": Explained("Use bias", "Whether each neuron adds a number of its own."),
    "pool_size": Explained("Pool size", "Pixels a side that become one."),
    "momentum": Explained("Momentum", "Share of the last step, or of the last average, that is kept."),
    "rate": Explained(
        "Rate",
        "Share of the numbers set to 0 while training, at random: it keeps a network from learning by heart.",
    ),
    "pixels": Explained(
        "Pixels",
        "From 0 to 1, or left from 0 to 255 by a first layer: then the first steps are far too large.",
    ),
    "scale": Explained("Scale", "Number that every pixel is multiplied by: 255 gives the raw 0 to 255."),
    "optimizer": Explained("Optimizer", "The rule that moves the weights. Look how soon the loss falls."),
    "beta_1": Explained("Beta 1", "How long it remembers the slope: 0.9 is about the last ten steps."),
    "beta_2": Explained("Beta 2", "How long it remembers the slope's size: 0.999 is about the last thousand steps."),
    "rho": Explained("Rho", "How long it remembers the slope's size: 0.9 is about the last ten steps."),
    "weight_decay": Explained(
        "Weight decay", "Share of each weight that is taken away at every step, times the learning rate."
    ),
    "initial_accumulator_value": Explained(
        "Initial accumulator value",
        "Slopes that count as seen before the first step: more makes the first steps smaller.",
    ),
    "learning_rate": Explained(
        "Learning rate",
        "Size of a step: too small learns slowly, too large makes the loss jump about or break off.",
    ),
    "schedule": Explained(
        "Schedule",
        "How the learning rate changes: constant, one-cycle (up for a fifth, then down to 0), cosine (down to 0, "
        "smoothly), step (a tenth after half of the steps, a hundredth after three quarters).",
    ),
    "loss": Explained(
        "Loss",
        "How wrong an answer is: categorical cross-entropy punishes a sure mistake hard, mean squared error only "
        "mildly.",
    ),
    "batch_size": Explained(
        "Batch size",
        "Digits looked at before each step: 54,000 digits by 500 are 108 steps an epoch. Small batches take more "
        "steps, noisier ones, and longer epochs.",
    ),
    "epochs": Explained(
        "Epochs",
        "How often all training digits are gone through. Look where the validation curve stops getting better: more "
        "is of no use.",
    ),
    "validation_split": Explained(
        "Validation split",
        "Share of the training digits kept aside, 0.1 of 60,000 are 6,000: where these are read worse than those it "
        "learns from, the network overfits.",
    ),
    "patience": Explained(
        "Patience",
        "Epochs without a better validation loss after which it stops, back at its best: 0 never stops.",
        "epochs",
    ),
    "training_examples": Explained(
        "Training examples",
        "Training digits used, of MNIST's 60,000: a few hundred are learned by heart, and the validation curve shows "
        "it.",
    ),
    "synthetic_examples": Explained(
        "Pen digits", "Pen digits drawn by this app, in many handwriting styles, that are learned as well."
    ),
    "own_examples": Explained(
        "Own drawings",
        "Digits of each epoch that are drawings of yours, those of which you said on Draw what you meant: they are "
        "repeated, each time moved and turned a little, until they are so many.",
    ),
    "l2": Explained(
        "L2", "Pull of every weight towards 0: a little, such as 0.0001, keeps a network from learning by heart."
    ),
    "shift": Explained(
        "Shift",
        "Pixels by which each digit is moved at random, anew in each epoch: about as sloppy as drawings are.",
        "pixels",
    ),
    "rotation": Explained(
        "Rotation", "Degrees by which each digit is turned at random, anew in each epoch.", "degrees"
    ),
    "zoom": Explained("Zoom", "Share by which each digit is made larger or smaller at random, anew in each epoch."),
    "dtype": Explained(
        "Number format",
        "Mixed bfloat16 computes with 16 bits a number instead of 32: faster where the processor can, and hardly less "
        "exact.",
    ),
    "kernel_initializer": Explained(
        "Kernel initializer", "How the weights are drawn before the first step: He normal suits relu."
    ),
    "seed": Explained("Seed", "Number that all chance comes from: the same seed gives the same run."),
    "time_limit": Explained(
        "Time limit", "Seconds after which training stops, and keeps what it has learned.", "seconds"
    ),
    "dataset": Explained(
        "Data set",
        "What it learns: digits, or something else. Look at it on the page Data, where you can bring your own.",
    ),
}


MEANINGS = {name: setting.help for name, setting in SETTINGS.items()}


def label(name: str) -> str:
    """Return the label of a setting, or the words of a name that is no setting's."""
    return SETTINGS[name].label if name in SETTINGS else name[:1].upper() + name[1:].replace("_", " ")


def choice_label(name: str, choice: str) -> str:
    """Return the label of a setting's choice, or the choice itself where the setting has no table of them."""
    return CHOICE_LABELS.get(name, {}).get(choice, choice)


def within(label: str) -> str:
    """Return a label as it stands within a sentence: `learning rate`, `L2`, `He normal`."""
    proper = label.startswith(("Glorot", "He ")) or label[1:2].isupper() or label[1:2].isdigit()
    return label if proper else label[:1].lower() + label[1:]


@functools.cache
def field_types(kind: type) -> dict[str, typing.Any]:
    """Return the types of a dataclass's fields by their names."""
    return {name: hint for name, hint in typing.get_type_hints(kind).items() if typing.get_origin(hint) is not ClassVar}


@dataclass(frozen=True)
class Checked:
    """A frozen value whose fields are checked, by their names and types, against LIMITS and CHOICES.

    Raises UserError where one is not as it may be.
    """

    names_itself: ClassVar[bool] = True  # in a sentence, before the field: Dense units must be ...

    def __post_init__(self) -> None:
        own: type = type(self)
        for name, kind in field_types(own).items():
            value = getattr(self, name)
            what = f"{own.__name__} {within(label(name))}" if self.names_itself else label(name)
            if name in CHOICES:
                check_choice(what, name, value)
            elif kind is bool and not isinstance(value, bool):
                raise UserError(f"{what} must be true or false (got {shown(value)}).")
            elif kind in (int, float):
                LIMITS[name].check(what, value, SETTINGS[name].unit)


def check_choice(what: str, name: str, value: object) -> None:
    """Raise UserError, which begins with `what`, where a value is none of a setting's choices."""
    if value not in CHOICES[name]:
        raise UserError(f"{what} must be one of {', '.join(CHOICE_LABELS[name].values())} (got {shown(value)}).")
