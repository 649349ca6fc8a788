"""The diagram of the training, validation and test parts."""

import numpy as np

from trainer.config.dataset_info import DIGITS
from trainer.data.split import class_balance, split_diagram

IMAGES = np.zeros((100, 28, 28), np.uint8)


def test_the_parts_are_drawn_to_scale_with_their_indices():
    drawn = split_diagram(IMAGES, IMAGES[:30], 80)
    for part, number in (("Training", 80), ("Validation", 20), ("Test", 30)):
        assert f"{part}: {number}" in drawn and f"flex: {number} 0 0" in drawn
    for place in ("x_train[0] to [79]", "x_train[80] to [99]", "x_test[0] to [29]"):
        assert place in drawn


def test_without_a_split_there_is_no_validation_part():
    drawn = split_diagram(IMAGES, IMAGES[:30], 100)
    assert "Validation: none" in drawn and drawn.count("flex:") == 2


def test_classes_missing_from_the_validation_part_are_named():
    mixed = np.arange(100) % 10
    assert "all ten classes, each 10.0 % to 10.0 %" in class_balance(mixed, DIGITS)
    assert "has no 0, no 1." in class_balance(mixed[mixed > 1], DIGITS)
