"""Settings: the label, help text, unit, limits and choices of each, by the name that Keras or a config gives it.

People read labels; files and code hold names. The pages read these tables, and every checked value is checked against
them. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from trainer import UserError
from trainer.text import number, shortened

CLASSES = 10  # the digits 0 to 9
MAX_VALUE_CHARACTERS = 80  # of a rejected value in an error message


@dataclass(frozen=True)
class Limit:
    """The smallest and the largest value of a setting; with `below`, the largest itself is not allowed."""

    low: float
    high: float
    below: bool = False
    whole: bool = False

    def check(self, label: str, value: object, unit: str = "") -> None:
        """Raise UserError, which begins with `label`, unless the value is a number within the limits."""
        is_number = isinstance(value, int if self.whole else (int, float)) and not isinstance(value, bool)
        if is_number and self.low <= value <= self.high and not (self.below and value == self.high):  # type: ignore[operator]
            return
        kind = "a whole number " if self.whole else ""
        digits = 10 if self.whole else 6  # the largest seed has ten
        low, high = number(self.low, digits), number(self.high, digits)
        bounds = f"at least {low} and below {high}" if self.below else f"between {low} and {high}"
        unit = f" {unit}" if unit else ""
        raise UserError(f"{label} must be {kind}{bounds}{unit} (got {short_repr(value)}).")


def short_repr(value: object) -> str:
    """Return the `repr` of any value, shortened for an error message."""
    try:
        return shortened(repr(value), MAX_VALUE_CHARACTERS)
    except (ValueError, RecursionError):  # an integer of thousands of digits, or deeply nested lists
        return f"a value of type {type(value).__name__} that is too large"


# The limits of every number; forms read them, and workers check them again.
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
    "multiply_adds": Limit(0, 1_000_000_000, whole=True),  # for one image: 15 to 100 ms of one processor core
    "memory": Limit(0, 2_000_000_000),  # bytes, see TrainingConfig.memory
}
# The choices of every setting that has some: name -> label.
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
class SettingInfo:
    """The label, help text and unit of a setting."""

    label: str
    help: str
    unit: str = ""

    @property
    def title(self) -> str:
        """Return the label and the unit, as a form shows them: `Shift, pixels`."""
        return f"{self.label}, {self.unit}" if self.unit else self.label


SETTINGS = {
    "units": SettingInfo(
        "Units", "Number of neurons in this layer. More units can learn more but take longer to train."
    ),
    "activation": SettingInfo(
        "Activation",
        "Function applied to each unit's sum: relu replaces negative values with 0, sigmoid squeezes every value "
        "between 0 and 1.",
    ),
    "filters": SettingInfo(
        "Filters",
        "Number of small patterns this layer looks for. Each filter produces an image of where it found its pattern.",
    ),
    "kernel_size": SettingInfo("Kernel size", "Height and width of each filter, in pixels."),
    "strides": SettingInfo(
        "Strides", "Distance between neighboring filter positions, in pixels: 2 halves the image's height and width."
    ),
    "padding": SettingInfo(
        "Padding",
        "Same: adds zeros around the image, so that strides of 1 keep its size. Valid: adds nothing, so the border "
        "is lost.",
    ),
    "use_bias": SettingInfo("Use bias", "Gives each filter a bias, a number it adds to every sum."),
    "pool_size": SettingInfo("Pool size", "Height and width of the block of pixels that becomes one pixel."),
    "momentum": SettingInfo(
        "Momentum",
        "For SGD: share of the previous step added to the next one. For batch normalization: share of the moving "
        "average kept after each batch.",
    ),
    "rate": SettingInfo("Rate", "Share of values set to 0 at random during training, which reduces overfitting."),
    "pixels": SettingInfo(
        "Pixels", "Scaled to 0 to 1, or raw 0 to 255. With raw pixels the first steps are far too large."
    ),
    "scale": SettingInfo(
        "Scale", "Factor applied to every value: 255 turns pixels from 0 to 1 back into raw pixels from 0 to 255."
    ),
    "optimizer": SettingInfo("Optimizer", "The rule that updates the weights. Watch how soon the loss falls."),
    "beta_1": SettingInfo(
        "Beta 1", "Decay rate of the average of past gradients: 0.9 averages over about the last 10 steps."
    ),
    "beta_2": SettingInfo(
        "Beta 2",
        "Decay rate of the second average, of squared gradients in Adam and of gradients in Lion: 0.999 averages "
        "over about the last 1,000 steps.",
    ),
    "rho": SettingInfo(
        "Rho", "Decay rate of the average of squared gradients: 0.9 averages over about the last 10 steps."
    ),
    "weight_decay": SettingInfo(
        "Weight decay", "Shrinks every weight at each step by this share times the learning rate."
    ),
    "initial_accumulator_value": SettingInfo(
        "Initial accumulator value",
        "Starting value of the sum of squared gradients. Larger values make the first steps smaller.",
    ),
    "learning_rate": SettingInfo(
        "Learning rate",
        "Size of each step. Too small: training is slow. Too large: the loss jumps about or becomes infinite.",
    ),
    "schedule": SettingInfo(
        "Schedule",
        "How the learning rate changes during training. Constant: stays the same. One-cycle: rises for the first "
        "fifth, then falls to 0. Cosine: falls smoothly to 0. Step: drops to a tenth halfway through and to a "
        "hundredth after three quarters.",
    ),
    "loss": SettingInfo(
        "Loss",
        "Measures how wrong the predictions are. Categorical cross-entropy penalizes confident mistakes heavily, "
        "mean squared error only mildly.",
    ),
    "batch_size": SettingInfo(
        "Batch size",
        "Number of digits per step: 54,000 digits in batches of 500 make 108 steps per epoch. Smaller batches mean "
        "more and noisier steps, and longer epochs.",
    ),
    "epochs": SettingInfo(
        "Epochs",
        "Number of passes through all training digits. Once the validation curve stops improving, more epochs no "
        "longer help.",
    ),
    "validation_split": SettingInfo(
        "Validation split",
        "Share of the training digits set aside for validation: 0.1 of 60,000 is 6,000. If the network reads these "
        "worse than the digits it learns from, it overfits.",
    ),
    "patience": SettingInfo(
        "Patience",
        "Stops training after this many epochs without a lower validation loss and restores the best weights. 0 "
        "turns early stopping off.",
        "epochs",
    ),
    "training_examples": SettingInfo(
        "Training examples",
        "Number of training digits used, of MNIST's 60,000. With only a few hundred the network overfits, and the "
        "validation curve shows it.",
    ),
    "synthetic_examples": SettingInfo(
        "Pen digits", "Number of extra training digits that this app draws in many handwriting styles."
    ),
    "own_examples": SettingInfo(
        "My drawings",
        'Number of training digits per epoch that come from your own drawings: those labeled with "I meant" on '
        "Draw. They are repeated, each time shifted and rotated a little, to reach this number.",
    ),
    "l2": SettingInfo(
        "L2",
        "L2 regularization: adds this factor times the sum of all squared weights to the loss. A little, such as "
        "0.0001, reduces overfitting.",
    ),
    "shift": SettingInfo(
        "Shift",
        "Moves each digit at random, by up to this many pixels, differently in each epoch.",
        "pixels",
    ),
    "rotation": SettingInfo(
        "Rotation", "Rotates each digit at random, by up to this many degrees, differently in each epoch.", "degrees"
    ),
    "zoom": SettingInfo(
        "Zoom", "Enlarges or shrinks each digit at random, by up to this share of its size, differently in each epoch."
    ),
    "dtype": SettingInfo(
        "Number format",
        "Mixed bfloat16 computes with 16 bits per number instead of 32: faster on processors that support it, and "
        "hardly less accurate.",
    ),
    "kernel_initializer": SettingInfo(
        "Kernel initializer",
        "Distribution of the random starting weights. Glorot uniform is Keras's default, He normal suits relu.",
    ),
    "seed": SettingInfo("Seed", "Starting value of the random numbers. The same seed and settings give the same run."),
    "time_limit": SettingInfo(
        "Time limit", "Stops training after this many seconds and keeps what the network has learned.", "seconds"
    ),
    "dataset": SettingInfo(
        "Data set", "The images to learn from. The Data page shows them and lets you upload your own."
    ),
}


def label(name: str) -> str:
    """Return the label of a setting; for any other name, the name in words."""
    return SETTINGS[name].label if name in SETTINGS else name[:1].upper() + name[1:].replace("_", " ")


def choice_label(name: str, choice: str) -> str:
    """Return the label of a setting's choice, or the choice itself if the setting has no table of choices."""
    return CHOICE_LABELS.get(name, {}).get(choice, choice)


def in_sentence(label: str) -> str:
    """Return a label as it is written inside a sentence: `learning rate`, `L2`, `He normal`."""
    proper = label.startswith(("Glorot", "He ")) or label[1:2].isupper() or label[1:2].isdigit()
    return label if proper else label[:1].lower() + label[1:]


def check_setting(name: str, value: object) -> None:
    """Raise UserError, which begins with the setting's label, unless a number is within the setting's limits."""
    LIMITS[name].check(label(name), value, SETTINGS[name].unit)
