"""Presets: complete configurations with a note on what to look for, and the ones that continue a training.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from trainer.config import dataset_info
from trainer.config.layer import Layer
from trainer.config.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPooling2D,
    Rescaling,
)
from trainer.config.optimizers import Adam
from trainer.config.training import TrainingConfig


@dataclass(frozen=True)
class Preset:
    title: str
    note: str  # what to look for, in one or two sentences
    config: TrainingConfig


def convolution(filters: int, kernel_size: int, strides: int = 1) -> tuple[Layer, ...]:
    """Return a convolution with batch normalization and ReLU."""
    return (
        Conv2D(filters, kernel_size, strides, "same", use_bias=False, activation="linear"),
        BatchNormalization(0.9),
        Activation("relu"),
    )


_TUTORIAL_A = TrainingConfig(
    layers=(Flatten(), Dense(784, "relu"), Dense(32, "relu")), batch_size=500, epochs=20, validation_split=0.1
)
_OVERFIT = TrainingConfig(
    layers=(Flatten(), Dense(256, "relu"), Dense(256, "relu")),
    optimizer=Adam(),
    learning_rate=0.001,
    batch_size=50,
    epochs=40,
    validation_split=0.5,
    training_examples=1_000,
)
_SMALL_CNN = TrainingConfig(
    layers=(
        *convolution(16, 5, strides=2),
        *convolution(32, 3),
        MaxPooling2D(2),
        *convolution(64, 3),
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
)

PRESETS = {  # by the name in links, which stays the same: "tutorial_a" has always been the one that learns
    "tutorial_a": Preset(
        "Tutorial A, scaled",
        "Two hidden dense layers, 640,890 parameters, and pixels divided by 255, which the article forgets. It "
        "promises 95 to 98 %; with its settings the network reaches about 92 %.",
        _TUTORIAL_A,
    ),
    "tutorial_a_raw": Preset(
        "Tutorial A as printed",
        "The article forgets to scale the pixels; with its code as printed it stays at 11 %. The first steps are far "
        "too large, and from then on the network predicts 1 for every digit.",
        replace(_TUTORIAL_A, layers=(Rescaling(255.0), *_TUTORIAL_A.layers)),
    ),
    "tutorial_a_faster": Preset(
        "A, learning rate 0.1",
        "Tutorial A, scaled, with ten times its learning rate. Validation accuracy passes 92 % in the first or second "
        "epoch instead of the tenth, and it ends at 97 %.",
        replace(_TUTORIAL_A, learning_rate=0.1),
    ),
    "tutorial_b": Preset(
        "Tutorial B",
        "One hidden layer of ten sigmoid units, 7,960 parameters. The tutorial promises 90.2 %; it reaches 89 to 90 %.",
        TrainingConfig(layers=(Flatten(), Dense(10, "sigmoid")), batch_size=32, epochs=10, validation_split=0.0),
    ),
    "perceptron": Preset(
        "Perceptron",
        "A single layer of ten units, each a template of its digit. Watch the weights as it learns. It ends at 92 %.",
        TrainingConfig(layers=(Flatten(),), learning_rate=0.05, batch_size=32, epochs=5, validation_split=0.1),
    ),
    "overfit": Preset(
        "Overfit 500 digits",
        "A quarter of a million parameters memorize 500 digits. The dashed validation loss rises again after about six "
        "epochs, while the solid training loss falls to 0.",
        _OVERFIT,
    ),
    "dropout": Preset(
        "Dropout against overfitting",
        "The same 500 digits, but each step drops half of the pixels and half of the first layer's units. The dashed "
        "validation loss ends near 0.6 instead of 0.8, and validation accuracy gains 2 to 4 points.",
        replace(_OVERFIT, layers=(Flatten(), Dropout(0.5), Dense(256, "relu"), Dropout(0.5), Dense(256, "relu"))),
    ),
    "too_fast": Preset(
        "Learning rate too large",
        "The perceptron with steps so large that each one overshoots: the loss stays near 1, and the validation curve "
        "jumps about. Change the learning rate to 0.05 while it trains: within an epoch it reaches 92 %.",
        TrainingConfig(layers=(Flatten(),), learning_rate=3.0, batch_size=32, epochs=40, seed=1),
    ),
    "mlp": Preset(
        "MLP as large as the CNN",
        "Dense layers with as many parameters as Small CNN, trained with the same settings, reach 97.2 % instead of "
        "99.4 %. Convolutions make better use of their parameters.",
        replace(_SMALL_CNN, layers=(Flatten(), Dense(36, "relu"), Dense(29, "relu"))),
    ),
    "keras_convnet": Preset(
        "Keras's convnet",
        "The network of Keras's own MNIST example: two convolutions, 34,826 parameters, 99.2 %. It trains for minutes.",
        TrainingConfig(
            layers=(
                Conv2D(32, 3, padding="valid"),
                MaxPooling2D(2),
                Conv2D(64, 3, padding="valid"),
                MaxPooling2D(2),
                Flatten(),
                Dropout(0.5),
            ),
            optimizer=Adam(),
            learning_rate=0.001,
            batch_size=128,
            epochs=15,
            validation_split=0.1,
        ),
    ),
    "quick_cnn": Preset(
        "Quick CNN",
        "Small CNN with its whole schedule in two epochs: the learning rate rises early, then falls to 0. It reaches "
        "99 % in about 20 seconds; Keras's convnet needs about eight epochs.",
        replace(_SMALL_CNN, epochs=2),
    ),
    "small_cnn": Preset(
        "Small CNN",
        "Convolutions find strokes anywhere in the image: few parameters, 99.4 % in half a minute.",
        _SMALL_CNN,
    ),
    "best_cnn": Preset(
        "Best CNN",
        "More filters, digits shifted, rotated and resized at random, and pen digits in many styles: 99.6 % after a "
        "few minutes. It reads handwriting best.",
        replace(
            _SMALL_CNN,
            layers=(
                *convolution(32, 5, strides=2),
                *convolution(64, 3),
                MaxPooling2D(2),
                *convolution(128, 3),
                MaxPooling2D(2),
                Flatten(),
                Dropout(0.3),
            ),
            epochs=12,
            synthetic_examples=15_000,
            shift=1.5,
            rotation=8.0,
            zoom=0.1,
        ),
    ),
}


# The lessons, from the first steps to the best network: groups of presets, in the order in which they teach.
LESSONS = {
    "Start here": ("tutorial_a", "tutorial_a_faster", "tutorial_b", "perceptron"),
    "Break it": ("tutorial_a_raw", "too_fast"),
    "Overfitting": ("overfit", "dropout"),
    "Convolutions": ("mlp", "quick_cnn", "small_cnn"),
    "As good as it gets": ("keras_convnet", "best_cnn"),
}


# --- configurations that continue a training --------------------------------------------------------------------

FINE_TUNE_DRAWINGS = 1_000  # drawings per epoch, repeated
FINE_TUNE_DIGITS = 10_000  # digits of the data set per epoch, validation included


def continue_training(config: TrainingConfig, drawings: int) -> TrainingConfig:
    """Return the config that continues a training with its own settings; without drawings it uses none."""
    return config if drawings else replace(config, own_examples=0)


def fine_tune(config: TrainingConfig, drawings: int) -> TrainingConfig:
    """Return the config that teaches a trained network the visitor's drawings in seconds, along with old digits.

    Chosen on drawings that Small CNN and Best CNN misread and on MNIST's validation digits: with a fifth of the
    drawings, half of the old digits or smaller steps, the network forgets more or learns less.
    """
    return replace(
        config,
        optimizer=Adam(),
        learning_rate=0.001,
        schedule="cosine",
        batch_size=64,
        epochs=3,
        validation_split=0.1,
        patience=0,
        training_examples=FINE_TUNE_DIGITS,
        synthetic_examples=0,
        own_examples=FINE_TUNE_DRAWINGS if drawings and dataset_info.info(config.dataset).is_digits else 0,
    )


# How to continue a training, by the name in links; the default first.
CONTINUATIONS = {"same": continue_training, "fine-tune": fine_tune}
