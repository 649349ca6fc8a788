"""What does a network say of the test digits, all of them? Read once, kept, and looked at from many sides.

Made by ONNX Runtime alone, by the worker at the end of a training or later by the web server. `calibration` and
`agreement` look at what is kept here, `features` finds the training images that a network sees as alike.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer import UserError
from trainer.analysis import nearest_neighbours
from trainer.analysis.answer import NO_NUMBERS
from trainer.analysis.nearest_neighbours import Features
from trainer.config.limits import CLASSES
from trainer.config.training import TrainingConfig
from trainer.data.datasets import Dataset
from trainer.networks.inference import BATCH, Network
from trainer.networks.onnx_reader import network_hash
from trainer.storage.arrays import read_arrays, write_arrays
from trainer.storage.files import kept, read_bytes

FILE = "evaluation.npz"
LARGEST = 60_000_000  # bytes of the arrays: a million images take 44
CLIPPED = np.float32(1e-7)  # as Keras does, so that no loss is infinite
_NAMES = ("probabilities", "labels", "data_hash", "network_hash")

Progress = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network said of n test images."""

    probabilities: np.ndarray  # (n, 10) float32
    labels: np.ndarray  # (n,) uint8
    data_hash: str
    network_hash: str

    @property
    def count(self) -> int:
        return len(self.labels)

    @functools.cached_property
    def predicted(self) -> np.ndarray:
        """Return (n,) uint8, what each was read as."""
        return np.asarray(self.probabilities.argmax(axis=1), np.uint8)

    @functools.cached_property
    def right(self) -> np.ndarray:
        """Return (n,) bool."""
        return np.asarray(self.predicted == self.labels)

    @property
    def confidence(self) -> np.ndarray:
        """Return (n,) float32, the probability of what was predicted."""
        return np.asarray(self.probabilities.max(axis=1))

    @functools.cached_property
    def confusion(self) -> np.ndarray:
        """Return (10, 10) int64: how many of each label (row) were read as each (column)."""
        pairs = self.labels.astype(np.int64) * CLASSES + self.predicted
        return np.bincount(pairs, minlength=CLASSES * CLASSES).reshape(CLASSES, CLASSES)

    @property
    def accuracy(self) -> float:
        return float(self.right.mean())

    @functools.cached_property
    def losses(self) -> np.ndarray:
        """Return (n,) float32, each image's categorical cross-entropy as Keras computes it."""
        meant = self.probabilities[np.arange(self.count), self.labels] / self.probabilities.sum(axis=1)
        return np.asarray(-np.log(np.clip(meant, CLIPPED, 1 - CLIPPED)))

    @property
    def loss(self) -> float:
        return float(self.losses.mean(dtype=np.float64))

    @property
    def precision(self) -> np.ndarray:
        """Return (10,): the share of what was read as a class that is of it; NaN where nothing was."""
        return _shares(self.confusion.diagonal(), self.confusion.sum(axis=0))

    @property
    def recall(self) -> np.ndarray:
        """Return (10,): the share of a class that was read as it; NaN where there is none of it."""
        return _shares(self.confusion.diagonal(), self.confusion.sum(axis=1))

    @property
    def f1(self) -> np.ndarray:
        """Return (10,), the harmonic mean of precision and recall."""
        return _shares(2 * self.confusion.diagonal(), self.confusion.sum(axis=0) + self.confusion.sum(axis=1))

    @functools.cached_property
    def errors(self) -> np.ndarray:
        """Return where those are that it read wrong, first those in which it gave the label least."""
        wrong = np.flatnonzero(~self.right)
        return wrong[np.argsort(-self.losses[wrong], kind="stable")]

    @functools.cached_property
    def unsure(self) -> np.ndarray:
        """Return where all are, (n,), first those whose best probability is least ahead of the second."""
        second, best = np.sort(self.probabilities, axis=1)[:, -2:].T
        return np.argsort(best - second, kind="stable")

    def cell(self, label: int, read_as: int) -> np.ndarray:
        """Return where those of a label are that were read as a class, the surest first."""
        there = np.flatnonzero((self.labels == label) & (self.predicted == read_as))
        return there[np.argsort(-self.confidence[there], kind="stable")]


def make(
    file: Path, config: TrainingConfig, dataset: Dataset, folder: Path, progress: Progress | None = None
) -> Evaluation:
    """Read the test images, and some training images for their neighbours, and keep what was said in a folder.

    file: the network's ONNX file. `progress` is told the share that is done. Raises UserError where the network is
    damaged or answers with no numbers, OSError where the folder cannot be written.
    """
    tell = progress or (lambda share: None)
    try:
        content = read_bytes(file)
    except OSError:
        raise UserError("A network must be there to be evaluated (got one that is gone): choose another.") from None
    network, network_hash = Network(content), hashlib.sha256(content).hexdigest()
    network.check(config)
    labels = np.array(dataset.labels("test"))
    total = len(labels) + min(nearest_neighbours.MOST, len(dataset.x_train))
    parts = []
    for begin in range(0, len(labels), BATCH):
        tell(begin / total)
        parts.append(network.probabilities(dataset.images("test", slice(begin, begin + BATCH))))
    made = Evaluation(np.concatenate(parts), labels, dataset.hash, network_hash)
    if not np.isfinite(made.probabilities).all():
        raise UserError(NO_NUMBERS)
    found = nearest_neighbours.make(
        network, config, dataset, network_hash, lambda done, of: tell((len(labels) + done) / total)
    )
    folder.mkdir(parents=True, exist_ok=True)
    nearest_neighbours.write(found, folder)
    write_arrays(folder / FILE, {name: getattr(made, name) for name in _NAMES})  # last: who finds it finds both
    return made


def read(folder: Path) -> Evaluation | None:
    """Return what `make` kept in a folder, or None where there is none or it is damaged."""
    return kept(folder / FILE, _read)


def find(folder: Path, file: Path, dataset: Dataset) -> Evaluation | None:
    """Return what is kept, or None where it is of another network than is now in the file, or of other data."""
    found = read(folder)
    return found if found and found.data_hash == dataset.hash and found.network_hash == network_hash(file) else None


def neighbours(folder: Path, file: Path, dataset: Dataset) -> Features | None:
    """Return the features that are kept, or None where they are of another network or of other data."""
    found = nearest_neighbours.read(folder)
    return found if found and found.data_hash == dataset.hash and found.network_hash == network_hash(file) else None


@functools.lru_cache(maxsize=20)  # 0.4 MB each with 10,000 images
def _read(path: Path, changed: int, size: int) -> Evaluation:
    probabilities, labels, data_hash, its_hash = read_arrays(path, _NAMES, LARGEST)
    whole = (
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
    if not whole:
        raise ValueError("not as it was written")
    return Evaluation(probabilities, labels, str(data_hash), str(its_hash))


def _shares(some: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Return some / of, NaN where there is nothing."""
    shares = np.full(len(some), np.nan)
    np.divide(some, of, out=shares, where=of > 0)
    return shares
