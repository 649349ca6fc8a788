"""The metadata inside an ONNX file, read by the `onnx` library."""

import json
import tomllib
from dataclasses import replace

import numpy as np
import onnx
import pytest

from harness.server import ROOT
from trainer import UserError
from trainer.config import dataset_info
from trainer.config.training import TrainingConfig
from trainer.networks import onnx_metadata
from trainer.networks.inference import Network
from trainer.shipped import network as shipped

OLD = shipped.PATH.read_bytes()


def metadata(content: bytes) -> dict[str, str]:
    return {item.key: item.value for item in onnx.load_from_string(content).metadata_props}


@pytest.mark.parametrize("dataset", [*dataset_info.DATASETS, dataset_info.upload_name((20, 16, 3), "0123456789abcdef")])
def test_the_metadata_describe_input_and_output(dataset):
    config = replace(TrainingConfig(), dataset=dataset)
    kind, card = dataset_info.info(dataset), onnx_metadata.properties(config)
    assert tuple(json.loads(card["classes"])) == kind.classes
    assert f"(n, {', '.join(map(str, kind.shape))})" in card["input"]
    assert ("red, green, blue" in card["input"]) == (len(kind.shape) == 3)
    assert ("center of mass" in card["preprocessing"]) == kind.is_digits
    assert TrainingConfig.from_json(card["config"]) == config


def test_writing_replaces_the_metadata_and_nothing_else():
    card = {"name": "größer als 3 <b>", "empty": "", "long": "x" * 5_000}
    content = onnx_metadata.write(OLD, card)
    assert metadata(content) == card
    images = np.random.default_rng(0).random((3, 28, 28), np.float32)
    np.testing.assert_array_equal(Network(content).probabilities(images), Network(OLD).probabilities(images))
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
    assert onnx_metadata.write(content, metadata(OLD)) == onnx_metadata.write(OLD, metadata(OLD))


@pytest.mark.parametrize("content", [OLD[:-7], b"PK\x03\x04", b"\xff" * 40])
def test_a_damaged_file_is_rejected(content):
    with pytest.raises(UserError, match="damaged"):
        onnx_metadata.write(content, {})


def test_the_version_is_the_projects():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert onnx_metadata.app_version() == f"Digit Lab {version}"
