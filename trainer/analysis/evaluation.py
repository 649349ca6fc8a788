"""Evaluation of a network on all test images: accuracy, loss, confusion, precision and recall; saved beside the run.

ONNX Runtime computes it, in the worker at the end of a training or later in the web server. `calibration` and
`agreement` build on it; `nearest_neighbors` finds similar training images.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer import UserError
from trainer.analysis import nearest_neighbors
from trainer.analysis.answer import NAN_ERROR
from trainer.analysis.nearest_neighbors import Features
from trainer.config.limits import CLASSES
from trainer.config.training import TrainingConfig
from trainer.data.datasets import Dataset
from trainer.networks.inference import BATCH, Network
from trainer.networks.onnx_reader import network_hash
from trainer.storage.arrays import read_arrays, write_arrays
from trainer.storage.files import read_bytes, read_or_none
from trainer.storage.memory import cached

FILE = "evaluation.npz"
MAX_BYTES = 60_000_000  # of the arrays; a million images take 44 MB
MIN_PROBABILITY = np.float32(1e-7)  # the same as in Keras, which keeps losses finite
_NAMES = ("probabilities", "labels", "data_hash", "network_hash")

Progress = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The probabilities of a network for n test images."""

    probabilities: np.ndarray  # (n, 10) float32
    labels: np.ndarray  # (n,) uint8
    data_hash: str
    network_hash: str

    @property
    def count(self) -> int:
        return len(self.labels)

    @functools.cached_property
    def predicted(self) -> np.ndarray:
        """Return (n,) uint8: the predicted classes."""
        return np.asarray(self.probabilities.argmax(axis=1), np.uint8)

    @functools.cached_property
    def right(self) -> np.ndarray:
        """Return (n,) bool: which predictions are correct."""
        return np.asarray(self.predicted == self.labels)

    @property
    def confidence(self) -> np.ndarray:
        """Return (n,) float32: the probabilities of the predicted classes."""
        return np.asarray(self.probabilities.max(axis=1))

    @functools.cached_property
    def confusion(self) -> np.ndarray:
        """Return (10, 10) int64: how many images of each label (row) were read as each class (column)."""
        pairs = self.labels.astype(np.int64) * CLASSES + self.predicted
        return np.bincount(pairs, minlength=CLASSES * CLASSES).reshape(CLASSES, CLASSES)

    @property
    def accuracy(self) -> float:
        return float(self.right.mean())

    @functools.cached_property
    def losses(self) -> np.ndarray:
        """Return (n,) float32: the categorical cross-entropy of each image, computed as in Keras."""
        of_label = self.probabilities[np.arange(self.count), self.labels] / self.probabilities.sum(axis=1)
        return np.asarray(-np.log(np.clip(of_label, MIN_PROBABILITY, 1 - MIN_PROBABILITY)))

    @property
    def loss(self) -> float:
        return float(self.losses.mean(dtype=np.float64))

    @property
    def precision(self) -> np.ndarray:
        """Return (10,): the share of the images read as a class that belong to it; NaN without any."""
        return _shares(self.confusion.diagonal(), self.confusion.sum(axis=0))

    @property
    def recall(self) -> np.ndarray:
        """Return (10,): the share of a class's images that were read as it; NaN without any."""
        return _shares(self.confusion.diagonal(), self.confusion.sum(axis=1))

    @property
    def f1(self) -> np.ndarray:
        """Return (10,): the harmonic mean of precision and recall."""
        return _shares(2 * self.confusion.diagonal(), self.confusion.sum(axis=0) + self.confusion.sum(axis=1))

    @functools.cached_property
    def errors(self) -> np.ndarray:
        """Return the indices of the misread images, those with the least probability for the label first."""
        wrong = np.flatnonzero(~self.right)
        return wrong[np.argsort(-self.losses[wrong], kind="stable")]

    @functools.cached_property
    def unsure(self) -> np.ndarray:
        """Return (n,): the indices of all images, those with the closest two best probabilities first."""
        second, best = np.sort(self.probabilities, axis=1)[:, -2:].T
        return np.argsort(best - second, kind="stable")

    def cell(self, label: int, read_as: int) -> np.ndarray:
        """Return the indices of the images with a label that were read as a class, the most confident first."""
        there = np.flatnonzero((self.labels == label) & (self.predicted == read_as))
        return there[np.argsort(-self.confidence[there], kind="stable")]


def evaluate(
    file: Path, config: TrainingConfig, dataset: Dataset, folder: Path, progress: Progress | None = None
) -> Evaluation:
    """Evaluate a network on the test images, extract features of training images, and save both in a folder.

    file: the network's ONNX file. progress: called with the share that is done. Raises UserError if the network is
    damaged or outputs NaN, OSError if the folder cannot be written.
    """
    report = progress or (lambda share: None)
    try:
        content = read_bytes(file)
    except OSError:
        raise UserError("This network no longer exists: choose another one.") from None
    network, network_hash = Network(content), hashlib.sha256(content).hexdigest()
    network.check(config)
    labels = np.array(dataset.labels("test"))
    total = len(labels) + min(nearest_neighbors.MAX_IMAGES, len(dataset.x_train))
    parts = []
    for begin in range(0, len(labels), BATCH):
        report(begin / total)
        parts.append(network.probabilities(dataset.images("test", slice(begin, begin + BATCH))))
    made = Evaluation(np.concatenate(parts), labels, dataset.hash, network_hash)
    if not np.isfinite(made.probabilities).all():
        raise UserError(NAN_ERROR)
    found = nearest_neighbors.extract(
        network, config, dataset, network_hash, lambda done, of: report((len(labels) + done) / total)
    )
    folder.mkdir(parents=True, exist_ok=True)
    nearest_neighbors.write(found, folder)
    write_arrays(folder / FILE, {name: getattr(made, name) for name in _NAMES})  # the last: if it exists, both do
    return made


def read(folder: Path) -> Evaluation | None:
    """Return the evaluation saved in a folder, or None if there is none or it is damaged."""
    return read_or_none(folder / FILE, _read)


def read_current(folder: Path, file: Path, dataset: Dataset) -> Evaluation | None:
    """Return the saved evaluation, or None if it is of another network than the file's, or of other data."""
    found = read(folder)
    return found if found and found.data_hash == dataset.hash and found.network_hash == network_hash(file) else None


def read_features(folder: Path, file: Path, dataset: Dataset) -> Features | None:
    """Return the saved features, or None if they are of another network than the file's, or of other data."""
    found = nearest_neighbors.read(folder)
    return found if found and found.data_hash == dataset.hash and found.network_hash == network_hash(file) else None


@cached(100_000_000)  # 0.4 MB each with 10,000 images, twice as much once its other numbers have been asked for
def _read(path: Path, changed: int, size: int) -> Evaluation:
    probabilities, labels, data_hash, its_hash = read_arrays(path, _NAMES, MAX_BYTES)
    valid = (
        probabilities.dtype == np.float32
        and probabilities.shape == (len(labels), CLASSES)
        and len(labels) > 0
        and labels.dtype == np.uint8
        and labels.ndim == 1
        and labels.max() < CLASSES
        and data_hash.shape == its_hash.shape == ()
        and np.isfinite(probabilities).all()
        and (probabilities >= 0).all()
        and np.allclose(probabilities.sum(axis=1), 1, atol=1e-3)
    )
    if not valid:
        raise ValueError("unexpected arrays")
    return Evaluation(probabilities, labels, str(data_hash), str(its_hash))


def _shares(some: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Return some / of, NaN where `of` is 0."""
    shares = np.full(len(some), np.nan)
    np.divide(some, of, out=shares, where=of > 0)
    return shares
