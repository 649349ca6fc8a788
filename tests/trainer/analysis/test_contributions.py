"""What the numbers of a network are made of; Keras's own layers are the oracle."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.apps import TINY
from trainer.analysis import contributions
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Rescaling
from trainer.networks import model, onnx_writer
from trainer.networks.inference import Network

LAYERS = {
    "perceptron": (Flatten(),),
    "rescaled": (Rescaling(2.0), Flatten(), Dropout(0.5)),
    "tutorial_b": (Flatten(), Dense(10, "sigmoid")),
    "mlp": (Flatten(), Dense(12, "relu"), Dense(7, "tanh")),
    "normalized": (Dense(12, "linear"), BatchNormalization()),
    "cnn": (
        Conv2D(4, 5, 2, "same", use_bias=False, activation="linear"),
        BatchNormalization(),
        Conv2D(6, 3, padding="same"),
        MaxPooling2D(2),
        Conv2D(5, 3, padding="valid", activation="relu"),
    ),
}
IMAGE = np.random.default_rng(0).random((28, 28), dtype=np.float32)


class Case:
    """A network, in Keras and exported, and what it makes of one image."""

    def __init__(self, layers):
        config = replace(TINY, layers=layers)
        self.keras = model.build(config)
        for weight in self.keras.weights:  # biases and means are zeros else
            if weight.ndim == 1:
                weight.assign(np.random.default_rng(1).random(weight.shape).astype(np.float32) + 0.1)
        self.table, self.weights = config.table, model.weights(self.keras)
        self.network = Network(onnx_writer.to_onnx(self.weights, config))
        self.outputs = {name: values[0] for name, values in self.network.layers(IMAGE[None]).items()}


@pytest.fixture(scope="module", params=LAYERS)
def case(request):
    return Case(LAYERS[request.param])


@pytest.fixture(scope="module")
def cnn():
    return Case(LAYERS["cnn"])


def test_outputs_are_those_of_keras(case):
    values = IMAGE[None]
    for row, layer in zip(case.table, [one for one in case.keras.layers if one.name in case.outputs], strict=True):
        assert layer.name == row.name
        values = layer(values, training=False)
        np.testing.assert_allclose(case.outputs[row.name], np.asarray(values)[0], atol=1e-4)


def test_evidence_adds_up_to_the_logits_and_the_probabilities(case):
    found = contributions.contributions(IMAGE, case.outputs, case.weights, case.table)
    np.testing.assert_allclose(found.logits, case.network.logits(IMAGE[None])[0], atol=1e-4)
    np.testing.assert_allclose(found.probabilities, np.asarray(case.keras(IMAGE[None]))[0], atol=1e-5)
    np.testing.assert_allclose(found.exponentials / found.exponentials.sum(), found.probabilities, atol=1e-9)
    for reason, logit in zip(found.units, found.logits, strict=True):
        assert reason.products.sum(dtype=float) + reason.bias == pytest.approx(logit, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "before", "shape"),
    [
        ("perceptron", "", (28, 28)),
        ("rescaled", "", (28, 28)),
        ("tutorial_b", "dense_2", (10,)),
        ("normalized", "batch_normalization_3", (12,)),
        ("cnn", "conv2d_6", (5, 5, 5)),
    ],
)
def test_evidence_has_the_shape_of_where_it_comes_from(name, before, shape):
    case = Case(LAYERS[name])
    found = contributions.contributions(IMAGE, case.outputs, case.weights, case.table)
    assert (found.source, found.direct) == (before, not before)
    assert {reason.values.shape for reason in found.units} == {shape}


def test_a_hidden_unit_is_what_its_reason_says():
    case = Case(LAYERS["mlp"])
    for place, function in ((1, lambda value: max(0.0, value)), (2, np.tanh)):
        for unit in range(5):
            reason = contributions.weighted_sum(IMAGE, case.outputs, case.weights, case.table, place, unit)
            assert function(reason.sum) == pytest.approx(case.outputs[case.table[place].name][unit], abs=1e-5)


def test_every_place_of_a_convolution_is_what_its_patch_says(cnn):
    functions = {"linear": lambda value: value, "relu": lambda value: max(0.0, value)}
    rows = [(place, row) for place, row in enumerate(cnn.table) if isinstance(row.layer, Conv2D)]
    assert len(rows) == 3
    for place, row in rows:
        made = cnn.outputs[row.name]
        for at in [(0, 0), (0, made.shape[1] - 1), (made.shape[0] - 1, made.shape[1] - 1), (2, 1)]:
            reason = contributions.weighted_sum(IMAGE, cnn.outputs, cnn.weights, cnn.table, place, 2, at)
            assert functions[row.layer.activation](reason.sum) == pytest.approx(made[(*at, 2)], abs=1e-4)


def test_without_a_place_it_is_a_filters_largest_number(cnn):
    place = next(place for place, row in enumerate(cnn.table) if row.name == "conv2d_2")
    reason = contributions.weighted_sum(IMAGE, cnn.outputs, cnn.weights, cnn.table, place, 1)
    assert reason.sum == pytest.approx(cnn.outputs["conv2d_2"][..., 1].max(), abs=1e-4)


def test_the_largest_contributions_come_first():
    reason = contributions.WeightedSum(np.array([1.0, 2, 0, 3]), np.array([1.0, -4, 9, 1]), 0.5)
    assert reason.largest(3) == [1, 3, 0] and reason.largest(9) == [1, 3, 0]
    assert reason.total == pytest.approx(-4) and reason.sum == pytest.approx(-3.5)


def test_weights_of_the_first_layer_are_images(cnn):
    mlp = Case(LAYERS["mlp"])
    images = contributions.weight_images(mlp.weights["dense_2"][0], (28, 28))
    assert images.shape == (12, 28, 28) and images[3, 1, 2] == mlp.weights["dense_2"][0][30, 3]
    assert contributions.weight_images(cnn.weights["conv2d_2"][0], (28, 28)).shape == (4, 5, 5)
    assert contributions.first_weighted_row(mlp.table) == 1 and contributions.first_weighted_row(cnn.table) == 1


def test_huge_logits_are_no_errors():
    unit = contributions.WeightedSum(np.array([1.0]), np.array([2000.0]), 0.0)
    found = contributions.Contributions((unit, contributions.WeightedSum(np.array([1.0]), np.array([0.0]), 0.0)), "")
    assert np.isinf(found.exponentials[0]) and found.probabilities.tolist() == [1.0, 0.0]
