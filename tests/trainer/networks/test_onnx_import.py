"""Import of a foreign ONNX file: its weights are checked, and nothing else of it is kept."""

import numpy as np
import onnx
import pytest

from trainer import UserError
from trainer.config.layers import Dense
from trainer.config.training import TrainingConfig
from trainer.networks import onnx_import, onnx_reader, onnx_writer

CONFIG = TrainingConfig(layers=(Dense(5),))


@pytest.fixture
def weights():
    rng = np.random.default_rng(0)
    shapes = {row.name: row.layer.weight_shapes(row.input_shape) for row in CONFIG.table}
    return {name: [rng.normal(0, 0.1, shape).astype("float32") for shape in each] for name, each in shapes.items()}


def test_the_file_is_written_again_with_its_weights_and_nothing_else(weights):
    ours = onnx_writer.to_onnx(weights, CONFIG)
    foreign = onnx.load_from_string(ours)
    del foreign.graph.node[:]
    foreign.graph.node.append(onnx.helper.make_node("Loop", ["image"], ["probabilities"], domain="evil"))
    foreign.doc_string = "x" * 1000
    assert onnx_import.rewrite(foreign.SerializeToString(), CONFIG) == ours


def test_a_process_of_its_own_does_the_same(weights):
    ours = onnx_writer.to_onnx(weights, CONFIG)
    assert onnx_import.import_onnx(ours, CONFIG) == ours
    with pytest.raises(UserError, match="weights of its layers"):
        onnx_import.import_onnx(ours, TrainingConfig(layers=(Dense(6),)))


@pytest.mark.parametrize(
    ("change", "got"),
    [
        (lambda kernel: kernel * np.nan, "NaN or infinity in output"),
        (lambda kernel: kernel + np.inf, "NaN or infinity in output"),
        (lambda kernel: kernel.T, "other shapes in output"),
        (lambda kernel: kernel * np.float32(1e38), "values that are far too large"),
    ],
)
def test_unusable_weights_are_rejected(weights, change, got):
    weights["output"][0] = change(weights["output"][0])
    weights["dense_2"][0] = abs(weights["dense_2"][0]) * np.float32(1e3)
    with pytest.raises(UserError, match=got):
        onnx_import.rewrite(onnx_writer.to_onnx(weights, CONFIG), CONFIG)


@pytest.mark.parametrize("content", [b"", b"noise", b"\x80pickle"])
def test_another_file_is_rejected(content):
    with pytest.raises(UserError, match="weights of its layers"):
        onnx_import.rewrite(content, CONFIG)


def test_an_import_that_takes_too_long_is_ended(weights):
    with pytest.raises(UserError, match="try again later"):
        onnx_import.import_onnx(onnx_writer.to_onnx(weights, CONFIG), CONFIG, timeout=0.001)


def test_the_expected_shapes_are_those_of_the_layer_table(weights):
    content = onnx_writer.to_onnx(weights, CONFIG)
    onnx_import.check_weights(onnx_reader.read(content, CONFIG), CONFIG)
