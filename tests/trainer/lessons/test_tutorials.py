import sys
from typing import Any
from unittest.mock import MagicMock

import keras
import numpy as np
import pytest

from trainer.config.presets import PRESETS
from trainer.config.training import parameter_count
from trainer.lessons.tutorial_output import OUTPUTS, accuracy_chart
from trainer.lessons.tutorials import TUTORIALS
from trainer.networks import model

pytestmark = pytest.mark.slow  # trains with Keras


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorials_program_runs_and_matches_its_preset(name, monkeypatch, few_digits):
    with np.load(few_digits) as data:
        few = (data["x_train"][:60], data["y_train"][:60]), (data["x_test"][:20], data["y_test"][:20])
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: few)
    fit, settings_used = keras.Sequential.fit, {}

    def fit_once(self: keras.Sequential, x: np.ndarray, y: np.ndarray, **settings: float) -> keras.callbacks.History:
        settings_used.update(settings, highest=float(x.max()))
        return fit(self, x, y, **settings | {"epochs": 1, "verbose": 0})

    monkeypatch.setattr(keras.Sequential, "fit", fit_once)
    plots = MagicMock()  # the app does without Matplotlib
    monkeypatch.setitem(sys.modules, "matplotlib", plots)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", plots.pyplot)
    made: dict[str, Any] = {}
    exec(TUTORIALS[name].code, made)
    network, config = made["model"], PRESETS[name].config
    assert isinstance(network, keras.Sequential)
    assert network.count_params() == parameter_count(config)
    ours = [layer.get_config() for layer in model.build(config).layers if isinstance(layer, keras.layers.Dense)]
    theirs = [layer.get_config() for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    assert [(one["units"], one["activation"]) for one in theirs] == [(one["units"], one["activation"]) for one in ours]
    assert float(network.optimizer.learning_rate.numpy()) == pytest.approx(config.learning_rate)
    assert (settings_used["batch_size"], settings_used["epochs"]) == (config.batch_size, config.epochs)
    assert settings_used.get("validation_split", 0.0) == config.validation_split
    assert settings_used["highest"] == (255 if name == "tutorial_a_raw" else 1)
    plotted = [call.args[0] for call in plots.pyplot.plot.call_args_list]
    curves = ["accuracy", "val_accuracy"] if config.validation_split else ["accuracy"]
    assert plotted == [made["history"].history[curve] for curve in curves]
    assert 0 <= made["accuracy"] <= 1 and made["probabilities"].shape == (1, 10)


def test_the_recorded_output_is_that_of_the_program():
    assert {*OUTPUTS} == {*TUTORIALS}
    for name, output in OUTPUTS.items():
        config = PRESETS[name].config
        assert len(output.validation) == (len(output.accuracies) if config.validation_split else 0)
        assert sum(output.probabilities) == pytest.approx(1, abs=1e-4)
        assert [curve["name"] for curve in accuracy_chart(output)["data"]] == (
            ["accuracy", "val_accuracy"] if config.validation_split else ["accuracy"]
        )
