"""The projection, compared with NumPy's singular value decomposition."""

import numpy as np
import pytest

from trainer.data.projection import project
from trainer.drawing import synthetic_digits


def images(kind):
    if kind == "digits":
        return synthetic_digits.make_digits(300, seed=5)[0]
    chance = np.random.default_rng(0)
    spread = chance.normal(size=(200, 1, 1, 1)) * chance.normal(size=(1, 16, 16, 3)) * 30
    return np.clip(128 + spread + chance.normal(0, 10, (200, 16, 16, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("kind", ["digits", "colors"])
def test_the_plane_has_the_two_largest_singular_values(kind):
    given = images(kind)
    flat = given.reshape(len(given), -1) / 255
    flat -= flat.mean(axis=0)
    _, lengths, directions = np.linalg.svd(flat, full_matrices=False)
    found = project(given)
    assert found.explained_variance == pytest.approx(lengths[:2] ** 2 / (lengths**2).sum(), rel=1e-3)
    assert found.directions.shape == (2, *given.shape[1:])
    for place, direction in enumerate(found.directions.reshape(2, -1)):
        assert abs(direction @ directions[place]) == pytest.approx(1, abs=1e-3)
        assert found.points[:, place] == pytest.approx(flat @ direction, abs=1e-3)


@pytest.mark.parametrize("number", [1, 2, 5])
def test_identical_images_are_one_point(number):
    found = project(np.full((number, 8, 8), 7, np.uint8))
    assert found.points.shape == (number, 2) and abs(found.points).max() < 1e-5 and found.explained_variance == (0, 0)
