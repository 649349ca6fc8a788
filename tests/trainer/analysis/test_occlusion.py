"""Occlusion maps of hand-written networks, whose relevant pixels are known."""

import numpy as np
import pytest

from tests.support.networks import PLACE, network_for_3
from trainer.analysis.occlusion import PATCH, log_odds, occlusion


def test_covering_the_relevant_pixels_lowers_the_log_odds(template):
    found = occlusion(network_for_3(template), template)
    assert found.winner == 3
    assert (found.drop[PLACE] > 0).all() and found.drop.argmax() in np.flatnonzero(template)
    assert (found.drop[:4] == 0).all() and (found.drop[20:] == 0).all()
    left, top, right, bottom = found.where
    assert left <= 16 and right >= 20 and top <= 10 and bottom >= 14
    assert found.lowest == pytest.approx(np.exp(8) / (np.exp(8) + 9), abs=1e-5)  # half of 16 pixels' ink is left
    assert found.flips == 0 and found.patches == (1 + (28 - PATCH) // 2) ** 2


def test_pixels_that_count_against_the_winner_are_negative(template):
    image = np.zeros((28, 28), np.float32)
    image[2:6, 2:6] = 1
    against = template.copy()
    against[2:6, 2:6] = -1
    network = network_for_3(against, {3: 20.0})
    drop = occlusion(network, image).drop
    assert drop[3, 3] < 0 and drop[12, 18] < 0  # gray removes ink from the first place and adds ink at the second


def test_log_odds_are_those_of_the_probabilities():
    logits = np.random.default_rng(0).normal(size=(5, 10))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(log_odds(logits, 4), np.log(shares[:, 4] / (1 - shares[:, 4])))
    assert log_odds(np.array([[1000.0] + [0.0] * 9]), 0)[0] == pytest.approx(1000 - np.log(9))
