"""Parent of a continued training: its network and settings, and the owner's drawings repeated for fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.presets import CONTINUATIONS
from trainer.config.training import TrainingConfig
from trainer.data.augmentation import augment
from trainer.drawing.collection import Drawings
from trainer.networks.inference import Network
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped
from trainer.storage.files import read_bytes

SHIPPED = shipped.ID
MISSING_PARENT = "a deleted network"  # in place of the name of a parent that no longer exists
MAX_MOVEMENT = (1.5, 8.0, 0.1)  # of a repeated drawing: shift in pixels, rotation in degrees, zoom as a share


@dataclass(frozen=True)
class Parent:
    """A network that training can continue from."""

    id: str  # of its run, or SHIPPED
    name: str
    config: TrainingConfig
    path: Path  # its ONNX file


def find_parent(store: RunStore, parent: str) -> Parent:
    """Return the network of a run or the ready-made one; `parent` may be any text, such as from a link.

    Raises UserError if there is no such network.
    """
    if parent == SHIPPED:
        return Parent(SHIPPED, shipped.NAME, shipped.CONFIG, shipped.PATH)
    run = store.get(parent)
    view = run.read() if run else None
    if view is None or view.network is None or view.config is None:
        raise UserError(
            "The network to continue from must exist (got a link to a deleted or damaged one): "
            "choose another, or train a new one."
        )
    return Parent(view.id, view.name, view.config, view.network)


def read_network(parent: Parent, config: TrainingConfig) -> bytes:
    """Return the content of a parent's ONNX file for a training with this config.

    Raises UserError if it is damaged, or has other layers or another data set.
    """
    if config.layers != parent.config.layers or config.dataset != parent.config.dataset:
        raise UserError(
            "Continued training needs the same layers and data set as its network (got others): "
            "restore them, or train a new network."
        )
    try:
        network = read_bytes(parent.path)
    except OSError as error:
        raise UserError(
            f"The network to continue from must be readable (got: {error.strerror}): choose another."
        ) from error
    Network(network)
    return network


def parent_name(store: RunStore, parent: str) -> str:
    """Return the name of a parent, or MISSING_PARENT."""
    try:
        return find_parent(store, parent).name
    except UserError:
        return MISSING_PARENT


def default_continuation(parent: Parent, drawings: int) -> TrainingConfig:
    """Return the default config of a training that continues from a network.

    It fine-tunes if there are drawings to learn. It always fine-tunes the ready-made network, whose own training took
    minutes.
    """
    fine = parent.id == SHIPPED or (drawings and dataset_info.info(parent.config.dataset).is_digits)
    return CONTINUATIONS["fine-tune" if fine else "same"](parent.config, drawings)


def repeat_drawings(drawings: Drawings, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `count` training digits, (count, 28, 28) float32, and labels: each drawing, then augmented copies."""
    originals = len(drawings.labels)
    places = np.resize(np.random.default_rng(seed).permutation(originals), count)
    images = drawings.images[places]
    images[originals:] = augment(images[originals:], *MAX_MOVEMENT, seed)
    return np.divide(images, 255, dtype=np.float32), drawings.labels[places]
