import math
from itertools import pairwise

import keras
import numpy as np
import pytest

from trainer.drawing import synthetic_digits
from trainer.lessons import descent
from trainer.lessons.descent import descent_curve


@pytest.fixture(scope="module")
def batch() -> tuple[np.ndarray, np.ndarray]:
    images, labels = synthetic_digits.make_digits(32, seed=5)
    return (images / 255).astype(np.float32).reshape(32, -1), labels


def keras_model(layers: descent.Layers, rate: float) -> keras.Model:
    """Build the same network in Keras, with the same weights."""
    hidden = [keras.layers.Dense(len(bias), "relu") for _, bias in layers[:-1]]
    model = keras.Sequential([keras.Input((784,)), *hidden, keras.layers.Dense(10, "softmax")])
    model.compile(keras.optimizers.SGD(rate), "categorical_crossentropy")
    model.set_weights([part for layer in layers for part in layer])
    return model


@pytest.mark.parametrize("hidden", [False, True])
def test_three_steps_equal_those_of_keras(batch, hidden):
    images, labels = batch
    start = descent.start(images, labels, hidden, seed=1)
    model = keras_model(start.layers, 0.1)
    losses = [float(model.train_on_batch(images, np.eye(10)[labels])) for _ in range(3)]
    ours = descent.step(start, images, labels, 0.1, steps=3)
    assert ours.losses[:3] == pytest.approx(losses, abs=1e-4)
    for mine, theirs in zip([part for layer in ours.layers for part in layer], model.get_weights(), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-5)


def test_the_gradient_equals_the_slope_of_the_loss(batch):
    images, labels = batch
    layers = descent.start(images, labels, hidden=True).layers
    gradient = descent.forward_backward(layers, images, labels).gradients[0][0]
    at = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)

    def loss(change: float) -> float:
        kernel = layers[0][0].copy()
        kernel[at] += change
        return descent.forward_backward(((kernel, layers[0][1]), layers[1]), images, labels).loss

    assert (loss(0.003) - loss(-0.003)) / 0.006 == pytest.approx(gradient[at], rel=0.02)


def test_weights_of_0_give_each_digit_ten_percent(batch):
    start = descent.start(*batch)
    assert start.steps == 0 and start.losses[0] == pytest.approx(math.log(10))
    forward = descent.forward_backward(start.layers, *batch)
    assert forward.probabilities == pytest.approx(np.full((32, 10), 0.1))
    assert forward.errors[0].sum(axis=1) == pytest.approx(np.zeros(32), abs=1e-6)


def test_learning_rates_can_be_too_small_right_or_too_large(batch):
    start = descent.start(*batch)
    small, right, large = (descent.step(start, *batch, rate, steps=10).losses for rate in (0.001, 0.1, 5.0))
    assert 0.9 * small[0] < small[-1] < small[0]
    assert right[-1] < 0.7 * right[0] and all(a > b for a, b in pairwise(right))
    assert any(b > a for a, b in pairwise(large))


def test_the_change_is_the_last_step(batch):
    start = descent.start(*batch)
    moved = descent.step(start, *batch, 0.1)
    gradient = descent.forward_backward(start.layers, *batch).gradients[0][0]
    assert moved.change[0][0] == pytest.approx(-0.1 * gradient, abs=1e-6)
    assert not start.change[0][0].any()


def test_the_loss_chart_has_room_to_grow_and_omits_infinite_losses():
    figure = descent_curve((2.3, math.inf, 1.0))
    assert figure["data"][0]["y"] == [2.3, None, 1.0]
    assert figure["layout"]["xaxis"]["range"] == descent_curve((2.3,))["layout"]["xaxis"]["range"]
