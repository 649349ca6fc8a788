"""Benchmark on several digits: its papers, and what is read from them."""

import numpy as np
import pytest

from benchmarks import several_digits
from benchmarks.several_digits import GAPS, HEIGHT, Paper
from trainer.drawing import stroke_groups, synthetic_digits
from trainer.drawing.strokes import bounds
from trainer.shipped import network as shipped


def paper(kind: str) -> Paper:
    rng = np.random.default_rng(0)
    digits = [synthetic_digits.pen_strokes(label, rng, variation=0.0) for label in (3, 8, 5)]
    return several_digits.compose(digits, [3, 8, 5], GAPS[kind], rng)


@pytest.mark.parametrize("kind", GAPS)
def test_digits_are_as_far_apart_as_their_kind_says(kind: str) -> None:
    composed = paper(kind)
    for left, right in zip(composed.digits, composed.digits[1:], strict=False):
        gap = (bounds(right)[0][0] - bounds(left)[1][0]) / HEIGHT
        assert GAPS[kind][0] <= gap <= GAPS[kind][1]
    low, high = bounds(composed.strokes.lines)
    assert np.allclose(low + high, several_digits.SIDE)


def test_a_paper_is_read_from_left_to_right() -> None:
    composed = paper("apart")
    steps = stroke_groups.find_digits(composed.strokes, shipped.recognizability)
    assert several_digits.read(steps) == composed.labels == [3, 8, 5]
    assert several_digits.read([]) == []
    assert [place for group in composed.groups for place in group] == list(range(len(composed.strokes.lines)))
