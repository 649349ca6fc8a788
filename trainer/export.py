"""The network as ONNX: what ONNX Runtime, and so the web server, reads in place of Keras.

Written straight from the config and the weights, with no converter and no import of Keras.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainer import nameplate
from trainer.config import TrainingConfig
from trainer.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    MaxPooling2D,
    Rescaling,
    Reshape,
)
from trainer.limits import CLASSES

EPSILON = 1e-3  # of Keras's BatchNormalization
KERNEL = (3, 2, 0, 1)  # the axes of Keras's convolution kernels, in ONNX's order
ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {  # Keras's name -> ONNX's operation and attributes
    "linear": ("Identity", {}),
    "relu": ("Relu", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "softmax": ("Softmax", {"axis": -1}),
    "elu": ("Elu", {}),
    "gelu": ("Gelu", {}),  # the exact one, with erf
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
}


def to_onnx(weights: Mapping[str, Sequence[np.ndarray]], config: TrainingConfig) -> bytes:
    """Write a network as ONNX, in milliseconds: the weights of each row of `config.table`, as `model.weights` has them.

    Input: `image` (n, 28, 28) float32. Outputs: `probabilities`, `logits` and each row of `config.table` by its name,
    in Keras's order of axes (height, width, channels). Its card is inside (see `nameplate`). `weights.read` reads
    the weights back.
    """
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[Any] = []
    tensors: list[Any] = []

    def add(operation: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"/{len(nodes)}"
        nodes.append(helper.make_node(operation, inputs, [output], **attributes))
        return output

    def tensor(value: Any, name: str = "", dtype: str = "float32") -> str:
        name = name or f"/tensor/{len(tensors)}"
        tensors.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def channels_first(operation: str, image: str, *inputs: str, **attributes: Any) -> str:
        image = add("Transpose", image, perm=(0, 3, 1, 2))
        return add("Transpose", add(operation, image, *inputs, **attributes), perm=(0, 2, 3, 1))

    def activate(value: str, activation: str, output: str) -> str:
        if activation == "swish":  # an operation of its own only since ONNX 1.20
            return add("Mul", value, add("Sigmoid", value), output=output)
        operation, attributes = ACTIVATIONS[activation]
        return add(operation, value, output=output, **attributes)

    def apply(layer: Layer, value: str, name: str, weights: Sequence[np.ndarray]) -> str:
        kernels_first = [weight.transpose(KERNEL) if weight.ndim == 4 else weight for weight in weights]
        own = [tensor(weight, f"{name}/{place}") for place, weight in enumerate(kernels_first)]
        match layer:
            case Flatten():
                return add("Flatten", value, output=name)
            case Reshape():
                return add("Unsqueeze", value, tensor([-1], dtype="int64"), output=name)
            case Rescaling():
                return add("Mul", value, tensor(layer.scale), output=name)
            case Dropout():
                return add("Identity", value, output=name)
            case Activation():
                return activate(value, layer.activation, name)
            case Dense():
                kernel, bias = own
                value = add("Add", add("MatMul", value, kernel), bias, output="logits" if name == "output" else "")
                return activate(value, layer.activation, name)
            case Conv2D():
                strides = (layer.strides, layer.strides)
                padding = {"same": "SAME_UPPER", "valid": "VALID"}[layer.padding]
                value = channels_first("Conv", value, *own, strides=strides, auto_pad=padding)
                return activate(value, layer.activation, name)
            case MaxPooling2D() | AveragePooling2D():
                size = (layer.pool_size, layer.pool_size)
                operation = "MaxPool" if isinstance(layer, MaxPooling2D) else "AveragePool"
                return add("Identity", channels_first(operation, value, kernel_shape=size, strides=size), output=name)
            case GlobalAveragePooling2D():
                return add("ReduceMean", value, tensor([1, 2], dtype="int64"), keepdims=0, output=name)
            case BatchNormalization():
                gamma, beta, mean, variance = own  # of these ONNX Runtime makes two when it reads the file
                scale = add("Div", gamma, add("Sqrt", add("Add", variance, tensor(EPSILON))))
                shift = add("Sub", beta, add("Mul", mean, scale))
                return add("Add", add("Mul", value, scale), shift, output=name)
        raise NotImplementedError(f"to_onnx does not know the layer {layer!r}.")

    value = "image"
    for row in config.table:
        value = apply(row.layer, value, row.name, weights.get(row.name, ()))
    add("Identity", value, output="probabilities")

    def info(name: str, shape: tuple[int, ...]) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape])

    outputs = [info("probabilities", (CLASSES,)), info("logits", (CLASSES,))]
    outputs += [info(row.name, row.output_shape) for row in config.table]
    graph = helper.make_graph(nodes, "network", [info("image", config.table[0].input_shape)], outputs, tensors)
    # the oldest versions that know Gelu, for the oldest ONNX Runtime
    written = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    helper.set_model_props(written, nameplate.properties(config))
    return bytes(written.SerializeToString())
