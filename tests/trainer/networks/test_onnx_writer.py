"""The ONNX file of a network: the output of every layer is compared with Keras's."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import onnx
import pytest

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.layer import Layer
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
from trainer.config.limits import CHOICES
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.networks import model, onnx_reader, onnx_writer
from trainer.networks.inference import Network

pytestmark = pytest.mark.slow  # builds a hundred Keras networks

SMALL = TrainingConfig(layers=(Dense(8),), seed=3)
IMAGES = np.random.default_rng(0).random((6, 28, 28), dtype=np.float32)

ACTIVATIONS = CHOICES["activation"]
EXPORTS = {
    "output only": (),
    "layers that work on anything": (Rescaling(3.0), BatchNormalization(), Dropout(), Activation("softmax")),
    "the same on lists": (Flatten(), Rescaling(0.1), BatchNormalization(), Dropout(), Dense(7, "sigmoid"), Dense(3)),
    **{f"dense {name}": (Dense(9, name), Dense(6, name), Activation(name)) for name in ACTIVATIONS},
    **{f"convolution {name}": (Conv2D(3, 3, activation=name), Activation(name)) for name in ACTIVATIONS},
    **{
        f"{padding}, size {size}, strides {strides}": (
            Conv2D(3, size, strides, padding),  # on 28 pixels
            Conv2D(4, size, strides, padding, use_bias=False),  # and on smaller images with odd sides
            MaxPooling2D(2),
            Conv2D(5, 1),
        )
        for padding in ("valid", "same")
        for size, strides in [(1, 1), (2, 1), (3, 1), (5, 1), (2, 2), (3, 2), (4, 3), (5, 2), (5, 3)]
        if padding == "same" or size * strides < 15
    },
    "maximum, then order": (MaxPooling2D(3), Conv2D(3, 2), MaxPooling2D(2), Flatten(), Dense(4, "tanh")),
    "average": (Conv2D(3, 3, 1, "valid"), AveragePooling2D(3), AveragePooling2D(2), BatchNormalization()),
    "global average": (Conv2D(3, 3, 2), BatchNormalization(), GlobalAveragePooling2D(), Dense(5, "elu")),
    "small cnn": PRESETS["small_cnn"].config.layers,
}


def arbitrary_weights(network):
    """Set weights like those after a training: biases, means and variances other than 0 and 1."""
    generator = np.random.default_rng(1)
    network.set_weights(
        [
            weight + generator.uniform(0.05, 0.5, weight.shape) * (weight.ndim == 1)  # kernels keep their scale
            for weight in network.get_weights()
        ]
    )


@pytest.mark.parametrize("layers", EXPORTS.values(), ids=EXPORTS)
def test_the_output_of_every_layer_equals_keras(layers):
    config = replace(SMALL, layers=layers)
    network = model.build(config)
    arbitrary_weights(network)
    expected, value = {}, IMAGES
    for layer in network.layers:
        expected[layer.name] = value = np.asarray(layer(value))

    content = onnx_writer.to_onnx(model.weights(network), config)

    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
    exported = Network(content)
    found = exported.layers(IMAGES)
    assert list(found) == list(expected)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(exported.probabilities(IMAGES), expected["output"], rtol=1e-5, atol=1e-5)
    logits = exported.logits(IMAGES)
    powers = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(powers / powers.sum(1, keepdims=True), expected["output"], rtol=1e-5, atol=1e-5)


def test_an_unknown_layer_is_not_exported():
    unknown = SimpleNamespace(table=(replace(SMALL.table[0], layer=Layer()),))  # a config would reject it
    with pytest.raises(NotImplementedError, match="Layer"):
        onnx_writer.to_onnx(model.weights(model.build(SMALL)), unknown)


@pytest.mark.parametrize("dataset", dataset_info.DATASETS)
def test_the_file_names_the_classes(dataset):
    config = replace(SMALL, dataset=dataset)
    properties = onnx.load_from_string(onnx_writer.to_onnx(model.weights(model.build(config)), config)).metadata_props
    classes = json.loads({item.key: item.value for item in properties}["classes"])
    assert tuple(classes) == dataset_info.DATASETS[dataset].classes


@pytest.mark.parametrize("layers", EXPORTS.values(), ids=EXPORTS)
def test_the_weights_are_read_back_unchanged(layers):
    config = replace(SMALL, layers=layers)
    network = model.build(config)
    arbitrary_weights(network)
    written = model.weights(network)
    read = onnx_reader.read(onnx_writer.to_onnx(written, config), config)
    assert list(read) == list(written)
    for name in written:
        for one, other in zip(read[name], written[name], strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)


@pytest.mark.parametrize("content", [b"", b"\x08\x01broken", b"PK\x03\x04"])
def test_a_damaged_file_has_no_weights(content):
    with pytest.raises(UserError, match="must have the weights"):
        onnx_reader.read(content, SMALL)


@pytest.mark.parametrize("layers", [(), (Dense(9),), (Dense(8), Dense(8)), (Conv2D(8),)])
def test_the_weights_of_another_network_are_rejected(layers):
    network, other = model.build(SMALL), replace(SMALL, layers=layers)
    with pytest.raises(UserError, match="layers"):
        model.assign(model.build(other), onnx_reader.read(onnx_writer.to_onnx(model.weights(network), SMALL), other))
    with pytest.raises(UserError, match="layers"):
        model.assign(model.build(other), model.weights(network))
