"""The network that a training goes on from, and a visitor's own drawings repeated for it to learn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.presets import RECIPES
from trainer.config.training import TrainingConfig
from trainer.data.augmentation import augmented
from trainer.drawing.collection import Drawings
from trainer.networks.inference import Network
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped
from trainer.storage.files import read_bytes

SHIPPED = "shipped"  # stands for the shipped network where else a run's id does

MOVED = (1.5, 8.0, 0.1)  # at most, of a repeated drawing: pixels, degrees, share of the size


@dataclass(frozen=True)
class Parent:
    """A network that a training may go on from."""

    id: str  # its run's, or SHIPPED
    name: str
    config: TrainingConfig
    path: Path  # its ONNX file


def find(store: RunStore, parent: str) -> Parent:
    """Return the network of a run, by its id, or the shipped one; the text may be any from outside.

    Raises UserError where there is none that can be continued.
    """
    if parent == SHIPPED:
        return Parent(SHIPPED, shipped.NAME, shipped.CONFIG, shipped.PATH)
    run = store.get(parent)
    view = run.read() if run else None
    if view is None or view.network is None or view.config is None:
        raise UserError(
            "The network to go on from must be there (got a link to one that is gone or damaged): "
            "choose another, or train a new one."
        )
    return Parent(view.id, view.name, view.config, view.network)


def content(parent: Parent, config: TrainingConfig) -> bytes:
    """Return a parent's ONNX file for a training of this config.

    Raises UserError where it is damaged or has other layers.
    """
    if config.layers != parent.config.layers or config.dataset != parent.config.dataset:
        raise UserError(
            "A training goes on from a network of the same layers (got others): take it, or start a new one."
        )
    try:
        network = read_bytes(parent.path)
    except OSError as error:
        raise UserError(
            f"The network to go on from must be readable (got: {error.strerror}): choose another."
        ) from error
    Network(network)
    return network


def name_of(store: RunStore, parent: str) -> str:
    """Return what people know a parent by, also where it is gone."""
    try:
        return find(store, parent).name
    except UserError:
        return "a network that is gone"


def usual_recipe(parent: Parent, drawings: int) -> TrainingConfig:
    """Return what a training that goes on from a network begins with, where nothing else is asked for.

    Own drawings are there to be learned; and the shipped network learned for minutes, which nobody wants to repeat.
    """
    fine = parent.id == SHIPPED or (drawings and dataset_info.kind(parent.config.dataset).digits)
    return RECIPES["fine-tune" if fine else "same"](parent.config, drawings)


def repeated(drawings: Drawings, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `count` digits to learn from, (count, 28, 28) float32, and labels: each drawing, and moved ones of it."""
    number = len(drawings.labels)
    places = np.resize(np.random.default_rng(seed).permutation(number), count)
    images = drawings.images[places]
    images[number:] = augmented(images[number:], *MOVED, seed)
    return np.divide(images, 255, dtype=np.float32), drawings.labels[places]
