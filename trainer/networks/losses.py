"""Softmax, one-hot rows and the two losses, in NumPy as Keras computes them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from trainer.config.limits import CLASSES

Floats = NDArray[np.float64]
GUESSING = math.log(CLASSES)  # the cross-entropy of 10 % for everything


def softmax(logits: NDArray[np.floating]) -> Floats:
    """Return probabilities in the shape of `logits`; the last axis sums to 1. The largest is taken off: no overflow."""
    powers = np.exp(np.asarray(logits, np.float64) - np.max(logits, axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float64)


def one_hot(labels: NDArray[np.integer]) -> Floats:
    """Return rows (n, 10) of labels (n,): 1 at the label, 0 elsewhere."""
    return np.eye(CLASSES)[np.asarray(labels, np.int64)]


def cross_entropy(probabilities: Floats, labels: NDArray[np.integer]) -> Floats:
    """Return the loss of each row (n,): minus the logarithm of the right class's probability, clipped as Keras does."""
    right = np.take_along_axis(probabilities, np.asarray(labels, np.int64)[:, None], axis=1)[:, 0]
    return np.asarray(-np.log(np.clip(right, 1e-7, 1 - 1e-7)), np.float64)


def squared_error(probabilities: Floats, labels: NDArray[np.integer]) -> Floats:
    """Return each row's mean squared difference from its one-hot row (n,), which Keras calls mean_squared_error."""
    return np.asarray(np.mean((probabilities - one_hot(labels)) ** 2, axis=1), np.float64)
