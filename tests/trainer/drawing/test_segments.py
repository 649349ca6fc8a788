"""Segmentation of several digits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainer.drawing import normalize, segments, synthetic_digits

in_any_time = settings(deadline=None)  # the machine may be busy


def written(label: int, size: int = 140, pen: float = 8) -> np.ndarray:
    """Return a digit's ink, cropped from a canvas of `size` pixels a side."""
    style = next(iter(synthetic_digits.STYLES[label]))
    ink = synthetic_digits.draw(synthetic_digits.pen_strokes(label, np.random.default_rng(label), style, 0), size, pen)[
        ..., 0
    ]
    rows, columns = ink.nonzero()
    return ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def laid(*pieces: tuple[np.ndarray, int, int], shape: tuple[int, int] = (300, 900)) -> np.ndarray:
    """Place pieces of ink on paper, each with its upper left corner at x, y; return ink (height, width) float32."""
    page = np.zeros(shape, np.uint8)
    for ink, x, y in pieces:
        here = page[y : y + ink.shape[0], x : x + ink.shape[1]]
        np.maximum(here, ink, out=here)
    return page / np.float32(255)


def lefts(ink: np.ndarray) -> list[int]:
    return [steps.box[0] for steps in normalize.find_digits(ink)]


@in_any_time
@given(hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_components_equal_a_flood_fill(inked: np.ndarray) -> None:
    labels = segments.connected_components(inked)
    assert np.array_equal(labels > 0, inked)
    left = set(zip(*(axis.tolist() for axis in inked.nonzero()), strict=True))
    reached = []
    while left:
        walk, group = [left.pop()], set()
        while walk:
            row, column = walk.pop()
            group.add((row, column))
            for place in [(row + down, column + across) for down in (-1, 0, 1) for across in (-1, 0, 1)]:
                if place in left:
                    left.remove(place)
                    walk.append(place)
        reached.append(group)
    found = [set(zip(*np.nonzero(labels == number), strict=True)) for number in range(1, labels.max() + 1)]
    assert sorted(map(sorted, reached)) == sorted(map(sorted, found))


def test_boxes_fit_each_component() -> None:
    low, high = segments.bounding_boxes(
        segments.connected_components(laid((written(1), 30, 40), (written(0), 200, 90)) > 0.2)
    )
    for label, corner in ((1, (30, 40)), (0, (200, 90))):
        number = low[1:].tolist().index(list(corner)) + 1
        assert (high[number] - low[number]).tolist() == list(written(label).shape[::-1])


@pytest.mark.parametrize("gap", [6, 20, 80])
@pytest.mark.parametrize("labels", [(1, 2), (7, 0, 3), (2, 0, 2, 6), (9, 8, 7, 6, 5, 3)])
def test_a_row_is_read_from_the_left_whatever_the_gaps(labels: tuple[int, ...], gap: int) -> None:
    x, pieces = 10, []
    for place, label in enumerate(labels):
        ink = written(label)
        pieces.append((ink, x, 100 + (-1) ** place * 6))
        x += ink.shape[1] + gap
    found = normalize.find_digits(laid(*pieces, shape=(300, x + 10)))
    assert [steps.box[:2] for steps in found] == [(x, y) for _, x, y in pieces]
    for steps, (ink, _, _) in zip(found, pieces, strict=True):
        alone = normalize.from_ink(laid((ink, 20, 20)))
        assert alone is not None and np.allclose(steps.image, alone.image, atol=1e-3)


def test_slanted_neighbors_are_separated_although_their_boxes_overlap() -> None:
    bar = np.zeros((100, 60), np.uint8)
    for row in range(100):
        bar[row, 50 - row // 2 : 58 - row // 2] = 255
    assert lefts(laid((bar, 20, 50), (bar, 50, 50), (bar, 80, 50))) == [21, 51, 81]


def test_of_two_rows_the_upper_one_comes_first() -> None:
    rows = [(written(3), 200, 40), (written(7), 320, 35), (written(2), 100, 170), (written(0), 230, 175)]
    assert lefts(laid(*rows)) == [200, 320, 100, 230]


def test_the_parts_of_a_digit_and_a_dot_beside_it_stay_together() -> None:
    bar, dot = np.full((8, 50), 255, np.uint8), np.full((12, 12), 255, np.uint8)
    hat_of_a_five = laid((written(3), 60, 60), (bar, 70, 44))
    broken = laid((written(7)[:30], 60, 60), (written(7)[40:], 60, 100))
    two_strokes = laid((written(0)[:45, :40], 60, 60), (written(1), 106, 60))
    for ink in (hat_of_a_five, broken, two_strokes, laid((written(0), 60, 60), (dot, 180, 120))):
        (steps,) = normalize.find_digits(ink)
        whole = normalize.from_ink(ink)
        assert whole is not None and np.array_equal(steps.image, whole.image)


def test_a_hat_belongs_to_the_digit_below_it_and_far_dots_to_none() -> None:
    bar, dot = np.full((8, 45), 255, np.uint8), np.full((10, 10), 255, np.uint8)
    three, zero = written(3), written(0)
    first, second = normalize.find_digits(laid((three, 60, 60), (bar, 70, 46), (zero, 130, 60), (dot, 600, 200)))
    assert first.box[:2] == (60, 46) and second.box == (130, 60, 130 + zero.shape[1], 60 + zero.shape[0])


def test_the_crop_has_no_ink_of_a_neighbor() -> None:
    seven, one = written(7), written(1)
    reach = seven.shape[1] - 12
    first, second = normalize.find_digits(laid((seven, 50, 60), (one[30:], 50 + reach, 60 + 40)))
    assert first.crop.sum() == pytest.approx(seven.sum() / 255, rel=0.02)
    assert second.box[0] < first.box[2], "their boxes overlap"


def test_dust_is_processed_fast_and_at_most_twenty_digits_are_found() -> None:
    dust = np.zeros((300, 300), np.float32)
    dust[::3, ::3] = 1
    assert len(normalize.find_digits(dust)) <= segments.MAX_DIGITS
    bars = np.zeros((100, 900), np.float32)
    for place in range(30):
        bars[20 : 70 + place, 10 + 25 * place : 16 + 25 * place] = 1
    assert lefts(bars) == [10 + 25 * place for place in range(10, 30)], "the largest"


@in_any_time
@given(hnp.arrays(bool, st.tuples(st.integers(1, 30), st.integers(1, 30))))
def test_every_label_has_ink_and_none_is_skipped(inked: np.ndarray) -> None:
    places = segments.label_digits(inked)
    assert not places[~inked].any()
    assert sorted(set(places[inked].tolist()) - {0}) == list(range(1, int(places.max(initial=0)) + 1))
