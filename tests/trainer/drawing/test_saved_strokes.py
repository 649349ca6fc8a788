"""Strokes in a file: the same after reading, bounded, and refused if they are anything else."""

import numpy as np
import pytest

from harness.browser import digit_strokes
from trainer.drawing import fabric, saved_strokes, strokes
from trainer.drawing.saved_strokes import MAX_POINTS, MAX_STROKES, pack, shortened, unpack

DRAWINGS = (
    (np.array([[0.0, 0.25], [1.0, 0.5], [0.5, 0.75]]), np.array([[0.125, 0.5]])),
    (),
    (np.array([[0.5, 0.0], [0.5, 1.0]]),),
)


def test_strokes_are_the_same_after_reading_and_after_reading_again() -> None:
    once = unpack(list(pack(DRAWINGS).values()), 3)
    again = unpack(list(pack(once).values()), 3)
    for found in (once, again):
        assert [len(lines) for lines in found] == [2, 0, 1]
        for lines, expected in zip(found, DRAWINGS, strict=True):
            for line, points in zip(lines, expected, strict=True):
                np.testing.assert_allclose(line, points, atol=1e-5)
    assert unpack(list(pack(()).values()), 0) == ()


@pytest.mark.parametrize("label", range(10))
def test_a_long_drawing_is_shortened_to_the_same_picture(label: int) -> None:
    fine = [strokes.smooth(strokes.smooth(line)) for line in digit_strokes(label)]
    short = shortened(fine)
    assert MAX_POINTS / 3 < sum(map(len, short)) <= MAX_POINTS < sum(map(len, fine))
    assert [line[[0, -1]].tolist() for line in short] == [line[[0, -1]].tolist() for line in fine]
    assert np.abs(strokes.image(short) - strokes.image(fine)).mean() < 0.01


def test_many_strokes_are_shortened_and_too_many_are_left_out() -> None:
    assert MAX_STROKES == fabric.MAX_STROKES
    (dots, lines) = ([np.zeros((count, 2))] * MAX_STROKES for count in (1, fabric.MAX_POINTS // MAX_STROKES))
    assert len(shortened(dots)) == len(shortened(lines)) == MAX_STROKES
    assert sum(map(len, shortened(lines))) <= MAX_POINTS
    assert shortened([*dots, dots[0]]) == () == shortened([])


POINTS, COUNTS, STROKES = np.zeros((3, 2), np.uint16), np.array([2, 1], np.uint16), np.array([2], np.uint8)


@pytest.mark.parametrize(
    "arrays",
    [
        (POINTS[:2], COUNTS, STROKES),
        (POINTS[:, :1], COUNTS, STROKES),
        (POINTS.astype(np.float16), COUNTS, STROKES),
        (POINTS, COUNTS[:1], STROKES),
        (POINTS, COUNTS.astype(np.int16), STROKES),
        (POINTS, np.array([3, 0], np.uint16), STROKES),
        (POINTS, COUNTS[None], STROKES),
        (POINTS, COUNTS, np.array([1, 1], np.uint8)),
        (POINTS, COUNTS, np.array(["2"])),
        (np.zeros((MAX_POINTS + 1, 2), np.uint16), np.array([MAX_POINTS, 1], np.uint16), STROKES),
        (np.zeros((31, 2), np.uint16), np.ones(31, np.uint16), np.array([31], np.uint8)),
    ],
)
def test_other_arrays_are_refused(arrays: tuple[np.ndarray, ...]) -> None:
    assert unpack((POINTS, COUNTS, STROKES), 1)
    with pytest.raises(ValueError, match="strokes"):
        unpack(arrays, 1)


def test_the_names_are_those_that_files_have_had_from_the_beginning() -> None:
    assert saved_strokes.ARRAYS == ("points", "points_of_stroke", "strokes_of_drawing") == tuple(pack(DRAWINGS))
