"""Ready-made network, which answers before anybody has trained one.

`python -m trainer.shipped.pretrain` writes its files. Loading them needs no Keras.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np

from trainer.config.layers import Dropout, Flatten, MaxPooling2D
from trainer.config.presets import PRESETS, convolution
from trainer.config.training import TrainingConfig
from trainer.networks.inference import Network
from trainer.shipped.card import Card, clarity

NAME = "Ready-made network"
ID = "shipped"  # in place of a run's id
FOLDER = Path(__file__).parent
PATH = FOLDER / "network.onnx"
CARD = FOLDER / "card.json"
# One convolution more than Best CNN has, at the smallest size of the maps, where it costs least. 120 filters keep the
# file below 1 MB.
CONFIG: TrainingConfig = replace(
    PRESETS["best_cnn"].config,
    layers=(
        *convolution(32, 5, strides=2),
        *convolution(64, 3),
        MaxPooling2D(2),
        *convolution(120, 3),
        *convolution(120, 3),
        MaxPooling2D(2),
        Flatten(),
        Dropout(0.3),
    ),
    epochs=12,
    validation_split=1 / 12,
    synthetic_examples=30_000,
)


@functools.cache
def card() -> Card:
    """Return the card of the ready-made network."""
    return Card.load(CARD)


@functools.cache
def network() -> Network:
    """Return the ready-made network, loaded once per process."""
    return Network(PATH)


def looks_like_digit(image: np.ndarray) -> bool:
    """Tell whether an image (28, 28) float32, 0 paper .. 1 ink, looks like a digit."""
    return bool(clarity(network().logits(image[None]))[0] >= card().least_clarity)


def recognizability(images: np.ndarray) -> np.ndarray:
    """Return the log of the highest probability, (n,), for images (n, 28, 28) float32: low if they are no digits."""
    highest: np.ndarray = np.log(network().probabilities(images).max(axis=1))
    return highest
