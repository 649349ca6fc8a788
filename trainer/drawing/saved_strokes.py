"""Strokes of many drawings in a file, as three flat arrays.

Points are saved in longer sides of their digit, from the upper left corner of its box: its image depends on neither its
place nor its size on the paper, and so 16 bits a coordinate are a thousandth of a pixel. Every number of 16 bits is a
point, so no file can hold NaN or a point far away.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Lines = tuple[np.ndarray, ...]  # center lines of a drawing, each (n, 2) float, 0 to 1; none if its strokes are unknown

ARRAYS = ("points", "points_of_stroke", "strokes_of_drawing")  # their names in the file
MAX_STROKES = 30  # of a drawing; as many as on a paper
MAX_POINTS = 200  # of a drawing: seconds of drawing
_SCALE = 65_535  # of the numbers in the file


def pack(drawings: Sequence[Lines]) -> dict[str, np.ndarray]:
    """Return the strokes of drawings as the arrays in ARRAYS.

    `points` (p, 2) uint16, x to the right and y down, 65,535 for the digit's longer side; `points_of_stroke` (s,)
    uint16; `strokes_of_drawing` (n,) uint8.
    """
    lines = [line for drawing in drawings for line in drawing]
    points = np.concatenate([np.zeros((0, 2)), *lines])
    arrays = (
        np.rint(_SCALE * np.clip(points, 0, 1)).astype(np.uint16),
        np.array([len(line) for line in lines], np.uint16),
        np.array([len(drawing) for drawing in drawings], np.uint8),
    )
    return dict(zip(ARRAYS, arrays, strict=True))


def unpack(arrays: Sequence[np.ndarray], count: int) -> tuple[Lines, ...]:
    """Return the strokes of `count` drawings from the arrays of `pack`. Raises ValueError for any others."""
    points, points_of_stroke, strokes_of_drawing = arrays
    kinds = [array.dtype.name for array in arrays]
    if kinds != ["uint16", "uint16", "uint8"] or [array.shape for array in arrays] != [
        (points_of_stroke.sum(), 2),
        (strokes_of_drawing.sum(),),
        (count,),
    ]:
        raise ValueError("not the strokes of these drawings")
    strokes = np.split(points_of_stroke, np.cumsum(strokes_of_drawing)[:-1])
    if (strokes_of_drawing > MAX_STROKES).any() or any(0 in some or some.sum() > MAX_POINTS for some in strokes):
        raise ValueError("strokes without points, or too many")
    lines = iter(np.split(np.divide(points, _SCALE, dtype=np.float32), np.cumsum(points_of_stroke)[:-1]))
    return tuple(tuple(next(lines) for _ in range(number)) for number in strokes_of_drawing.tolist())


def shortened(lines: Sequence[np.ndarray]) -> Lines:
    """Return lines with at most MAX_POINTS points: of longer ones every second point is left out, but not the last.

    There are none if there are more than MAX_STROKES.
    """
    if len(lines) > MAX_STROKES:
        return ()
    while sum(map(len, lines)) > MAX_POINTS:
        lines = [np.concatenate([line[:-1:2], line[-1:]]) for line in lines]
    return tuple(lines)
