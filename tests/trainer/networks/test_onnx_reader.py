"""The weights in an ONNX file, compared with Keras's."""

import numpy as np
import pytest

from trainer import UserError
from trainer.config.layers import BatchNormalization, Conv2D, Dense, MaxPooling2D
from trainer.config.training import TrainingConfig
from trainer.networks import model, onnx_reader, onnx_writer
from trainer.shipped import network as shipped

CONFIG = TrainingConfig(layers=(Conv2D(3, 3), BatchNormalization(), MaxPooling2D(2), Dense(5, "relu")))


@pytest.fixture(scope="module")
def learned():
    return model.weights(model.build(CONFIG))


@pytest.fixture(scope="module")
def content(learned):
    return onnx_writer.to_onnx(learned, CONFIG)


def test_the_weights_equal_keras(learned, content):
    read = onnx_reader.read(content, CONFIG)
    assert list(read) == [name for name, arrays in learned.items() if len(arrays)]
    for name, arrays in read.items():
        for ours, own in zip(arrays, learned[name], strict=True):
            np.testing.assert_array_equal(ours, own)


def test_the_ready_made_network_has_weights():
    read = onnx_reader.read(shipped.PATH.read_bytes(), shipped.CONFIG)
    assert read["output"][0].shape[1] == 10


@pytest.mark.parametrize("end", [0, 1, 100, -1, -400])
def test_a_damaged_file_is_rejected(content, end):
    with pytest.raises(UserError, match="weights of its layers"):
        onnx_reader.read(content[:end], CONFIG)


def test_noise_is_rejected():
    noise = np.random.default_rng(0).bytes(5000)
    with pytest.raises(UserError, match="weights of its layers"):
        onnx_reader.read(noise, CONFIG)


def test_the_file_of_another_network_is_rejected(content):
    with pytest.raises(UserError, match="those of other layers"):
        onnx_reader.read(content, TrainingConfig(layers=(Dense(5, "relu"),)))
