"""The preview of augmentation."""

import numpy as np
import pytest

from trainer.data.augmentation import augment
from trainer.drawing import synthetic_digits
from trainer.drawing.normalize import center_of_mass

DIGITS = synthetic_digits.make_digits(20, seed=1)[0]


def test_without_augmentation_images_are_unchanged():
    assert (augment(DIGITS, 0, 0, 0) == DIGITS).all()


def test_a_shift_moves_the_ink_by_at_most_its_limit():
    moved = augment(DIGITS, 2.0, 0, 0)
    steps = [np.subtract(center_of_mass(new), center_of_mass(old)) for new, old in zip(moved, DIGITS, strict=True)]
    assert 0.5 < np.abs(steps).max() < 2.1
    assert np.std(steps) > 0.3  # each its own way


@pytest.mark.parametrize("rotation, zoom", [(20, 0), (0, 0.3)])
def test_rotation_and_zoom_keep_the_center(rotation, zoom):
    cross = np.zeros((10, 28, 28), np.uint8)
    cross[:, 4:24, 13:15] = 255
    moved = augment(cross, 0, rotation, zoom)
    assert (moved != cross).any(axis=(1, 2)).all()
    assert (moved[:, 13:15, 13:15] > 100).all()
    for image in moved:
        assert np.allclose(center_of_mass(image), center_of_mass(cross[0]), atol=0.3)
