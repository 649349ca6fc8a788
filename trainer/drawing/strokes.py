"""Drawings as strokes: the pen's way on the paper, drawn again with a pen as wide, for each digit, as MNIST's.

A canvas has pens of all sizes, and digits of all sizes are drawn with them: tiny ones are blobs of ink, but the center
lines of their strokes are as readable as those of large ones. So the picture for the network is drawn from the center
lines, with a pen whose width depends on the digit's size alone, and then softened, fitted and centered as in
`normalize`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from trainer.drawing.normalize import BLUR, FITTED_SIDE, NormalizationSteps, center, fit, soften

PEN = 0.05  # width in longer sides of the digit: see "Drawings read from their strokes" in benchmarks/README.md
FINE_SIDE = 160  # pixels of the digit's longer side when it is drawn: 8 per pixel of the image
# Of the strokes together, in longer sides of the digit. People's digits have 1 to 4.7, those of `develop` in
# benchmarks/drawing.py; synthetic ones, with strokes that are traced twice, up to 7.4.
LENGTHS = (0.8, 7.5)
CURVE_POINTS = 4  # for each point of a stroke


@dataclass(frozen=True, eq=False)
class Strokes:
    """Strokes on a square paper, in the order in which they were drawn."""

    lines: Sequence[np.ndarray]  # center lines, each (n, 2) float, n >= 1: x to the right and y down, in pixels
    pens: Sequence[float]  # width of the pen of each, in pixels
    side: int  # of the paper, in pixels

    def begins_at(self, point: np.ndarray) -> bool:
        """Tell whether the first stroke begins at a point, (2,)."""
        return bool(np.abs(self.lines[0][0] - point).max() < 1)

    def with_line(self, line: np.ndarray, pen: float) -> Strokes:
        """Return these strokes and one more."""
        return Strokes([*self.lines, line], [*self.pens, pen], self.side)

    @property
    def whole(self) -> NormalizationSteps | None:
        """The steps of all strokes as one digit, or None without strokes."""
        return self.steps(range(len(self.lines))) if self.lines else None

    @functools.cached_property
    def ink(self) -> np.ndarray:
        """The paper as it looks, (side, side) float32, 0 = paper, 1 = ink."""
        return paint(self.lines, self.pens, (self.side, self.side))

    def steps(self, places: Sequence[int]) -> NormalizationSteps:
        """Return the steps of the digit that some of the strokes make."""
        lines, pen = [self.lines[place] for place in places], max(self.pens[place] for place in places)
        low, high = bounds(lines)
        box = np.clip([*np.floor(low - pen / 2), *np.ceil(high + pen / 2)], 0, self.side).astype(int)
        left, top, right, bottom = box.tolist()
        extent = float((high - low).max())
        side = max(extent, pen)  # a dot stays one: what is smaller than its pen is not enlarged
        is_mark = _is_mark(lines, extent, pen)
        lines = [(line - low) / side for line in lines]
        crop, boxed = _redraw(lines, 1.0, PEN)
        width, wanted = FITTED_SIDE * pen / side, FITTED_SIDE * PEN
        return NormalizationSteps(
            self.ink,
            (left, top, right, bottom),
            crop,
            width,
            wanted - width,
            boxed,
            *center(boxed),
            lines=lines,
            is_mark=is_mark,
        )


def _is_mark(lines: Sequence[np.ndarray], extent: float, pen: float) -> bool:
    """Tell whether strokes are too small for their pen, or too short or too long for their extent, to be a digit."""
    length = sum(float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum()) for line in lines)
    shortest, longest = LENGTHS
    return extent < pen or not shortest * extent <= length <= longest * extent


def image(lines: Sequence[np.ndarray], pen: float = PEN) -> np.ndarray:
    """Return the image of a digit, (28, 28) float32, 0 paper .. 1 ink. pen: its width in longer sides of the digit."""
    low, high = bounds(lines)
    _, boxed = _redraw(lines, max(float((high - low).max()), 1e-9), pen)
    return center(boxed)[1]


def bounds(lines: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the upper left and the lower right corner, (2,) each, of center lines."""
    points = np.concatenate(lines)
    return points.min(axis=0), points.max(axis=0)


def paint(lines: Sequence[np.ndarray], pens: Sequence[float], size: tuple[int, int]) -> np.ndarray:
    """Draw center lines with round pens, as the canvas does: (height, width) float32 of a size (width, height)."""
    picture = Image.new("L", size)
    brush = ImageDraw.Draw(picture)
    for line, pen in zip(lines, pens, strict=True):
        width = max(1, round(pen))
        radius = (width - 1) / 2  # Pillow's ellipses include their outermost pixels
        points = smooth(line)
        brush.line(points.ravel().tolist(), fill=255, width=width)
        for x, y in points.tolist():
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    ink: np.ndarray = np.divide(np.asarray(picture), 255, dtype=np.float32)
    return ink


def smooth(points: np.ndarray) -> np.ndarray:
    """Round the path as Fabric's PencilBrush does: quadratic curves from mid-point to mid-point."""
    if len(points) < 3:
        return points
    middles = (points[:-1] + points[1:]) / 2
    t = np.linspace(0, 1, CURVE_POINTS + 1)[:-1, None]
    before, at, after = middles[:-1, None], points[1:-1, None], middles[1:, None]
    curve = (1 - t) ** 2 * before + 2 * t * (1 - t) * at + t**2 * after
    return np.concatenate([points[:1], curve.reshape(-1, 2), middles[-1:], points[-1:]])


def _redraw(lines: Sequence[np.ndarray], side: float, pen: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a digit drawn again, soft and large, and fitted into 20 x 20 pixels. side: of the digit, on the paper."""
    low, high = bounds(lines)
    scale, width = FINE_SIDE / side, pen * FINE_SIDE
    size = np.ceil((high - low) * scale + width).astype(int) + 1
    moved = [(line - low) * scale + width / 2 for line in lines]
    drawn = paint(moved, [width] * len(moved), (int(size[0]), int(size[1])))
    crop = soften(drawn, BLUR * (FINE_SIDE + width))
    return crop, fit(crop, max(FINE_SIDE, *crop.shape))
