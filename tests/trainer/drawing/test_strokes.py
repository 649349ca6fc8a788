"""Drawings as strokes: the same image from any pen, any size and any place."""

import numpy as np
import pytest

from trainer.drawing import normalize, strokes, synthetic_digits
from trainer.drawing.strokes import Strokes


def on_paper(label: int, scale: float = 200, corner: float = 50, pen: float = 20, side: int = 300) -> Strokes:
    written = synthetic_digits.pen_strokes(label, np.random.default_rng(label), variation=0.2)
    low, high = strokes.bounds(written)
    lines = [(line - low) * scale / (high - low).max() + corner for line in written]
    return Strokes(lines, [pen] * len(lines), side)


@pytest.mark.parametrize("label", range(10))
def test_the_image_depends_on_neither_pen_nor_size_nor_place(label: int) -> None:
    usual = on_paper(label).whole
    assert usual is not None and usual.from_strokes
    for other in (on_paper(label, pen=5), on_paper(label, 40, 240), on_paper(label, 100, 5, pen=40)):
        steps = other.whole
        assert steps is not None and steps.image == pytest.approx(usual.image, abs=0.12)
        assert np.abs(steps.image - usual.image).mean() < 0.01


@pytest.mark.parametrize("label", range(10))
def test_the_image_is_fitted_and_centered_as_mnist_s(label: int) -> None:
    steps = on_paper(label).whole
    assert steps is not None
    assert max(steps.boxed.shape) == normalize.FITTED_SIDE and steps.image.shape == (28, 28)
    assert steps.image.dtype == np.float32 and steps.image.min() == 0 and 0.7 < steps.image.max() <= 1
    assert normalize.center_of_mass(steps.image) == pytest.approx((normalize.CENTER, normalize.CENTER), abs=0.51)
    left, top, right, bottom = steps.box
    assert steps.ink.shape == (300, 300)
    assert steps.ink[top:bottom, left:right].sum() == steps.ink.sum()


def test_its_ink_lies_where_that_of_a_thin_pen_s_pixels_does() -> None:
    for label in range(10):
        drawn = on_paper(label, pen=10)
        steps, pixels = drawn.whole, normalize.from_ink(drawn.ink)
        assert steps is not None and pixels is not None
        coarse, expected = (each.image.reshape(7, 4, 7, 4).mean(axis=(1, 3)) for each in (steps, pixels))
        assert np.corrcoef(coarse.ravel(), expected.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("points", [[[60, 80]], [[60, 80], [60, 80]], [[60, 80], [60.04, 80]]])
def test_a_dot_stays_a_dot(points: list[list[float]]) -> None:
    steps = Strokes([np.array(points, float)], [20], 300).whole
    assert steps is not None and max(steps.boxed.shape) <= 3
    assert steps.box == (50, 70, 70, 90) or steps.box == (50, 70, 71, 90)
    assert np.isfinite(steps.image).all() and steps.image.max() > 0.3
    assert strokes.image([np.array(points, float)]).any()


def test_without_strokes_there_is_nothing() -> None:
    assert Strokes([], [], 300).whole is None


def test_a_drawing_at_the_edge_keeps_its_box_on_the_paper() -> None:
    steps = Strokes([np.array([[0.0, 0.0], [300.0, 300.0]])], [40], 300).whole
    assert steps is not None and steps.box == (0, 0, 300, 300)


def test_one_more_stroke_belongs_to_the_drawing() -> None:
    down, across = np.array([[150.0, 60], [150, 240]]), np.array([[60.0, 150], [240, 150]])
    alone = Strokes([down], [20], 300)
    both = alone.with_line(across, 10)
    assert len(alone.lines) == 1 and both.pens == [20, 10] and both.whole is not None
    assert both.whole.box == (50, 50, 250, 250)
    assert alone.begins_at(down[0] + 0.4) and not alone.begins_at(down[1])


SQUARE = np.array([[40.0, 40], [200, 40], [200, 200], [40, 200], [40, 40]])
MARKS = {
    "a dot": [np.array([[60.0, 80.0]])],
    "a blot": [np.array([[60.0, 80], [66, 84], [60, 90], [70, 80]])],
    "specks": [np.array([[20.0, 30], [24, 33]]), np.array([[200.0, 180], [204, 180]])],
    "a filled square": [np.array([[40.0 + 160 * (k % 2), 40 + 8 * k] for k in range(21)])],
}


@pytest.mark.parametrize("kind", MARKS)
def test_a_mark_is_no_digit(kind: str) -> None:
    steps = Strokes(MARKS[kind], [20] * len(MARKS[kind]), 300).whole
    assert steps is not None and steps.is_mark


def test_digits_are_no_marks_at_any_size_and_with_any_pen() -> None:
    for label in range(10):
        for scale, pen in ((200, 5), (200, 40), (60, 20), (30, 20)):
            steps = on_paper(label, scale, 20, pen).whole
            assert steps is not None and not steps.is_mark
    assert not (Strokes([SQUARE], [20], 300).whole or pytest.fail()).is_mark, "nor is any other closed line"
