"""Networks for tests: exported without training, or written by hand so that what they react to is known."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tests.support.apps import TINY
from trainer.config.layer import Layer
from trainer.config.layers import Flatten
from trainer.networks import model, onnx_writer
from trainer.networks.inference import Network

PLACE = slice(10, 14), slice(16, 20)  # where ink counts towards a 3
IMAGE = np.random.default_rng(0).random((28, 28), dtype=np.float32)


def network_for_3(template, biases=None):
    """Return a network of one layer in which only the logit of a 3 depends on the pixels."""
    config = type(TINY)(layers=(Flatten(),))
    kernel, bias = np.zeros((784, 10), np.float32), np.zeros(10, np.float32)
    kernel[:, 3] = template.reshape(-1)
    for label, value in (biases or {}).items():
        bias[label] = value
    return Network(onnx_writer.to_onnx({"output": [kernel, bias]}, config))


def exported(config, file):
    """Export the untrained network of a config to a file, and return the file."""
    file.write_bytes(onnx_writer.to_onnx(model.weights(model.build(config)), config))
    return file


class Example:
    """A network with random biases and means, and its outputs for IMAGE."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        config = replace(TINY, layers=tuple(layers))
        self.keras = model.build(config)
        for weight in self.keras.weights:  # biases and means are zeros else
            if weight.ndim == 1:
                weight.assign(np.random.default_rng(1).random(weight.shape).astype(np.float32) + 0.1)
        self.table, self.weights = config.table, model.weights(self.keras)
        self.network = Network(onnx_writer.to_onnx(self.weights, config))
        self.outputs = {name: values[0] for name, values in self.network.layers(IMAGE[None]).items()}

    def keras_outputs(self) -> dict[str, np.ndarray]:
        """Return the output of each of Keras's layers for IMAGE, by its name."""
        values, found = IMAGE[None], {}
        for layer in self.keras.layers:
            if layer.name in self.outputs:
                values = layer(values, training=False)
                found[layer.name] = np.asarray(values)[0]
        return found
