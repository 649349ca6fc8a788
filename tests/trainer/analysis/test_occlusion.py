"""What an answer rests on, for networks written by hand whose reasons are known."""

import numpy as np
import pytest

from tests.support.apps import TINY
from trainer.analysis.counterfactual import MOST, changes
from trainer.analysis.occlusion import PATCH, log_odds, occlusion
from trainer.config.layers import Flatten
from trainer.networks import onnx_writer
from trainer.networks.inference import Network

PLACE = slice(10, 14), slice(16, 20)  # where ink speaks for a 3


def weighs(template, biases=None):
    """Return a network of one layer that weighs pixels for a 3 alone."""
    config = type(TINY)(layers=(Flatten(),))
    kernel, bias = np.zeros((784, 10), np.float32), np.zeros(10, np.float32)
    kernel[:, 3] = template.reshape(-1)
    for label, value in (biases or {}).items():
        bias[label] = value
    return Network(onnx_writer.to_onnx({"output": [kernel, bias]}, config))


@pytest.fixture
def template():
    template = np.zeros((28, 28), np.float32)
    template[PLACE] = 1
    return template


def test_what_an_answer_rests_on_is_found(template):
    found = occlusion(weighs(template), template)
    assert found.winner == 3
    assert (found.drop[PLACE] > 0).all() and found.drop.argmax() in np.flatnonzero(template)
    assert (found.drop[:4] == 0).all() and (found.drop[20:] == 0).all()
    left, top, right, bottom = found.where
    assert left <= 16 and right >= 20 and top <= 10 and bottom >= 14
    assert found.lowest == pytest.approx(np.exp(8) / (np.exp(8) + 9), abs=1e-5)  # half of 16 pixels' ink is left
    assert found.flips == 0 and found.patches == (1 + (28 - PATCH) // 2) ** 2


def test_what_speaks_against_it_is_negative(template):
    image = np.zeros((28, 28), np.float32)
    image[2:6, 2:6] = 1
    against = template.copy()
    against[2:6, 2:6] = -1
    network = weighs(against, {3: 20.0})
    drop = occlusion(network, image).drop
    assert drop[3, 3] < 0 and drop[12, 18] < 0  # grey on the one is less ink, and on the other more


def test_log_odds_are_those_of_the_probabilities():
    logits = np.random.default_rng(0).normal(size=(5, 10))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(log_odds(logits, 4), np.log(shares[:, 4] / (1 - shares[:, 4])))
    assert log_odds(np.array([[1000.0] + [0.0] * 9]), 0)[0] == pytest.approx(1000 - np.log(9))


def test_the_change_is_the_smallest_one_and_really_flips_the_answer(template):
    network, blank = weighs(template, {5: 6.5}), np.zeros((28, 28), np.float32)
    *steps, found = changes(network, blank, 3)
    assert steps and found.flipped
    assert (found.added, found.removed, found.pixels) == (7, 0, 7)  # the least number above 6.5
    assert set(np.flatnonzero(found.difference)) <= set(np.flatnonzero(template))
    said = network.probabilities(found.after[None])[0]
    np.testing.assert_array_equal(said, found.probabilities)
    assert said.argmax() == 3 and network.probabilities(blank[None])[0].argmax() == 5
    assert found.after.min() >= 0 and found.after.max() <= 1 and not blank.any()


def test_ink_is_taken_away_where_that_helps(template):
    found = list(changes(weighs(-template, {3: 13.5, 5: 0.0}), template, 3))[-1]
    assert found.flipped and (found.added, found.removed) == (0, 3)


def test_where_nothing_helps_it_says_so():
    flat = np.zeros((28, 28), np.float32)
    *_, found = changes(weighs(flat, {5: 1.0}), flat, 3)
    assert not found.flipped and found.after.max() <= 1
    assert len(list(changes(weighs(flat, {5: 1.0}), flat, 3))) == MOST + 1


def test_an_image_that_is_read_so_already_stays_as_it_is(template):
    *_, found = changes(weighs(template), template, 3)
    assert found.flipped and found.pixels == 0
