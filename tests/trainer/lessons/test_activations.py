import keras
import numpy as np
import pytest

from trainer.config.limits import CHOICES
from trainer.lessons.activations import ACTIVATIONS, DESCRIPTIONS, activation_value, function_curves

SUMS = np.linspace(-6, 6, 49)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_equal_those_of_keras(name):
    expected = keras.ops.convert_to_numpy(keras.activations.get(name)(SUMS.astype("float32")))
    assert ACTIVATIONS[name](SUMS) == pytest.approx(expected, abs=1e-5)
    assert activation_value(name, 1.5) == pytest.approx(float(ACTIVATIONS[name](np.array([1.5]))[0]))


def test_all_activations_of_layers_but_softmax_are_listed():
    assert {*ACTIVATIONS} == {*CHOICES["activation"]} - {"softmax"} == {*DESCRIPTIONS}


def test_the_chart_has_fixed_axes_and_marks_the_sum():
    figure = function_curves(["relu", "tanh"], 2.0)
    assert [trace["name"] for trace in figure["data"]] == ["relu", "tanh", "relu", "tanh"]
    assert figure["data"][2]["y"] == [2.0]
    assert figure["layout"]["yaxis"]["range"] == function_curves([], 0.0)["layout"]["yaxis"]["range"]
