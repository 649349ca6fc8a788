import keras
import numpy as np
import pytest

from trainer.lessons import overfitting
from trainer.lessons.overfitting import (
    EPOCHS,
    NOISE,
    PATIENCE,
    UNITS,
    Experiment,
    Network,
    border,
    border_chart,
    loss_chart,
    noisy_points,
    train,
    verdict,
)


def test_three_epochs_equal_those_of_keras():
    training = train(Experiment(examples=20))
    dense = [keras.layers.Dense(UNITS[-1], "relu"), keras.layers.Dense(UNITS[-1], "relu")]
    model = keras.Sequential([keras.Input((2,)), *dense, keras.layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.Adam(overfitting.LEARNING_RATE), "binary_crossentropy")

    def parts(network: Network) -> list[np.ndarray]:
        return [part for pair in zip(network.kernels, network.biases, strict=True) for part in pair]

    model.set_weights(parts(training.network(0)))
    points = training.points
    losses = [float(model.train_on_batch(points.positions, points.labels[:, None])) for _ in range(3)]
    assert training.losses[0, 0] == pytest.approx(losses[0], abs=1e-5)
    for mine, theirs in zip(parts(training.network(3)), model.get_weights(), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-4)


def test_the_gradient_with_dropout_equals_the_slope_of_the_loss():
    rng, points, network = np.random.default_rng(0), noisy_points(20, seed=5), Network(4)
    network.parameters[:] = rng.normal(size=network.parameters.shape)
    masks = tuple((rng.random((2, 20, 4)) > 0.3) / 0.7)
    gradient = network.gradient(points, masks)

    def loss(change: np.ndarray) -> float:
        outputs = Network(4, network.parameters + change).outputs(points.positions, masks)
        return float(-np.log(np.where(points.labels == 1, outputs, 1 - outputs)).mean())

    steps = 1e-6 * np.eye(len(gradient))
    assert gradient == pytest.approx([(loss(one) - loss(-one)) / 2e-6 for one in steps], abs=1e-5)


def test_some_labels_are_wrong_and_more_points_include_the_fewer():
    points, few = noisy_points(4000, seed=0), noisy_points(20, seed=0)
    above = points.positions[:, 1] > border(points.positions[:, 0])
    assert (above != points.labels).mean() == pytest.approx(NOISE, abs=0.015)
    assert points.positions[:20].tolist() == few.positions.tolist()


def test_a_large_network_memorizes_few_points_and_each_remedy_helps():
    plain = train(Experiment())
    assert plain.epochs == EPOCHS and plain.accuracies[-1, 0] > 0.9
    assert plain.losses[-1, 1] > 2 * plain.losses[plain.best, 1]
    assert "overfits" in verdict(plain, EPOCHS) and "overfits" not in verdict(plain, plain.best)
    for remedy in ({"examples": 320}, {"dropout": True}, {"augmentation": True}, {"units": UNITS[0]}):
        assert train(Experiment(**remedy)).losses[-1, 1] < 0.8 * plain.losses[-1, 1], remedy
    stopped = train(Experiment(early_stopping=True))
    assert stopped.best == plain.best and stopped.epochs == stopped.best + PATIENCE


def test_the_charts_have_fixed_axes_and_show_the_epoch():
    training = train(Experiment())
    first, last = (border_chart(training, epoch) for epoch in (0, EPOCHS))
    assert len(last["data"][1]["x"]) + len(last["data"][2]["x"]) == 40
    assert len(first["data"][3]["x"]) > len(last["data"][3]["x"])  # misclassified
    before, after = (loss_chart(train(Experiment(examples=count)), 7)["layout"] for count in (40, 320))
    assert before["yaxis"]["range"] == after["yaxis"]["range"] and before["shapes"][0]["x0"] == 7
