"""The network that comes with the app, so that a first drawing is answered before anybody has trained one.

`python -m trainer.shipped.pretrain` makes its files. Reading them takes no Keras.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np

from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.networks.inference import Network
from trainer.shipped.card import Card, clarity

NAME = "Ready-made network"
FOLDER = Path(__file__).parent
PATH = FOLDER / "network.onnx"
CARD = FOLDER / "card.json"
CONFIG: TrainingConfig = replace(
    PRESETS["best_cnn"].config, epochs=15, validation_split=1 / 12, synthetic_examples=20_000
)


@functools.cache
def card() -> Card:
    """Return what is known of the shipped network."""
    return Card.load(CARD)


@functools.cache
def network() -> Network:
    """Return the shipped network; it is read once for the whole process."""
    return Network(PATH)


def looks_like_digit(image: np.ndarray) -> bool:
    """Say whether an image (28, 28) float32, 0 paper .. 1 ink, is one of a digit rather than of something else."""
    return bool(clarity(network().logits(image[None]))[0] >= card().least_clarity)
