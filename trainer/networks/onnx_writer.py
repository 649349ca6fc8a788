"""Writer of a network as an ONNX file, which the web process runs with ONNX Runtime in place of Keras.

The file is written directly from the config and the weights, without a converter and without importing Keras. Each kind
of layer that computes something at inference has a function in WRITERS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from trainer.config.layer import Layer
from trainer.config.layer_table import LayerRow
from trainer.config.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
    Rescaling,
    Reshape,
)
from trainer.config.limits import CLASSES
from trainer.config.training import TrainingConfig
from trainer.networks import onnx_metadata

EPSILON = 1e-3  # of Keras's BatchNormalization
KERNEL = (3, 2, 0, 1)  # the axes of Keras's convolution kernels, in ONNX's order
ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {  # Keras's name -> ONNX's operation, attributes
    "linear": ("Identity", {}),
    "relu": ("Relu", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "softmax": ("Softmax", {"axis": -1}),
    "elu": ("Elu", {}),
    "gelu": ("Gelu", {}),  # the exact one, with erf
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
}


class _Graph:
    """An ONNX graph under construction: its nodes, and its tensors (weights and constants)."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []

    def add(self, operation: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output: `output`, or a generated one."""
        from onnx import helper

        output = output or f"/{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [output], **attributes))
        return output

    def tensor(self, value: Any, name: str = "", dtype: str = "float32") -> str:
        from onnx import numpy_helper

        name = name or f"/tensor/{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def channels_first(self, operation: str, image: str, *inputs: str, **attributes: Any) -> str:
        """Add a node that takes (channels, height, width), as ONNX's image operations do."""
        image = self.add("Transpose", image, perm=(0, 3, 1, 2))
        return self.add("Transpose", self.add(operation, image, *inputs, **attributes), perm=(0, 2, 3, 1))

    def activate(self, value: str, activation: str, output: str) -> str:
        if activation == "swish":  # ONNX has it as one operation only since version 1.20
            return self.add("Mul", value, self.add("Sigmoid", value), output=output)
        operation, attributes = ACTIVATIONS[activation]
        return self.add(operation, value, output=output, **attributes)


# --- layers: each function adds one, given the names of its input, its output and its weights' tensors --------


def _flatten(graph: _Graph, layer: Flatten, value: str, name: str, weights: Sequence[str]) -> None:
    graph.add("Flatten", value, output=name)


def _reshape(graph: _Graph, layer: Reshape, value: str, name: str, weights: Sequence[str]) -> None:
    graph.add("Unsqueeze", value, graph.tensor([-1], dtype="int64"), output=name)


def _rescaling(graph: _Graph, layer: Rescaling, value: str, name: str, weights: Sequence[str]) -> None:
    graph.add("Mul", value, graph.tensor(layer.scale), output=name)


def _activation(graph: _Graph, layer: Activation, value: str, name: str, weights: Sequence[str]) -> None:
    graph.activate(value, layer.activation, name)


def _dense(graph: _Graph, layer: Dense, value: str, name: str, weights: Sequence[str]) -> None:
    kernel, bias = weights
    value = graph.add("Add", graph.add("MatMul", value, kernel), bias, output="logits" if name == "output" else "")
    graph.activate(value, layer.activation, name)


def _conv2d(graph: _Graph, layer: Conv2D, value: str, name: str, weights: Sequence[str]) -> None:
    strides = (layer.strides, layer.strides)
    padding = {"same": "SAME_UPPER", "valid": "VALID"}[layer.padding]
    value = graph.channels_first("Conv", value, *weights, strides=strides, auto_pad=padding)
    graph.activate(value, layer.activation, name)


def _max_pooling(graph: _Graph, layer: MaxPooling2D, value: str, name: str, weights: Sequence[str]) -> None:
    size = (layer.pool_size, layer.pool_size)
    graph.add("Identity", graph.channels_first("MaxPool", value, kernel_shape=size, strides=size), output=name)


def _average_pooling(graph: _Graph, layer: AveragePooling2D, value: str, name: str, weights: Sequence[str]) -> None:
    size = (layer.pool_size, layer.pool_size)
    graph.add("Identity", graph.channels_first("AveragePool", value, kernel_shape=size, strides=size), output=name)


def _global_average(
    graph: _Graph, layer: GlobalAveragePooling2D, value: str, name: str, weights: Sequence[str]
) -> None:
    graph.add("ReduceMean", value, graph.tensor([1, 2], dtype="int64"), keepdims=0, output=name)


def _batch_norm(graph: _Graph, layer: BatchNormalization, value: str, name: str, weights: Sequence[str]) -> None:
    gamma, beta, mean, variance = weights  # ONNX Runtime folds these into two when it loads the file
    scale = graph.add("Div", gamma, graph.add("Sqrt", graph.add("Add", variance, graph.tensor(EPSILON))))
    shift = graph.add("Sub", beta, graph.add("Mul", mean, scale))
    graph.add("Add", graph.add("Mul", value, scale), shift, output=name)


WRITERS: dict[type[Layer], Callable[..., None]] = {
    Flatten: _flatten,
    Reshape: _reshape,
    Rescaling: _rescaling,
    Activation: _activation,
    Dense: _dense,
    Conv2D: _conv2d,
    MaxPooling2D: _max_pooling,
    AveragePooling2D: _average_pooling,
    GlobalAveragePooling2D: _global_average,
    BatchNormalization: _batch_norm,
}


def to_onnx(weights: Mapping[str, Sequence[np.ndarray]], config: TrainingConfig) -> bytes:
    """Return a network as an ONNX file. weights: of each row of `config.table`, as `model.weights` returns them.

    Input: `image` (n, 28, 28) float32. Outputs: `probabilities`, `logits` and each row of `config.table` by its name,
    in Keras's order of axes (height, width, channels). Its metadata are those of `onnx_metadata.properties`.
    `onnx_reader.read` reads the weights back. Takes milliseconds.
    """
    from onnx import TensorProto, helper

    graph, value = _Graph(), "image"
    for row in config.table:
        _write_layer(graph, row, value, weights.get(row.name, ()))
        value = row.name
    graph.add("Identity", value, output="probabilities")

    def info(name: str, shape: tuple[int, ...]) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape])

    outputs = [info("probabilities", (CLASSES,)), info("logits", (CLASSES,))]
    outputs += [info(row.name, row.output_shape) for row in config.table]
    whole = helper.make_graph(
        graph.nodes, "network", [info("image", config.table[0].input_shape)], outputs, graph.tensors
    )
    # the oldest versions with Gelu, for the sake of old ONNX Runtimes
    written = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    helper.set_model_props(written, onnx_metadata.properties(config))
    return bytes(written.SerializeToString())


def _write_layer(graph: _Graph, row: LayerRow, value: str, weights: Sequence[np.ndarray]) -> None:
    kernels_first = [weight.transpose(KERNEL) if weight.ndim == 4 else weight for weight in weights]
    names = [graph.tensor(weight, f"{row.name}/{place}") for place, weight in enumerate(kernels_first)]
    if row.layer.training_only:
        graph.add("Identity", value, output=row.name)
    elif write := WRITERS.get(type(row.layer)):
        write(graph, row.layer, value, row.name, names)
    else:
        raise NotImplementedError(f"to_onnx does not know the layer {row.layer!r}.")
