import math

import keras
import numpy as np
import pytest

from trainer.losses import answer, cross_entropy, loss_curve, one_hot, probability_columns, softmax, squared_error

RNG = np.random.default_rng(4)
LOGITS, LABELS = RNG.normal(0, 3, (20, 10)), RNG.integers(10, size=20)


def test_softmax_is_that_of_keras_and_never_overflows():
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(LOGITS.astype("float32")))
    assert softmax(LOGITS) == pytest.approx(expected, abs=1e-6)
    assert softmax(np.array([1000.0, 0.0])).tolist() == [1.0, 0.0]


def test_a_constant_changes_nothing_and_a_factor_sharpens():
    assert softmax(LOGITS + 7) == pytest.approx(softmax(LOGITS))
    assert (softmax(2 * LOGITS).max(axis=1) > softmax(LOGITS).max(axis=1)).all()


def test_the_losses_are_those_of_keras():
    probabilities = softmax(LOGITS)
    pairs = (cross_entropy, keras.losses.categorical_crossentropy), (squared_error, keras.losses.mean_squared_error)
    for ours, theirs in pairs:
        expected = keras.ops.convert_to_numpy(theirs(one_hot(LABELS), probabilities))
        assert ours(probabilities, LABELS) == pytest.approx(expected, abs=1e-5)


def test_guessing_costs_the_logarithm_of_ten():
    assert cross_entropy(answer(3, 0.1)[None], np.array([3]))[0] == pytest.approx(math.log(10))
    assert answer(3, 0.4).sum() == pytest.approx(1) and answer(3, 0.4)[3] == 0.4


@pytest.mark.parametrize("kind, loss", [("cross-entropy", math.log(2)), ("squared error", (0.25 + 0.25 / 9) / 10)])
def test_a_curve_marks_the_probability(kind, loss):
    curve, dot = loss_curve(kind, 0.5)["data"]
    assert dot["x"] == [50] and dot["y"] == pytest.approx([loss])
    assert all(before > after for before, after in zip(curve["y"], curve["y"][1:], strict=False))


def test_columns_say_their_shares():
    (bars,) = probability_columns([0.7, *[0.3 / 9] * 9], "0123456789")["data"]
    assert bars["text"][:2] == ["70", "3.3"] and len({*bars["marker"]["color"][1:]}) == 1
    assert bars["marker"]["color"][0] != bars["marker"]["color"][1]
