import math

import keras
import numpy as np
import pytest

from trainer.lessons.loss_curves import answer_probabilities
from trainer.networks.losses import cross_entropy, one_hot, softmax, squared_error

RNG = np.random.default_rng(4)
LOGITS, LABELS = RNG.normal(0, 3, (20, 10)), RNG.integers(10, size=20)


def test_softmax_equals_keras_and_never_overflows():
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(LOGITS.astype("float32")))
    assert softmax(LOGITS) == pytest.approx(expected, abs=1e-6)
    assert softmax(np.array([1000.0, 0.0])).tolist() == [1.0, 0.0]


def test_a_constant_changes_nothing_and_a_factor_sharpens():
    assert softmax(LOGITS + 7) == pytest.approx(softmax(LOGITS))
    assert (softmax(2 * LOGITS).max(axis=1) > softmax(LOGITS).max(axis=1)).all()


def test_the_losses_equal_keras():
    probabilities = softmax(LOGITS)
    pairs = (cross_entropy, keras.losses.categorical_crossentropy), (squared_error, keras.losses.mean_squared_error)
    for ours, theirs in pairs:
        expected = keras.ops.convert_to_numpy(theirs(one_hot(LABELS), probabilities))
        assert ours(probabilities, LABELS) == pytest.approx(expected, abs=1e-5)


def test_guessing_has_the_loss_log_10():
    assert cross_entropy(answer_probabilities(3, 0.1)[None], np.array([3]))[0] == pytest.approx(math.log(10))
    assert answer_probabilities(3, 0.4).sum() == pytest.approx(1) and answer_probabilities(3, 0.4)[3] == 0.4
