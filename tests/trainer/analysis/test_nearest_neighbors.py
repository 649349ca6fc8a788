"""Nearest neighbors in the last hidden layer; a brute force search is the oracle."""

import numpy as np
import pytest

from tests.support.apps import TINY
from tests.support.networks import exported
from trainer.analysis import evaluation, nearest_neighbors
from trainer.config.layers import Conv2D
from trainer.config.training import TrainingConfig
from trainer.networks.inference import Network


@pytest.mark.parametrize("layers", [TINY.layers, ()], ids=["hidden layer", "pixels"])
def test_the_nearest_images_are_those_of_a_brute_force_search(digits, tmp_path, layers):
    config = TrainingConfig(layers=layers)
    file = exported(config, tmp_path / "network.onnx")
    evaluation.evaluate(file, config, digits, tmp_path)
    features, network = evaluation.read_features(tmp_path, file, digits), Network(file)
    image = digits.images("test")[0]
    nearest, distances = features.nearest(network, image, 5)
    hidden = {name: rows.reshape(len(rows), -1) for name, rows in network.layers(digits.images("train")).items()}
    query = network.layers(image[None])[features.layer].reshape(-1)
    true = np.linalg.norm(hidden[features.layer] - query, axis=1)
    assert features.layer == config.table[-2].name and (np.diff(distances) >= 0).all()
    if layers:  # few numbers are not projected, so that only float16 rounds
        assert nearest.tolist() == np.argsort(true, kind="stable")[:5].tolist()
        np.testing.assert_allclose(distances, true[nearest], rtol=0.02)
    else:
        np.testing.assert_allclose(distances, true[nearest], rtol=0.25)
        assert true[nearest].mean() < np.sort(true)[:20].mean() * 1.1


def test_the_nearest_image_to_a_training_image_is_itself(digits, tmp_path):
    config = TrainingConfig(layers=(Conv2D(8, 3),))  # 6,272 numbers, projected to 256
    file = exported(config, tmp_path / "network.onnx")
    evaluation.evaluate(file, config, digits, tmp_path)
    features = evaluation.read_features(tmp_path, file, digits)
    assert features.values.shape == (500, 256)
    for place in (0, 17, 499):
        nearest, distances = features.nearest(Network(file), digits.images("train")[place], 3)
        assert nearest[0] == place and distances[0] < 0.1 * distances[1]


def test_the_projection_keeps_distances():
    images = np.random.default_rng(1).random((50, 3_000), np.float32)
    small = nearest_neighbors.projected(images, seed=3)
    true, projected = (np.linalg.norm(rows[1:] - rows[:1], axis=1) for rows in (images, small))
    assert small.shape == (50, 256) and np.abs(projected / true - 1).max() < 0.2
    assert (nearest_neighbors.projected(images[:1], seed=3) == small[:1]).all()


def test_damaged_features_are_ignored(digits, network, tmp_path):
    evaluation.evaluate(network, TINY, digits, tmp_path)
    whole = dict(np.load(tmp_path / nearest_neighbors.FILE))
    for change in ({"indices": whole["indices"][:-1]}, {"scale": np.float64(0)}, {"values": whole["values"][0]}):
        np.savez(tmp_path / nearest_neighbors.FILE, **whole | change)
        assert nearest_neighbors.read(tmp_path) is None
