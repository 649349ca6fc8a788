"""Softmax, one-hot encoding and the two losses, in NumPy, as Keras computes them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from trainer.config.limits import CLASSES

Floats = NDArray[np.float64]
CHANCE_LOSS = math.log(CLASSES)  # the cross-entropy of giving every class 10 %


def softmax(logits: NDArray[np.floating]) -> Floats:
    """Return probabilities in the shape of `logits`; the last axis sums to 1."""
    # subtracting the largest logit changes nothing but prevents an overflow
    exponentials = np.exp(np.asarray(logits, np.float64) - np.max(logits, axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True), np.float64)


def one_hot(labels: NDArray[np.integer]) -> Floats:
    """Return (n, 10) for labels (n,): 1 at the label, 0 elsewhere."""
    return np.eye(CLASSES)[np.asarray(labels, np.int64)]


def cross_entropy(probabilities: Floats, labels: NDArray[np.integer]) -> Floats:
    """Return the loss of each row (n,): minus the log of the true class's probability, clipped as Keras does."""
    true_class = np.take_along_axis(probabilities, np.asarray(labels, np.int64)[:, None], axis=1)[:, 0]
    return np.asarray(-np.log(np.clip(true_class, 1e-7, 1 - 1e-7)), np.float64)


def squared_error(probabilities: Floats, labels: NDArray[np.integer]) -> Floats:
    """Return each row's mean squared difference from its one-hot row (n,)."""
    return np.asarray(np.mean((probabilities - one_hot(labels)) ** 2, axis=1), np.float64)
