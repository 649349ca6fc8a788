"""Hard test images for people: which are drawn, and which are left out."""

import numpy as np

from trainer.analysis import hard_digits
from trainer.analysis.evaluation import Evaluation


def evaluation(count: int) -> Evaluation:
    """The first images have the highest loss; of these, every fifth is surely read as something else."""
    labels = np.zeros(count, np.uint8)
    probabilities = np.full((count, 10), 0.0, np.float32)
    probabilities[:, 0] = np.linspace(0.3, 0.99, count)
    probabilities[:, 1] = 1 - probabilities[:, 0]
    probabilities[::5] = np.eye(10, dtype=np.float32)[7] * 0.95 + 0.005
    return Evaluation(probabilities, labels, "", "")


def test_hard_images_are_drawn_and_probably_mislabeled_ones_left_out() -> None:
    rng = np.random.default_rng(0)
    drawn = {int(place) for _ in range(40) for place in hard_digits.draw(evaluation(1_000), rng)}
    assert all(place % 5 for place in drawn)
    assert len(drawn) == hard_digits.POOL and max(drawn) < 1.3 * hard_digits.POOL


def test_a_draw_has_twenty_different_images_or_all_that_there_are() -> None:
    drawn = hard_digits.draw(evaluation(1_000), np.random.default_rng(1))
    assert len(set(drawn.tolist())) == len(drawn) == hard_digits.COUNT
    assert len(hard_digits.draw(evaluation(10), np.random.default_rng(1))) == 8
