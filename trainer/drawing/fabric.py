"""Strokes on the drawable canvas, as Fabric's pencil sends them: https://fabricjs.com."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainer.drawing.strokes import Strokes

MAX_STROKES = 30  # several digits
MAX_POINTS = 5_000  # of all strokes: minutes of drawing
_COMMAND_LENGTHS = {"M": 3, "Q": 5, "L": 3}  # move to x, y; curve to the last two numbers by way of x, y; line to x, y
_UNCHANGED = {"scaleX": 1, "scaleY": 1, "angle": 0, "skewX": 0, "skewY": 0}  # nothing was moved on the paper


def read(objects: Sequence[Any], side: int) -> Strokes | None:
    """Read the pencil's paths on a paper of `side` pixels.

    Returns None if there are no strokes, too many, or anything else: a browser sent it. Points beyond the paper are
    moved to its edge.
    """
    if not 0 < len(objects) <= MAX_STROKES:
        return None
    try:
        lines, pens = zip(*map(_read_path, objects), strict=True)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError):
        return None
    if sum(map(len, lines)) > MAX_POINTS:
        return None
    return Strokes([np.clip(line, 0, side) for line in lines], [min(pen, side) for pen in pens], side)


def _read_path(path: Any) -> tuple[np.ndarray, float]:
    """Return a path's points (n, 2) and its width in pixels. Raises an error of some kind for anything else."""
    commands, pen = path["path"], float(path["strokeWidth"])
    # a curve's first point is where the pen was, its second one the middle between there and the next
    points = np.array([command[1:3] for command in commands], float)
    letters = "".join(command[0] for command in commands)
    lengths = [_COMMAND_LENGTHS[letter] for letter in letters]
    if (
        not letters.startswith("M")
        or "M" in letters[1:]
        or lengths != [len(command) for command in commands]
        or points.shape != (len(commands), 2)
        or not np.isfinite([*points.ravel(), pen]).all()
        or pen <= 0
        or any(path.get(name, value) != value for name, value in _UNCHANGED.items())
    ):
        raise ValueError("not a path of the pencil")
    return points, pen
