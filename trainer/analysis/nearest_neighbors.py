"""Nearest neighbors: the training images whose outputs of the last hidden layer are closest to a drawing's.

The layer's outputs for up to 10,000 training images are saved as float16. More than 256 numbers per image are projected
at random to 256, which keeps distances to within about 10 % (Johnson and Lindenstrauss): each number, with a random
sign, is added to one of 256 sums. The projection depends on a seed only, so a query is projected in the same way.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer.config.training import TrainingConfig
from trainer.data.datasets import Dataset
from trainer.networks.inference import BATCH, Network
from trainer.storage.arrays import read_arrays, write_arrays
from trainer.storage.files import read_or_none
from trainer.storage.memory import cached

FILE = "features.npz"
MAX_IMAGES = 10_000  # training images
WIDTH = 256  # numbers per image
SEED = 0  # of the projection and of the sample of images
MAX_BYTES = 8_000_000  # of the arrays; the largest take less
_NAMES = ("values", "indices", "scale", "seed", "layer", "data_hash", "network_hash")

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Features:
    """Outputs of the last hidden layer for a sample of the training images."""

    values: np.ndarray  # (n, at most 256) float16, in units of `scale`
    indices: np.ndarray  # (n,) int32, of the training images
    scale: float
    seed: int  # of the projection
    layer: str  # its name in the layer table
    data_hash: str
    network_hash: str

    def nearest(self, network: Network, image: np.ndarray, count: int = 8) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices and distances, (count,) each, of the nearest training images, the nearest first.

        image: the network's input, (28, 28) float32, 0 paper .. 1 ink. Distances are Euclidean, in the layer's
        own units, and approximate for layers of more than 256 numbers.
        """
        query = projected(network.layer(self.layer, image[None]), self.seed)[0] / self.scale
        distances = np.linalg.norm(self.values.astype(np.float32) - query, axis=1)
        order = np.argsort(distances, kind="stable")[:count]
        return self.indices[order], distances[order] * self.scale


def extract(
    network: Network, config: TrainingConfig, dataset: Dataset, network_hash: str, progress: Progress
) -> Features:
    """Compute features with ONNX Runtime; `progress` is called with the number of images done and the total."""
    number = len(dataset.x_train)
    indices = np.sort(np.random.default_rng(SEED).permutation(number)[:MAX_IMAGES]).astype(np.int32)
    layer = config.table[-2].name  # the input of the output layer: the pixels without a hidden layer
    parts = []
    for begin in range(0, len(indices), BATCH):
        progress(begin, len(indices))
        images = dataset.images("train", indices[begin : begin + BATCH])
        parts.append(projected(network.layer(layer, images), SEED))
    values = np.concatenate(parts)
    scale = float(np.abs(values).max(initial=0.0)) / 100 or 1.0  # the largest float16 is 65,504
    return Features((values / scale).astype(np.float16), indices, scale, SEED, layer, dataset.hash, network_hash)


def write(features: Features, folder: Path) -> None:
    write_arrays(folder / FILE, {name: getattr(features, name) for name in _NAMES})


def read(folder: Path) -> Features | None:
    """Return the features saved in a folder, or None if there are none or they are damaged."""
    return read_or_none(folder / FILE, _read)


@cached(25_000_000)  # 5 MB each
def _read(path: Path, changed: int, size: int) -> Features:
    values, indices, scale, seed, layer, data_hash, network_hash = read_arrays(path, _NAMES, MAX_BYTES)
    valid = (
        values.dtype == np.float16
        and values.ndim == 2
        and 0 < values.shape[0] <= MAX_IMAGES
        and 0 < values.shape[1] <= WIDTH
        and indices.dtype == np.int32
        and indices.shape == values.shape[:1]
        and indices.min() >= 0
        and np.isfinite(values).all()
        and all(value.shape == () for value in (scale, seed, layer, data_hash, network_hash))
        and scale.dtype == np.float64
        and seed.dtype.kind == "i"
        and np.isfinite(scale)
        and scale > 0
        and seed >= 0
    )
    if not valid:
        raise ValueError("unexpected arrays")
    return Features(values, indices, float(scale), int(seed), str(layer), str(data_hash), str(network_hash))


def projected(values: np.ndarray, seed: int) -> np.ndarray:
    """Return outputs (n, ...) as (n, at most 256) float32, with 0 for NaN and infinity."""
    width = math.prod(values.shape[1:])  # not -1, for no images
    flat = np.nan_to_num(values.reshape(len(values), width).astype(np.float32), posinf=0.0, neginf=0.0)
    if width <= WIDTH:
        return flat
    order, signs = _projection(width, seed)
    begins = np.arange(WIDTH) * width // WIDTH
    return np.add.reduceat(flat[:, order] * signs, begins, axis=1)


@functools.lru_cache(maxsize=4)
def _projection(width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng((seed, width))
    return random.permutation(width), random.choice(np.array([-1, 1], np.float32), width)
