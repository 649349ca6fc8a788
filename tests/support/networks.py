"""Networks for tests: exported without training, or written by hand so that what they react to is known."""

import numpy as np

from tests.support.apps import TINY
from trainer.config.layers import Flatten
from trainer.networks import model, onnx_writer
from trainer.networks.inference import Network

PLACE = slice(10, 14), slice(16, 20)  # where ink counts towards a 3


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
