"""Fixtures for the tests of analysis."""

import numpy as np
import pytest

from tests.support.apps import TINY
from tests.support.networks import PLACE, exported
from trainer.data import datasets


@pytest.fixture
def digits(few_digits, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    return datasets.load()


@pytest.fixture
def network(tmp_path):
    """The ONNX file of a network that nobody has trained."""
    return exported(TINY, tmp_path / "network.onnx")


@pytest.fixture
def template():
    """An image with ink where `network_for_3` looks for it."""
    template = np.zeros((28, 28), np.float32)
    template[PLACE] = 1
    return template
