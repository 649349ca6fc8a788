"""What the ready-made network learns from and is measured on: MNIST, synthetic digits, people's, and non-digits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from trainer.config.limits import CLASSES
from trainer.config.training import TrainingConfig
from trainer.data import datasets, synthetic
from trainer.data.cache import content_hash
from trainer.data.npz import Array
from trainer.drawing import non_digits, synthetic_digits, thinning, variations
from trainer.shipped import pens

PEN_VARIATIONS = 7  # of each digit that a person wrote with a pen
FIRST_SEED = 1_000_000  # of held-out data; training data has smaller seeds
BATCH = 500  # images drawn from one seed
VARIATION = 0.7  # of held-out synthetic handwriting: about as hard to read as people's drawings

Log = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Material:
    """Training and held-out data for all seeds; images are float32 (n, 28, 28), 0 paper .. 1 ink."""

    data: datasets.Dataset
    extra: tuple[np.ndarray, np.ndarray]  # images and labels learned beside the data set's; CLASSES for non-digits
    handwriting: tuple[np.ndarray, np.ndarray]  # held-out synthetic digits, and labels
    unseen_non_digits: tuple[np.ndarray, Sequence[str]]  # of held-out kinds, and their kinds
    hashes: dict[str, str]  # what was learned from -> hash of its contents


def load(config: TrainingConfig, number: int, held_out: int, people: Sequence[pens.PenDigit], log: Log) -> Material:
    """Load and draw all data, always the same.

    config: its data set's training digits, and as many synthetic digits as it names; number: of non-digits;
    held_out: digits, and as many non-digits, for measuring; people: digits that were written with a pen.
    """
    log("loading MNIST")
    data = datasets.load()
    count, _ = config.split(len(data.y_train))
    learned = slice(0, count)
    drawn = synthetic.extra_digits(
        config.synthetic_examples,
        lambda done, total: log(f"drawing handwriting: {done:,} of {total:,} digits of this part"),
    )
    parts = {f"{len(drawn[1]):,} synthetic digits": drawn}
    redrawn = f"the {count:,} training digits once more, thinned, varied and drawn again with other pens"
    parts[redrawn] = _redrawn(data.images("train", learned), log), data.labels("train", learned)
    if people:
        log(f"drawing {len(people):,} digits of people in {1 + PEN_VARIATIONS} ways each")
        ways = f"each drawn in {1 + PEN_VARIATIONS} ways ({pens.CITATION})"
        parts[f"{pens.describe(people)}, {ways}"] = pens.make_images(people, PEN_VARIATIONS)
    log(f"drawing {number:,} letters, signs and scribbles")
    others = [non_digits.make_images(BATCH, seed)[0] for seed in range(-(-number // BATCH))]
    nothing = np.concatenate(others)[:number], np.full(number, CLASSES, np.uint8)
    parts[f"{number:,} images of letters, signs and scribbles"] = nothing
    images, labels = synthetic_digits.make_digits(held_out, FIRST_SEED, VARIATION)
    strange, kinds = non_digits.make_images(held_out, FIRST_SEED, held_out=True)
    return Material(
        data,
        (
            _inked(np.concatenate([images for images, _ in parts.values()])),
            np.concatenate([labels for _, labels in parts.values()]),
        ),
        (_inked(images), labels),
        (_inked(strange), kinds),
        {data.source: data.hash, **{name: content_hash(part) for name, part in parts.items()}},
    )


def _redrawn(images: np.ndarray, log: Log) -> np.ndarray:
    """Return images (n, 28, 28) float32 as other people might have written them with other pens, as uint8."""
    drawn = []
    for start in range(0, len(images), BATCH):
        log(f"drawing digits again: {start:,} of {len(images):,}")
        batch = variations.levels(images[start : start + BATCH])
        for place, points in enumerate(thinning.center_points(batch)):
            rng = np.random.default_rng((start, place))
            dots = list(points[:, None])
            drawn.append(variations.draw_image(variations.vary(dots, rng), rng) if dots else batch[place])
    return np.array(drawn)


def _inked(images: Array) -> np.ndarray:
    return np.divide(images, 255, dtype=np.float32)
