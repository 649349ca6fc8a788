"""Synthetic handwritten digits: random variations of hand-made styles.

A style (`styles.STYLES`) is one way to write a digit. It is varied as a writer's hand would: the curve's points, its
slant, wobble and tremor, overshooting ends, gaps, repeated strokes, the speed and the width of the pen. Half of the
digits are drawn again from their strokes, as drawings on the canvas are read (`strokes`); the other half are read from
their pixels, as photos are (`normalize`).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw

from trainer import UserError
from trainer.drawing import normalize, variations
from trainer.drawing.strokes import smooth
from trainer.drawing.styles import STYLES

Strokes = list[np.ndarray]  # each (points, 2): x to the right and y down, 0..1 on the canvas

PEN_WIDTHS = (5.0, 44.0)  # thinnest and thickest pen of digits read from pixels, in pixels of a canvas of 280
SMALL_CANVAS = 112  # pixels a side on which `render_image` draws; as good as 280 for an image of 28
SUPERSAMPLING = 4  # a canvas is drawn larger by this factor and averaged, for smooth edges


def pen_strokes(label: int, rng: np.random.Generator, style: str | None = None, variation: float = 0.5) -> Strokes:
    """Return the strokes of a digit as a mouse would report them, for `draw` or for a mouse.

    `style`: one of STYLES[label], by default any. `variation`: 0 is the unchanged style, 0.5 is clearly readable, 1 is
    as varied as people's handwriting. The strokes stay within 0.08..0.92 of the canvas. Raises UserError for an unknown
    style.
    """
    styles = STYLES.get(label, {})
    if not styles or style not in (None, *styles):
        raise UserError(f"A digit must be 0 to 9, in one of its styles (got {label!r}, {style!r}): see STYLES.")
    return write_style(styles[style] if style else list(styles.values())[rng.integers(len(styles))], rng, variation)


def write_style(style: str, rng: np.random.Generator, variation: float = 0.5) -> Strokes:
    """Return the strokes of a style in the format of STYLES, as `pen_strokes` does."""
    if rng.random() < 0.15 * variation:
        style = style.replace("!", "")  # a hurried hand rounds the sharp turns
    bend, waves, affine = rng.normal(0, 0.12 * variation, 2), _waves(rng, variation), _affine(rng, variation)
    written = []
    for stroke in style.split("|"):
        points, spline = _curve(stroke)
        points = points + rng.normal(0, 0.03 * variation, points.shape) + rng.normal(0, 0.035 * variation, 2)
        curve = spline @ points
        curve = curve + bend * 4 * curve * (1 - curve)  # one half, left or right, upper or lower, becomes larger
        curve = curve + sum(push * np.sin(curve @ direction + phase)[:, None] for push, direction, phase in waves)
        written.append(_sample(curve @ affine, rng, variation))
    if rng.random() < 0.35 * variation:
        quirk = (_gap, _retouch, _flick)[rng.integers(3)]
        place = int(rng.integers(len(written)))
        written[place : place + 1] = quirk(written[place], rng)
    return place_strokes(written, rng, variation)


def draw(strokes: Strokes, size: int = 280, pen: float = 20.0) -> np.ndarray:
    """Draw strokes as the canvas on the page does: a round pen, white on black, along curves through mid-points.

    `pen`: its width in pixels of the canvas. Returns (size, size, 4) uint8.
    """
    scale = size * SUPERSAMPLING
    width = max(1, round(pen * SUPERSAMPLING))
    radius = (width - 1) / 2  # Pillow's ellipses include their outermost pixels
    image = Image.new("L", (scale, scale))
    brush = ImageDraw.Draw(image)
    for stroke in strokes:
        points = smooth(np.asarray(stroke)) * scale
        brush.line(points.ravel().tolist(), fill=255, width=width)
        for x, y in points.tolist():
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    gray = np.asarray(image.reduce(SUPERSAMPLING))
    return np.stack([gray, gray, gray, np.full_like(gray, 255)], axis=-1)


def make_digits(count: int, seed: int = 0, variation: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return `count` digits in random styles and in random order, each label equally often; a seed repeats them.

    Images are (count, 28, 28) uint8, 0 = paper and 255 = ink as in MNIST; labels are (count,) uint8.
    """
    images, labels = draw_digits(count, seed, variation)
    return np.reshape(list(images), (count, normalize.SIZE, normalize.SIZE)).astype(np.uint8), labels


def draw_digits(count: int, seed: int = 0, variation: float = 1.0) -> tuple[Iterator[np.ndarray], np.ndarray]:
    """Return the digits of `make_digits`, each drawn when it is asked for, and their labels."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count, dtype=np.uint8) % 10)
    strokes = (pen_strokes(label, rng, variation=variation) for label in labels.tolist())
    return (render_image(digit, rng) for digit in strokes), labels


def render_image(strokes: Strokes, rng: np.random.Generator) -> np.ndarray:
    """Draw strokes with a random pen width and return the normalized image: (28, 28) uint8, 255 = ink.

    Half of them are drawn again as on Draw, the others are read from their pixels.
    """
    if rng.random() < 0.5:
        return variations.draw_image(strokes, rng)
    pen = np.exp(rng.uniform(*np.log(PEN_WIDTHS))) * SMALL_CANVAS / 280
    steps = normalize.from_canvas(draw(strokes, SMALL_CANVAS, pen))
    assert steps is not None, "a stroke leaves ink"
    return variations.levels(steps.image)


@functools.cache
def _curve(stroke: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a stroke's control points (n, 2), 0..1, and the matrix (m, n) that turns them into points of a curve.

    The curve is a cubic Hermite spline over the square root of the distances, its tangents those of parabolas
    through three neighbors (Overhauser), restarted at every sharp turn.
    """
    words = stroke.split()
    points = np.array([word.rstrip("!").split(",") for word in words], float) / 100
    turns = [0, *(place for place, word in enumerate(words[:-1]) if place and word.endswith("!")), len(words) - 1]
    pieces = []
    for first, last in itertools.pairwise(turns):
        here = slice(first, last + 1)
        knots = np.cumsum([0.0, *np.sqrt(np.linalg.norm(np.diff(points[here], axis=0), axis=1))])
        values = np.eye(len(points))[here]
        tangents = np.gradient(values, knots, axis=0, edge_order=2 if last - first > 1 else 1)
        for i in range(last - first):
            t = np.linspace(0, 1, 12)[:, None]
            step = knots[i + 1] - knots[i]
            pieces.append(
                (2 * t**3 - 3 * t**2 + 1) * values[i]
                + (t**3 - 2 * t**2 + t) * step * tangents[i]
                + (3 * t**2 - 2 * t**3) * values[i + 1]
                + (t**3 - t**2) * step * tangents[i + 1]
            )
    return points, np.concatenate(pieces)


def _waves(rng: np.random.Generator, variation: float) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Return waves that distort the plane smoothly: the push, the direction and the phase of each.

    A fifth of the hands tremble: they have short waves as well.
    """
    kinds = [(0.025, 5)] * 3 + [(0.008, 40)] * (2 if rng.random() < 0.2 else 0)
    return [
        (rng.normal(0, push * variation, 2), rng.normal(0, bend, 2), rng.uniform(0, 2 * np.pi)) for push, bend in kinds
    ]


def _affine(rng: np.random.Generator, variation: float) -> np.ndarray:
    """Return a slant, a rotation and an aspect ratio as one matrix (2, 2), for points in rows."""
    slant, turn, aspect = (variation * rng.normal((0.08, 0, -0.05), (0.27, 0.13, 0.28))).tolist()
    slanted = np.array([[np.exp(aspect / 2), 0], [-slant, np.exp(-aspect / 2)]])
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    affine: np.ndarray = slanted @ turned
    return affine


def _sample(curve: np.ndarray, rng: np.random.Generator, variation: float) -> np.ndarray:
    """Sample a curve as a mouse would: at uneven speed, cutting corners, with ends that overshoot or fall short."""
    beyond = 0.1
    onward = curve[[0, -1]] - curve[[1, -2]]
    first, last = curve[[0, -1]] + beyond * onward / np.linalg.norm(onward, axis=1, keepdims=True)
    curve = np.concatenate([[first], curve, [last]])
    at = np.cumsum([-beyond, *np.linalg.norm(np.diff(curve, axis=0), axis=1)])
    length = at[-2]
    steps = 3 + round(length * np.exp(rng.uniform(np.log(14), np.log(50))))
    speed = np.exp(np.interp(np.linspace(0, 5, steps), range(6), rng.normal(0, 0.5 * variation, 6)))
    start, end = np.clip(rng.normal(0, 0.03 * variation, 2), -0.2 * length, beyond)
    places = np.cumsum([0.0, *speed]) / speed.sum() * (length + start + end) - start
    return np.stack([np.interp(places, at, curve[:, axis]) for axis in (0, 1)], axis=1)


def _gap(stroke: np.ndarray, rng: np.random.Generator) -> Strokes:
    """Lift the pen for a moment: a stroke with a gap."""
    count = len(stroke)
    lifted, lowered = sorted((np.array([0, rng.uniform(0.06, 0.14)]) + rng.uniform(0.15, 0.75)) * count)
    parts = [stroke[: int(lifted)], stroke[int(lowered) :]]
    return parts if min(map(len, parts)) >= 3 else [stroke]


def _retouch(stroke: np.ndarray, rng: np.random.Generator) -> Strokes:
    """Trace a part of a stroke again, slightly beside it."""
    start, length = rng.uniform(0, 0.7), rng.uniform(0.15, 0.5)
    part = stroke[int(start * len(stroke)) : int((start + length) * len(stroke))]
    return [stroke, part + rng.normal(0, 0.025, 2)] if len(part) >= 3 else [stroke]


def _flick(stroke: np.ndarray, rng: np.random.Generator) -> Strokes:
    """Add a small hook at the end or the beginning."""
    ends = slice(None, None, -1 if rng.random() < 0.4 else 1)
    stroke = stroke[ends]
    along = stroke[-1] - stroke[-3]
    along = along / max(float(np.linalg.norm(along)), 1e-9)
    turn = rng.uniform(0.5, 2.4) * rng.choice((-1, 1)) * np.linspace(0.3, 1, 4)[:, None]
    hook = np.cos(turn) * along + np.sin(turn) * along[::-1] * (-1, 1)
    return [np.concatenate([stroke, stroke[-1] + np.cumsum(hook * rng.uniform(0.02, 0.05), axis=0)])[ends]]


def place_strokes(written: Strokes, rng: np.random.Generator, variation: float = 0.5) -> Strokes:
    """Scale strokes to 0.4 to 0.84 of the canvas and place them at random."""
    points = np.concatenate(written)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (0.62 + variation * rng.uniform(-0.22, 0.22)) / (high - low).max()
    room = (0.84 - scale * (high - low)) / 2
    corner = 0.08 + room * (1 + variation * rng.uniform(-1, 1, 2))
    return [(stroke - low) * scale + corner for stroke in written]
