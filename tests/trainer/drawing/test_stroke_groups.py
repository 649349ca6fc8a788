"""Strokes of several digits, told apart."""

import numpy as np
import pytest

from trainer.drawing import normalize, stroke_groups, strokes, synthetic_digits
from trainer.drawing.strokes import Strokes
from trainer.shipped.network import recognizability

HEIGHT = 80  # pixels


def careful(label: int) -> list[np.ndarray]:
    """The strokes of a digit in its first style, with the upper left corner of its box at 0, 0."""
    style = next(iter(synthetic_digits.STYLES[label]))
    written = synthetic_digits.pen_strokes(label, np.random.default_rng(0), style, 0)
    low, high = strokes.bounds(written)
    return [(line - low) * HEIGHT / (high - low)[1] for line in written]


def in_a_row(labels: tuple[int, ...], gap: float) -> tuple[list[np.ndarray], list[list[int]]]:
    """The strokes of digits side by side, and the places of each digit's."""
    lines: list[np.ndarray] = []
    groups, x = [], 20.0
    for label in labels:
        digit = [line + np.array([x, 100]) for line in careful(label)]
        groups.append(list(range(len(lines), len(lines) + len(digit))))
        lines += digit
        x = strokes.bounds(digit)[1][0] + gap
    return lines, groups


@pytest.mark.parametrize("labels", [(4, 5, 0), (1, 4, 7), (2, 8, 3), (4, 4), (5, 1), (0, 9, 6)])
@pytest.mark.parametrize("gap", [40, 5, -4])
def test_digits_are_told_apart_at_any_distance(labels: tuple[int, ...], gap: float) -> None:
    lines, groups = in_a_row(labels, gap)
    assert stroke_groups.group(lines, recognizability) == groups


def test_each_digit_has_its_own_box_and_image_though_their_ink_is_one_piece() -> None:
    lines, _ = in_a_row((4, 5, 0), -4)
    paper = Strokes(lines, [20] * len(lines), 300)
    assert len(normalize.find_digits(paper.ink)) == 1
    found = stroke_groups.find_digits(paper, recognizability)
    assert [steps.box[0] for steps in found] == sorted(steps.box[0] for steps in found)
    for label, steps in zip((4, 5, 0), found, strict=True):
        lines = careful(label)
        alone = Strokes(lines, [20] * len(lines), 300).whole
        assert alone is not None and steps.image == pytest.approx(alone.image, abs=0.12)


def test_digits_that_were_not_written_in_order_are_read_in_order() -> None:
    lines, groups = in_a_row((3, 1, 6), 30)
    backward = [lines[place] for group in reversed(groups) for place in group]
    assert [len(group) for group in stroke_groups.group(backward, recognizability)] == [len(g) for g in groups]
    lefts = [min(backward[place][:, 0].min() for place in g) for g in stroke_groups.group(backward, recognizability)]
    assert lefts == sorted(lefts)


def test_a_bar_that_comes_late_belongs_to_the_digit_that_it_crosses() -> None:
    (seven,), (one,) = careful(7)[:1], careful(1)[:1]
    bar = np.array([[10.0, 45.0], [40.0, 45.0]])
    assert stroke_groups.group([seven, one + np.array([90, 0]), bar], recognizability) == [[0, 2], [1]]


def test_a_dot_far_from_the_digits_belongs_to_none_and_alone_it_is_one() -> None:
    lines, groups = in_a_row((3, 8), 30)
    assert stroke_groups.group([*lines, np.array([[250.0, 250.0]])], recognizability) == groups
    assert stroke_groups.group([np.array([[250.0, 250.0]])], recognizability) == [[0]]


def test_digits_far_from_each_other_need_no_network() -> None:
    def read(images: np.ndarray) -> np.ndarray:
        raise AssertionError("nothing is doubtful")

    lines, groups = in_a_row((3, 6, 8), 40)
    assert stroke_groups.group(lines, read) == groups
    assert stroke_groups.group([], read) == []
