"""Sketches of a network: the weights and activations that the diagram draws."""

import numpy as np
import pytest

from trainer.config.layer import Layer
from trainer.config.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Rescaling
from trainer.config.training import TrainingConfig
from trainer.networks.sketch import SHAPE, drawn_units, sketch


def test_the_first_and_the_last_units_of_a_large_layer_are_drawn() -> None:
    assert drawn_units(3) == [0, 1, 2] and drawn_units(12) == [*range(12)]
    assert drawn_units(784) == [0, 1, 2, 3, 4, 779, 780, 781, 782, 783]


@pytest.mark.parametrize(
    "layers",
    [
        (Rescaling(255.0), Dense(20, "relu"), Dropout(0.2), Dense(4, "tanh")),
        (Conv2D(6, 3), MaxPooling2D(2), Flatten(), Dense(5)),
        (Conv2D(64, 3),),
    ],
    ids=["dense", "convolution", "implied layers"],
)
def test_a_sketch_has_the_shares_of_each_layer(layers: tuple[Layer, ...]) -> None:
    table = TrainingConfig(layers=layers).table
    chance = np.random.default_rng(0)
    weights = {
        row.name: [chance.normal(size=shape) for shape in row.layer.weight_shapes(row.input_shape)] for row in table
    }
    outputs = {row.name: chance.normal(size=(1, *row.output_shape)) for row in table}
    outputs["output"] = np.full((1, 10), 0.1)
    drawn = sketch(table, weights, outputs)
    assert drawn.shape == (len(table), *SHAPE) and drawn.dtype == np.float16 and np.abs(drawn).max() <= 1
    assert drawn[-1, :10, 0] == pytest.approx(0.1, abs=1e-3)  # probabilities are themselves
    for place, row in enumerate(table[:-1]):
        if row.layer.has_kernel and len(row.output_shape) == 1:
            assert np.abs(drawn[place, :, 0]).max() == 1 and np.abs(drawn[place, :, 1:]).max() == 1
    diverged = {name: np.full_like(values, np.nan) for name, values in outputs.items()}
    assert np.isfinite(sketch(table, weights, diverged)).all()


def test_a_connection_has_the_weight_between_its_units() -> None:
    table = TrainingConfig(layers=(Dense(2), Dense(3))).table
    row = next(place for place, one in enumerate(table) if one.output_shape == (3,))
    weights = {one.name: [np.zeros(shape) for shape in one.layer.weight_shapes(one.input_shape)] for one in table}
    weights[table[row].name][0][1, 2] = -4.0  # from the second unit to the third
    drawn = sketch(table, weights, {one.name: np.zeros((1, *one.output_shape)) for one in table})
    assert drawn[row, 2, 1 + 1] == -1 and np.count_nonzero(drawn[row, :, 1:]) == 1
