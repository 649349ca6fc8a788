"""What may a setting be, and what does it mean? Limits, choices and a line of explanation, by the setting's name.

Pages read these tables to ask, and every checked value reads them when it is made. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from trainer import UserError
from trainer.text import cut

CLASSES = 10  # the digits 0 to 9
SHOWN = 80  # letters of a value that is refused


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
        raise UserError(f"{what} must be {kind} {bounds} {_number(self.high)} (got {shown(value)}).")


def shown(value: object) -> str:
    """Return a value that anybody may have sent as it is written in a program, in few letters."""
    try:
        return cut(repr(value), SHOWN)
    except (ValueError, RecursionError):  # a whole number of thousands of digits, or lists in lists
        return f"a {type(value).__name__} that is too large"


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
CHOICES = {
    "activation": ("linear", "relu", "sigmoid", "tanh", "softmax", "elu", "gelu", "swish", "leaky_relu"),
    "padding": ("valid", "same"),
    "schedule": ("constant", "one_cycle", "cosine", "step"),
    "loss": ("categorical_crossentropy", "mean_squared_error"),
    "dtype": ("float32", "mixed_bfloat16"),
    "kernel_initializer": ("glorot_uniform", "he_normal"),
}

# What each setting is and what to look for, in a line for the page.
MEANINGS = {
    "units": "Neurons of this layer: more can learn more, and take longer.",
    "activation": "What a unit makes of its sum: relu keeps what is above 0, sigmoid squeezes it between 0 and 1.",
    "filters": "Small patterns this layer looks for; each gives an image of where it was found.",
    "kernel_size": "Pixels a side of each pattern.",
    "strides": "Pixels from one place to the next: 2 halves the image.",
    "padding": "same: paper is added around, the image keeps its size; valid: the border is lost.",
    "use_bias": "Whether each neuron adds a number of its own.",
    "pool_size": "Pixels a side that become one.",
    "momentum": "Share of the last step, or of the last average, that is kept.",
    "rate": "Share of the numbers set to 0 while training, at random: it keeps a network from learning by heart.",
    "pixels": "From 0 to 1, or left from 0 to 255 by a first layer: then the first steps are far too large.",
    "scale": "Number that every pixel is multiplied by: 255 gives the raw 0 to 255.",
    "optimizer": "The rule that moves the weights. SGD: a step down the slope, which momentum makes a rolling ball. "
    "Adam: a step size of its own for each weight; AdamW shrinks the weights, too; RMSprop and Adagrad "
    "came before; Lion: equal steps. Look how soon the loss falls.",
    "beta_1": "How long it remembers the slope: 0.9 is about the last ten steps.",
    "beta_2": "How long it remembers the slope's size: 0.999 is about the last thousand steps.",
    "rho": "How long it remembers the slope's size: 0.9 is about the last ten steps.",
    "weight_decay": "Share of each weight that is taken away at every step, times the learning rate.",
    "initial_accumulator_value": "Slopes that count as seen before the first step: more makes the first steps smaller.",
    "learning_rate": "Size of a step: too small learns slowly, too large makes the loss jump about or break off.",
    "schedule": "How the learning rate changes: constant, one_cycle (up for a fifth, then down to 0), cosine "
    "(down to 0, smoothly), step (a tenth after half of the steps, a hundredth after three quarters).",
    "loss": "How wrong an answer is: categorical crossentropy punishes a sure mistake hard, mean squared error "
    "only mildly.",
    "batch_size": "Digits looked at before each step: 54,000 digits by 500 are 108 steps an epoch. Small batches take "
    "more steps, noisier ones, and longer epochs.",
    "epochs": "How often all training digits are gone through. Look where the validation curve stops getting "
    "better: more is of no use.",
    "validation_split": "Share of the training digits kept aside, 0.1 of 60,000 are 6,000: where these are read worse "
    "than those it learns from, the network overfits.",
    "patience": "Epochs without a better validation loss after which it stops, back at its best: 0 never stops.",
    "training_examples": "Training digits used, of MNIST's 60,000: a few hundred are learned by heart, and the "
    "validation curve shows it.",
    "synthetic_examples": "Pen digits drawn by this app, in many handwriting styles, that are learned as well.",
    "own_examples": "Digits of each epoch that are drawings of yours, those of which you said on Draw what you meant: "
    "they are repeated, each time moved and turned a little, until they are so many.",
    "l2": "Pull of every weight towards 0: a little, such as 0.0001, keeps a network from learning by heart.",
    "shift": "Pixels by which each digit is moved at random, anew in each epoch: about as sloppy as drawings are.",
    "rotation": "Degrees by which each digit is turned at random, anew in each epoch.",
    "zoom": "Share by which each digit is made larger or smaller at random, anew in each epoch.",
    "dtype": "mixed_bfloat16 computes with 16 bits a number instead of 32: faster where the processor can, and "
    "hardly less exact.",
    "kernel_initializer": "How the weights are drawn before the first step: he_normal suits relu.",
    "seed": "Number that all chance comes from: the same seed gives the same run.",
    "time_limit": "Seconds after which training stops, and keeps what it has learned.",
}


@dataclass(frozen=True)
class Checked:
    """A frozen value whose fields are checked, by their names, against LIMITS and CHOICES.

    Raises UserError where one is not as it may be.
    """

    names_itself: ClassVar[bool] = True  # in a sentence, before the field: Dense units must be ...

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            what = f"{type(self).__name__} {item.name}" if self.names_itself else item.name
            if item.name in LIMITS and not isinstance(value, tuple):
                LIMITS[item.name].check(what, value)
            elif item.name in CHOICES and value not in CHOICES[item.name]:
                raise UserError(f"{what} must be one of {', '.join(CHOICES[item.name])} (got {shown(value)}).")
            elif item.type == "bool" and not isinstance(value, bool):
                raise UserError(f"{what} must be true or false (got {shown(value)}).")
