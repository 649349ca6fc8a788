"""Predictions without Keras, of small networks written by hand."""

import threading
from contextlib import contextmanager

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from harness.waiting import TIMEOUT_SECONDS, wait_for
from tests.support.python import run_python
from trainer import UserError
from trainer.networks.inference import Network

WEIGHTS = np.random.default_rng(0).normal(size=(784, 10)).astype(np.float32)
IMAGES = np.random.default_rng(1).random((1203, 28, 28), dtype=np.float32)


def content(names=("probabilities", "logits", "flatten_1", "output")):
    """Return the bytes of a network with one layer of weights, as the exporter names its outputs."""
    nodes = [
        helper.make_node("Flatten", ["image"], ["flatten_1"]),
        helper.make_node("MatMul", ["flatten_1", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["output"]),
        helper.make_node("Identity", ["output"], ["probabilities"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 28, 28])
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", None]) for name in names]
    graph = helper.make_graph(nodes, "network", [image], outputs, [numpy_helper.from_array(WEIGHTS, "weights")])
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return network.SerializeToString()


@pytest.fixture(scope="module")
def network():
    return Network(content())


def test_probabilities_follow_from_the_weights(network):
    logits = IMAGES.reshape(-1, 784) @ WEIGHTS
    np.testing.assert_allclose(network.logits(IMAGES), logits, rtol=1e-4, atol=1e-4)
    powers = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(network.probabilities(IMAGES), powers / powers.sum(1, keepdims=True), atol=1e-4)


def test_layers_have_their_names_in_order(network):
    layers = network.layers(IMAGES[:3])
    assert [(name, value.shape) for name, value in layers.items()] == [("flatten_1", (3, 784)), ("output", (3, 10))]
    assert np.array_equal(layers["output"], network.probabilities(IMAGES[:3]))


def test_no_images_give_no_probabilities(network):
    assert network.probabilities(IMAGES[:0]).shape == (0, 10)


class BlockingSession:
    """A session that computes until it is told to end, as ONNX Runtime's is."""

    def __init__(self, session):
        self.get_inputs = session.get_inputs

    def run(self, outputs, inputs, options):
        wait_for(lambda: options.terminate)
        raise RuntimeError("Exiting due to terminate flag being set to true.")


def test_a_network_in_turns_has_the_same_outputs_image_by_image(network):
    taken = []

    @contextmanager
    def turn():
        taken.append(1)
        yield

    mine = network.in_turns(turn, TIMEOUT_SECONDS)
    np.testing.assert_allclose(mine.probabilities(IMAGES[:3]), network.probabilities(IMAGES[:3]), atol=1e-6)
    assert len(taken) == 3


def test_a_network_that_takes_too_long_is_ended_with_a_sentence_and_gives_up_its_turn():
    slow, is_free = Network(content()), threading.Lock()
    slow._session = BlockingSession(slow._session)
    with pytest.raises(UserError, match=r"must read a drawing within 0\.01 s \(this one takes longer now\): try"):
        slow.in_turns(lambda: is_free, 0.01).probabilities(IMAGES[:1])
    assert not is_free.locked()


@pytest.mark.parametrize(
    "images", [IMAGES[0], IMAGES[:2, :, :27], IMAGES[:2, ..., None], IMAGES[:2].astype(np.float64)]
)
def test_other_arrays_raise_a_value_error(network, images):
    with pytest.raises(ValueError, match=r"images must be \(n, 28, 28\) float32") as caught:
        network.probabilities(images)
    assert not isinstance(caught.value, UserError)


def test_a_file_may_be_replaced_or_deleted_after_it_is_read(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(content())
    network = Network(path)
    path.unlink()
    assert network.probabilities(IMAGES[:1]).shape == (1, 10)


DAMAGED = {
    "empty": b"",
    "cut short": content()[:2000],
    "text": b"not a network",
    "zeros": bytes(1000),
    "another network": content(("output", "logits")),
    "no graph": onnx.ModelProto(ir_version=9).SerializeToString(),
}


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_raises_one_sentence(tmp_path, damaged):
    path = tmp_path / "model.onnx"
    path.write_bytes(damaged)
    with pytest.raises(UserError, match=r"model\.onnx must be a complete file .*: train it again\.$"):
        Network(path)
    with pytest.raises(UserError):
        Network(damaged)


def test_a_missing_file_raises_one_sentence(tmp_path):
    with pytest.raises(UserError, match="gone"):
        Network(tmp_path / "gone.onnx")


def test_the_import_loads_neither_onnxruntime_nor_keras():
    code = (
        "import sys, trainer.networks.inference;"
        "sys.exit(bool({'onnxruntime', 'keras', 'tensorflow'} & sys.modules.keys()))"
    )
    run_python(code)
