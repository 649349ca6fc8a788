"""Scores of a trained network: on test, training and validation images, all read alike, and on drawings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.config.training import TrainingConfig, multiply_add_count
from trainer.data.datasets import Dataset
from trainer.drawing.collection import Drawings
from trainer.jobs.testing import TestClock
from trainer.networks import model
from trainer.networks.inference import Network
from trainer.networks.train_step import LabeledImages

if TYPE_CHECKING:
    import keras

BATCH_MULTIPLY_ADDS = 1_000_000_000  # read at once: a fraction of a second, after which the clock is asked


def scores(
    network: keras.Model, config: TrainingConfig, dataset: Dataset, training: LabeledImages, clock: TestClock
) -> Iterator[dict[str, Any]]:
    """Yield loss and accuracy of a trained network as fields of `State`: the test's, then those to compare it with.

    All images are read by the final network in inference mode, without dropout and augmentation: the test images, then
    the first ones of the training and of the validation images, at most as many as there are test images. training: the
    data set's training images and labels, validation included.
    """
    size = max(1, min(model.BATCH, BATCH_MULTIPLY_ADDS // multiply_add_count(config)))
    images, labels = dataset.images("test"), dataset.labels("test")
    loss, accuracy = model.evaluate(network, images, labels, clock.check, size)
    yield {"test_loss": loss, "test_accuracy": accuracy}
    learned, validation = config.split(len(training[1]))
    compared: dict[str, Any] = {}
    for name, begin, count in (("train", 0, learned), ("val", learned, validation)):
        if count := min(count, len(labels)):
            some = slice(begin, begin + count)
            clock.restart()
            loss, accuracy = model.evaluate(network, training[0][some], training[1][some], clock.check, size)
            compared |= {f"{name}_loss": loss, f"{name}_accuracy": accuracy, f"{name}_count": count}
    yield compared


def count_correct(network: Network, drawings: Drawings) -> int:
    """Count the drawings that a network reads correctly."""
    predicted = network.probabilities(np.divide(drawings.images, 255, dtype=np.float32)).argmax(axis=1)
    return int((predicted == drawings.labels).sum())
