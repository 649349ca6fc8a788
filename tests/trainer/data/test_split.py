"""The parts for training, validation and test, as HTML."""

import numpy as np

from trainer.config.dataset_info import DIGITS
from trainer.data.split import balance, portions

IMAGES = np.zeros((100, 28, 28), np.uint8)


def test_the_parts_are_drawn_to_scale_and_their_places_told():
    drawn = portions(IMAGES, IMAGES[:30], 80)
    for part, number in (("Training", 80), ("Validation", 20), ("Test", 30)):
        assert f"{part}: {number}" in drawn and f"flex: {number} 0 0" in drawn
    for place in ("x_train[0] to [79]", "x_train[80] to [99]", "x_test[0] to [29]"):
        assert place in drawn


def test_without_a_split_there_is_no_validation():
    drawn = portions(IMAGES, IMAGES[:30], 100)
    assert "Validation: none" in drawn and drawn.count("flex:") == 2


def test_a_class_that_validation_lacks_is_named():
    mixed = np.arange(100) % 10
    assert "all ten classes, each from 10.0 to 10.0 %" in balance(mixed, DIGITS)
    assert "holds no 0, no 1." in balance(mixed[mixed > 1], DIGITS)
