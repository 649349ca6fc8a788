"""What the numbers of a network are made of; Keras's own layers are the oracle."""

import numpy as np
import pytest

from tests.support.networks import IMAGE, Example
from trainer.analysis import contributions
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Rescaling

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


@pytest.fixture(scope="module", params=LAYERS)
def case(request):
    return Example(LAYERS[request.param])


@pytest.fixture(scope="module")
def cnn():
    return Example(LAYERS["cnn"])


def test_outputs_are_those_of_keras(case):
    found = case.keras_outputs()
    assert list(found) == [row.name for row in case.table]
    for name, values in found.items():
        np.testing.assert_allclose(case.outputs[name], values, atol=1e-4)


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
    case = Example(LAYERS[name])
    found = contributions.contributions(IMAGE, case.outputs, case.weights, case.table)
    assert (found.source, found.direct) == (before, not before)
    assert {reason.values.shape for reason in found.units} == {shape}


def test_a_hidden_unit_is_what_its_reason_says():
    case = Example(LAYERS["mlp"])
    for place, function in ((1, lambda value: max(0.0, value)), (2, np.tanh)):
        for unit in range(5):
            reason = contributions.weighted_sum(IMAGE, case.outputs, case.weights, case.table, place, unit)
            assert function(reason.sum) == pytest.approx(case.outputs[case.table[place].name][unit], abs=1e-5)


def test_the_largest_contributions_come_first():
    reason = contributions.WeightedSum(np.array([1.0, 2, 0, 3]), np.array([1.0, -4, 9, 1]), 0.5)
    assert reason.largest(3) == [1, 3, 0] and reason.largest(9) == [1, 3, 0]
    assert reason.total == pytest.approx(-4) and reason.sum == pytest.approx(-3.5)


def test_weights_of_the_first_layer_are_images(cnn):
    mlp = Example(LAYERS["mlp"])
    images = contributions.weight_images(mlp.weights["dense_2"][0], (28, 28))
    assert images.shape == (12, 28, 28) and images[3, 1, 2] == mlp.weights["dense_2"][0][30, 3]
    assert contributions.weight_images(cnn.weights["conv2d_2"][0], (28, 28)).shape == (4, 5, 5)
    assert contributions.first_weighted_row(mlp.table) == 1 and contributions.first_weighted_row(cnn.table) == 1


def test_huge_logits_are_no_errors():
    unit = contributions.WeightedSum(np.array([1.0]), np.array([2000.0]), 0.0)
    found = contributions.Contributions((unit, contributions.WeightedSum(np.array([1.0]), np.array([0.0]), 0.0)), "")
    assert np.isinf(found.exponentials[0]) and found.probabilities.tolist() == [1.0, 0.0]
