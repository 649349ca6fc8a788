"""Non-digits: letters, signs and scribbles."""

from itertools import product

import numpy as np
import pytest

from tests.support.cases import case
from trainer.drawing import non_digits

KINDS = [
    *non_digits.TRAINING_KINDS,
    *non_digits.HELD_OUT_KINDS,
    *non_digits.TRAINING_SCRIBBLES,
    *non_digits.HELD_OUT_SCRIBBLES,
]


def test_no_kind_is_for_training_and_held_out() -> None:
    assert len(set(KINDS)) == len(KINDS)
    figures = [*non_digits.TRAINING_KINDS.values(), *non_digits.HELD_OUT_KINDS.values()]
    assert len(set(figures)) == len(figures)


def test_letters_that_look_like_digits_are_left_out_and_listed() -> None:
    latin = non_digits.LIKE_DIGITS[0].removeprefix("Latin ").replace(" and ", " ").split()
    assert {"O", "o", "I", "l", "Z", "S", "B", "b", "q", "g"} <= set(latin)
    assert not set(latin) & set(KINDS)


def test_every_kind_stays_on_the_canvas() -> None:
    for kind, seed in product(KINDS, range(5)):
        with case(f"{kind}, seed {seed}"):
            strokes = non_digits.pen_strokes(kind, np.random.default_rng(seed), variation=1.0)
            points = np.concatenate(strokes)
            assert points.min() >= 0.08 - 1e-9 and points.max() <= 0.92 + 1e-9


@pytest.mark.parametrize("held_out", [False, True])
def test_a_seed_repeats_the_images_of_the_chosen_kinds(held_out: bool) -> None:
    images, kinds = non_digits.make_images(40, 3, held_out)
    assert images.shape == (40, 28, 28) and images.dtype == np.uint8 and (images.max(axis=(1, 2)) > 100).all()
    learned = {*non_digits.TRAINING_KINDS, *non_digits.TRAINING_SCRIBBLES}
    assert len(kinds) == 40 and all((kind in learned) != held_out for kind in kinds)
    assert np.array_equal(images, non_digits.make_images(40, 3, held_out)[0])
    assert not np.array_equal(images, non_digits.make_images(40, 4, held_out)[0])


def test_a_count_of_0_gives_no_images() -> None:
    images, kinds = non_digits.make_images(0)
    assert images.shape == (0, 28, 28) and not kinds
