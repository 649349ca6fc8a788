"""The calculation of every kind of layer, number by number; Keras's own layers are the oracle."""

import itertools

import numpy as np
import pytest

from tests.support.cases import case
from tests.support.networks import IMAGE, Example
from trainer.analysis import stages
from trainer.analysis.calculation import Calculation, calculate
from trainer.config.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
    Rescaling,
)

NETWORKS = {
    "cnn": (
        Conv2D(6, 5, 2, "same", use_bias=False, activation="linear"),
        BatchNormalization(),
        Activation("relu"),
        Conv2D(7, 3, padding="valid", activation="tanh"),
        MaxPooling2D(2),
        Conv2D(5, 2, padding="same"),
        AveragePooling2D(2),
        Flatten(),
        Dropout(0.5),
        Dense(12, "relu"),
    ),
    "mean": (Conv2D(4, 1), GlobalAveragePooling2D()),
    "dense": (Rescaling(2.0), Flatten(), Dense(12, "sigmoid"), BatchNormalization(), Dense(11, "relu")),
}
TITLES = {
    "cnn": [
        "Image",
        "Convolution 1",
        "Convolution 2",
        "Max pooling 1",
        "Convolution 3",
        "Average pooling 1",
        "Flatten",
        "Dense 1",
        "Output",
    ],
    "mean": ["Image", "Convolution 1", "Global average pooling 1", "Output"],
    "dense": ["Image", "Flatten", "Dense 1", "Dense 2", "Output"],
}
ACTIVATIONS = {
    "linear": lambda values: values,
    "relu": lambda values: np.maximum(values, 0),
    "tanh": np.tanh,
    "sigmoid": lambda values: 1 / (1 + np.exp(-values)),
}


def recompute(found: Calculation) -> np.ndarray:
    """Return the values at all places as a person would compute them, window by window."""
    values = found.rest + found.bias
    for place in itertools.product(*map(range, found.rest.shape)):
        for term in found.terms:
            window = np.zeros(found.window)
            for pixel in itertools.product(*map(range, found.window)):
                at = tuple(
                    begin + found.strides * one + step
                    for begin, one, step in zip(found.begin, place, pixel, strict=True)
                )
                if all(0 <= one < side for one, side in zip(at, term.values.shape, strict=True)):
                    window[pixel] = term.values[at]
            match found.operation:
                case "sum":
                    values[place] += (window * term.weights).sum()
                case "largest":
                    values[place] = window.max()
                case "mean":
                    values[place] = window.mean()
    return values


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_is_recomputed_from_its_terms(name):
    network = Example(NETWORKS[name])
    path, oracle = stages.stages(network.table), network.keras_outputs()
    assert [stage.title for stage in path] == TITLES[name]
    for place, stage in enumerate(path[1:], 1):
        if stage.is_list:
            continue
        unit = stage.size - 1
        with case(stage.title):
            found = calculate(IMAGE, network.outputs, network.weights, network.table, path, place, unit)
            values = recompute(found)
            activation = getattr(stage.row.layer, "activation", "linear")
            if activation == "softmax":
                expected = network.network.logits(IMAGE[None])[0]
            else:
                values, expected = ACTIVATIONS[activation](values), oracle[stage.row.name]
            np.testing.assert_allclose(values, np.atleast_2d(expected[..., unit]), atol=1e-4)
            if found.functions:
                last = np.atleast_2d(oracle[stage.output][..., unit])
                np.testing.assert_allclose(found.functions[-1][1], last, atol=1e-4)


def test_a_stage_tells_what_it_holds_and_what_follows():
    path = stages.stages(Example(NETWORKS["cnn"]).table)
    assert [stage.caption for stage in path[:4]] == [
        "28 × 28 pixels",
        "6 filters, 14 × 14",
        "7 filters, 12 × 12",
        "7 maps, 6 × 6",
    ]
    assert path[1].functions == ("batch normalization", "relu") and path[2].functions == ("tanh",)
    assert path[6].functions == ("dropout 50 %",) and path[7].caption == "12 units"


def test_the_inputs_with_the_largest_contributions_are_named():
    network = Example(NETWORKS["cnn"])
    path = stages.stages(network.table)
    found = calculate(IMAGE, network.outputs, network.weights, network.table, path, 2, 0)
    assert len(found.terms) == 3 and found.others == 3
    assert all(term.name.startswith("Filter") and term.name.endswith("of Convolution 1") for term in found.terms)
    dense = calculate(IMAGE, network.outputs, network.weights, network.table, path, 7, 0)
    assert {term.values.shape for term in dense.terms} == {(3, 3)} and "Average pooling 1" in dense.terms[0].name
    output = calculate(IMAGE, network.outputs, network.weights, network.table, path, 8, 0)
    products = [float(term.values[0, 0] * term.weights[0, 0]) for term in output.terms]
    assert np.all(np.diff(np.abs(products)) <= 0) and len(products) == 8 and output.others == 4


def test_a_network_that_diverged_is_calculated_too():
    network = Example((Dense(3, "relu"),))
    weights = {name: [np.full_like(one, np.nan) for one in arrays] for name, arrays in network.weights.items()}
    found = calculate(IMAGE, network.outputs, weights, network.table, stages.stages(network.table), 2, 0)
    assert np.isnan(found.terms[0].weights).all()
