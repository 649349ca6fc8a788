"""Conversion of an ONNX file to a `.keras` file in a process of its own, with Keras as the oracle."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.apps import TINY
from trainer import UserError
from trainer.config.layers import Dense
from trainer.networks import keras_converter, keras_file
from trainer.networks.inference import Network


@pytest.fixture
def file(tmp_path):
    return tmp_path / "converted" / "model.keras"


@pytest.mark.slow
def test_keras_loads_the_converted_network(network_run, file):
    keras_converter.convert(network_run.network_file, TINY, file)
    assert keras_file.matching_file(file, network_run.network_file) == file
    import keras

    images = np.random.default_rng(0).random((20, 28, 28), dtype=np.float32)
    probabilities = keras.saving.load_model(file).predict(images, verbose=0)
    np.testing.assert_allclose(probabilities, Network(network_run.network_file).probabilities(images), atol=1e-6)


@pytest.mark.slow
def test_the_weights_of_another_network_are_rejected(network_run, file):
    with pytest.raises(UserError, match="must have the weights of its layers"):
        keras_converter.convert(network_run.network_file, replace(TINY, layers=(Dense(9),)), file)
    assert not file.exists()


def test_a_conversion_that_takes_too_long_is_ended(network_run, file):
    with pytest.raises(UserError, match="download the ONNX file"):
        keras_converter.convert(network_run.network_file, TINY, file, timeout=0.001)
    assert not list(file.parent.iterdir())
