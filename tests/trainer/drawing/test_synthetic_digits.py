"""Synthetic digits: strokes, drawing, and images."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.cases import case
from trainer import UserError
from trainer.data import synthetic
from trainer.drawing import normalize, synthetic_digits

EVERY_STYLE = [(label, style) for label, styles in synthetic_digits.STYLES.items() for style in styles]


def length(written: synthetic_digits.Strokes) -> float:
    return sum(float(np.linalg.norm(np.diff(stroke, axis=0), axis=1).sum()) for stroke in written)


def test_every_digit_has_several_styles() -> None:
    assert sorted(synthetic_digits.STYLES) == list(range(10))
    assert all(len(styles) >= 25 for styles in synthetic_digits.STYLES.values())
    texts = [text for styles in synthetic_digits.STYLES.values() for text in styles.values()]
    assert len(set(texts)) == len(texts)


def test_every_style_can_be_written_drawn_and_normalized() -> None:
    for label, style in EVERY_STYLE:
        with case(f"{label}, {style}"):
            written = synthetic_digits.pen_strokes(label, np.random.default_rng(0), style)
            steps = normalize.from_canvas(synthetic_digits.draw(written, 140, 10))
            assert steps is not None
            assert max(steps.boxed.shape) == 20
            assert 0.03 < steps.image.mean() < 0.4, "neither specks nor a blot"


@settings(deadline=None)  # the machine may be busy
@given(st.sampled_from(EVERY_STYLE), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_strokes_stay_on_the_canvas(which: tuple[int, str], seed: int, variation: float) -> None:
    label, style = which
    written = synthetic_digits.pen_strokes(label, np.random.default_rng(seed), style, variation)
    assert written, "a hand may lift the pen or go over a line again, so there may be one stroke more"
    assert 0 <= len(written) - (synthetic_digits.STYLES[label][style].count("|") + 1) <= 1
    for stroke in written:
        assert stroke.ndim == 2 and stroke.shape[1] == 2 and len(stroke) >= 3
        assert stroke.min() >= 0.08 - 1e-9 and stroke.max() <= 0.92 + 1e-9


def test_a_seed_repeats_the_strokes() -> None:
    first, again, other = (synthetic_digits.pen_strokes(5, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_without_variation_a_style_keeps_its_turns_and_ends() -> None:
    (seven,) = synthetic_digits.pen_strokes(7, np.random.default_rng(0), "plain", variation=0)
    start, end = seven[0], seven[-1]
    turn = seven[seven[:, 0].argmax()]
    assert start[1] < end[1] and turn[1] < 0.3 < 0.7 < end[1]
    assert start[0] < end[0] < turn[0]


def test_the_crossed_seven_has_its_bar() -> None:
    stem, bar = synthetic_digits.pen_strokes(7, np.random.default_rng(0), "crossed", variation=0)
    assert np.ptp(bar[:, 1]) < 0.1 < np.ptp(bar[:, 0])
    assert stem[:, 1].min() < bar[:, 1].mean() < stem[:, 1].max()


def test_variation_adds_gaps_repeated_strokes_and_hooks() -> None:
    hands = [synthetic_digits.pen_strokes(1, np.random.default_rng(seed), "bar", variation=1.0) for seed in range(300)]
    assert {len(hand) for hand in hands} == {1, 2}
    hooked = [stroke for (stroke, *_) in hands if np.abs(np.diff(stroke[-6:], axis=0)[:, 0]).max() > 0.04]
    assert hooked, "a bar goes down, but for a hook"
    calm = [synthetic_digits.pen_strokes(1, np.random.default_rng(seed), "bar", variation=0.0) for seed in range(50)]
    assert all(len(hand) == 1 for hand in calm)


def test_an_image_is_the_normalized_drawing() -> None:
    written = synthetic_digits.pen_strokes(3, np.random.default_rng(0))
    image = synthetic_digits.render_image(written, np.random.default_rng(1))
    assert image.shape == (28, 28) and image.dtype == np.uint8 and image.max() > 200
    assert not np.array_equal(image, synthetic_digits.render_image(written, np.random.default_rng(2))), "another pen"


@pytest.mark.parametrize(("label", "style"), [(10, None), (-1, None), (7, "round z")])
def test_an_unknown_digit_or_style_is_rejected(label: int, style: str | None) -> None:
    with pytest.raises(UserError, match="0 to 9"):
        synthetic_digits.pen_strokes(label, np.random.default_rng(0), style)


@given(st.integers(20, 300), st.floats(2, 40))
@settings(max_examples=20, deadline=None)
def test_strokes_are_drawn_white_on_black(size: int, pen: float) -> None:
    canvas = synthetic_digits.draw([np.array([[0.2, 0.5], [0.8, 0.5]])], size, pen)
    assert canvas.shape == (size, size, 4) and canvas.dtype == np.uint8
    assert (canvas[..., 3] == 255).all()
    assert np.array_equal(canvas[..., 0], canvas[..., 1]) and np.array_equal(canvas[..., 0], canvas[..., 2])
    assert canvas[size // 2, size // 2, 0] == 255


@pytest.mark.parametrize("pen", [8, 20, 36])
def test_the_pen_has_its_width_and_round_ends(pen: int) -> None:
    canvas = synthetic_digits.draw([np.array([[0.25, 0.5], [0.5, 0.5], [0.75, 0.5]])], 280, pen)[..., 0] / 255
    assert canvas[:, 140].sum() == pytest.approx(pen, abs=0.5)
    assert canvas.sum() == pytest.approx(140 * pen + np.pi * pen**2 / 4, rel=0.02)


def test_a_dot_is_drawn() -> None:
    canvas = synthetic_digits.draw([np.array([[0.5, 0.5]])], 280, 20)[..., 0] / 255
    assert canvas.sum() == pytest.approx(np.pi * 100, rel=0.05)


def test_digits_are_balanced_shuffled_and_repeated_by_a_seed() -> None:
    images, labels = synthetic_digits.make_digits(200, seed=1)
    assert images.shape == (200, 28, 28) and images.dtype == np.uint8
    assert labels.shape == (200,) and labels.dtype == np.uint8
    assert np.bincount(labels, minlength=10).tolist() == [20] * 10
    assert len(set(labels[:20].tolist())) > 1 and not np.array_equal(labels, np.sort(labels))
    again = synthetic_digits.make_digits(200, seed=1)
    assert np.array_equal(images, again[0]) and np.array_equal(labels, again[1])
    assert not np.array_equal(images, synthetic_digits.make_digits(200, seed=2)[0])


def test_digits_look_like_mnist() -> None:
    images, _ = synthetic_digits.make_digits(100)
    assert (images.max(axis=(1, 2)) > 200).mean() > 0.9
    assert (images[:, 0].max() == 0) and len(np.unique(images)) > 50
    inked = images > 0
    sides = np.maximum(inked.any(axis=1).sum(axis=1), inked.any(axis=2).sum(axis=1))
    assert ((sides >= 18) & (sides <= 20)).all()


def test_a_count_of_0_gives_no_digits() -> None:
    images, labels = synthetic_digits.make_digits(0)
    assert images.shape == (0, 28, 28) and labels.shape == (0,)


def test_the_digits_are_those_of_the_recipe() -> None:
    """The hash is over pixels in 256 levels, which do not depend on the processor as the last bits of the curves do.

    If other digits are drawn on purpose, raise `synthetic.RECIPE` and update the hash.
    """
    images, labels = synthetic_digits.make_digits(100, seed=0)
    drawn = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    assert (synthetic.RECIPE, drawn) == (2, "f585bbf48a240f32d8f202346214cf3ed4a47d0142801eb008e4fa310ef6e81d")
