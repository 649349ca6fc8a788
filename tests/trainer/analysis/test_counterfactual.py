"""Counterfactual images for hand-written networks, whose smallest changes are known."""

import numpy as np
import pytest

from tests.support.networks import network_for_3
from trainer.analysis.counterfactual import MAX_DOTS, Change, search


def test_the_change_is_the_smallest_and_flips_the_prediction(template):
    network, blank = network_for_3(template, {5: 6.5}), np.zeros((28, 28), np.float32)
    *steps, found = search(network, blank, 3)
    assert steps and found.flipped
    assert (found.added, found.removed, found.pixels) == (7, 0, 7)  # the smallest integer above 6.5
    assert set(np.flatnonzero(found.difference)) <= set(np.flatnonzero(template))
    probabilities = network.probabilities(found.after[None])[0]
    np.testing.assert_array_equal(probabilities, found.probabilities)
    assert probabilities.argmax() == 3 and network.probabilities(blank[None])[0].argmax() == 5
    assert found.after.min() >= 0 and found.after.max() <= 1 and not blank.any()


def test_ink_is_removed_if_that_helps(template):
    found = list(search(network_for_3(-template, {3: 13.5, 5: 0.0}), template, 3))[-1]
    assert found.flipped and (found.added, found.removed) == (0, 3)


def test_a_search_without_success_ends_without_a_flip():
    flat = np.zeros((28, 28), np.float32)
    *_, found = search(network_for_3(flat, {5: 1.0}), flat, 3)
    assert not found.flipped and found.after.max() <= 1
    assert len(list(search(network_for_3(flat, {5: 1.0}), flat, 3))) == MAX_DOTS + 1


def test_an_image_of_the_target_class_is_not_changed(template):
    *_, found = search(network_for_3(template), template, 3)
    assert found.flipped and found.pixels == 0


def test_the_difference_of_a_color_image_is_the_mean_of_its_channels():
    before, after = np.zeros((2, 2, 3), np.float32), np.zeros((2, 2, 3), np.float32)
    after[0, 0, 0], before[1, 1] = 0.3, 1
    change = Change(before, after, np.eye(10)[3], 3)
    assert change.difference[0, 0] == pytest.approx(0.1) and change.difference[1, 1] == pytest.approx(-1)
    assert (change.added, change.removed) == (1, 1) and change.flipped
