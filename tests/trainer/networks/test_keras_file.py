"""The mark of a `.keras` file: it is used only with the ONNX file that has the same weights."""

import zipfile

from trainer.networks import keras_file
from trainer.networks.onnx_reader import network_hash


def written(path, network):
    """Write what looks like a .keras file of a network."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", b"weights")
    keras_file.mark(path, network_hash(network))
    return path


def test_a_file_of_another_network_is_not_used(network_run, tmp_path):
    file = written(tmp_path / "model.keras", network_run.network_file)
    assert keras_file.matching_file(file, network_run.network_file)
    network_run.network_file.write_bytes(network_run.network_file.read_bytes() + b"\0")  # another network from now on
    assert keras_file.matching_file(file, network_run.network_file) is None
    network_run.network_file.unlink()
    assert keras_file.matching_file(file, network_run.network_file) is None


def test_a_damaged_or_unmarked_file_is_not_used(network_run, tmp_path):
    file = written(tmp_path / "model.keras", network_run.network_file)
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = b""
    assert keras_file.matching_file(file, network_run.network_file) is None
    file.write_bytes(file.read_bytes()[:50])
    assert keras_file.matching_file(file, network_run.network_file) is None
