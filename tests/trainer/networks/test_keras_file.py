"""When a .keras file is taken, and when it is not made; that one is made and Keras reads it is in test_takehome."""

import zipfile
from dataclasses import replace

import pytest

from tests.support.apps import TINY
from trainer import UserError
from trainer.config.layers import Dense
from trainer.networks import keras_converter, keras_file
from trainer.networks.onnx_reader import network_hash


@pytest.fixture
def file(tmp_path):
    return tmp_path / "made" / "model.keras"


def written(path, network):
    """Write what looks like a .keras file of a network."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", b"weights")
    keras_file.mark(path, network_hash(network))
    return path


def test_a_file_of_another_network_is_not_taken(network_run, tmp_path):
    file = written(tmp_path / "model.keras", network_run.network_file)
    assert keras_file.find(file, network_run.network_file)
    network_run.network_file.write_bytes(network_run.network_file.read_bytes() + b"\0")  # trained further
    assert keras_file.find(file, network_run.network_file) is None
    network_run.network_file.unlink()
    assert keras_file.find(file, network_run.network_file) is None


def test_a_damaged_or_unmarked_file_is_not_taken(network_run, tmp_path):
    file = written(tmp_path / "model.keras", network_run.network_file)
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = b""
    assert keras_file.find(file, network_run.network_file) is None
    file.write_bytes(file.read_bytes()[:50])
    assert keras_file.find(file, network_run.network_file) is None


def test_another_networks_weights_are_refused_with_a_sentence(network_run, file):
    with pytest.raises(UserError, match="must hold the weights of its layers"):
        keras_converter.make(network_run.network_file, replace(TINY, layers=(Dense(9),)), file)
    assert not file.exists()


def test_what_takes_too_long_is_ended_with_a_sentence(network_run, file):
    with pytest.raises(UserError, match="take the ONNX file"):
        keras_converter.make(network_run.network_file, TINY, file, patience=0.001)
    assert not list(file.parent.iterdir())
