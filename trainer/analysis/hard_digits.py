"""Test images that are hard to read, for people to try against a network."""

from __future__ import annotations

import numpy as np

from trainer.analysis.evaluation import Evaluation

COUNT = 20  # images of a game
POOL = 100  # hard images that they are drawn from
MISLABELED = 0.9  # probability of another class above which the label itself may be wrong: such images are left out


def draw(evaluation: Evaluation, rng: np.random.Generator) -> np.ndarray:
    """Return the indices of COUNT of the POOL images with the highest loss, in random order; fewer if there are fewer.

    Images that the network surely reads as something else are left out: many of MNIST's have a wrong label.
    """
    fair = np.flatnonzero(evaluation.right | (evaluation.confidence < MISLABELED))
    hardest = fair[np.argsort(-evaluation.losses[fair], kind="stable")[:POOL]]
    return rng.permutation(hardest)[:COUNT]
