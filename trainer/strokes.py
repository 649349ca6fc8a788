"""Synthetic pen digits: made by hand and by chance, they need no network and no data.

A style is one way to write a digit, as people of several countries and ages do. A writer's hand varies it: where the
curve's points lie, how it leans, wobbles, overshoots, how fast and how thick the pen is. The strokes are drawn as the
page's canvas draws them and go the way of every drawing, through `digit.from_canvas`.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np
from PIL import Image, ImageDraw

from trainer import UserError, digit

Strokes = list[np.ndarray]  # each (points, 2), x to the right and y down, 0..1 on the canvas

# A style's strokes stand in the order of writing, parted by "|": points "x,y" of a smooth curve in a box of 100 x 100,
# y down; the pen turns sharply at a point marked "!".
STYLES: dict[int, dict[str, str]] = {
    0: {
        "round": "52,0 24,12 13,50 26,88 50,100 74,88 86,50 75,12 50,0 42,3",
        "egg": "50,0 28,22 22,62 34,93 55,98 72,76 73,34 60,4 46,2",
        "thin": "54,0 36,20 30,60 40,96 56,97 68,70 69,30 58,2 48,4",
        "clockwise": "44,2 70,8 84,45 74,88 48,100 22,85 14,48 26,12 48,0 56,2",
        "open": "48,2 22,22 16,62 34,97 64,96 82,60 76,24 62,8",
        "looped": "34,6 20,34 18,72 42,100 72,84 82,42 66,8 42,2 36,12 58,14 74,6",
        "corner on top": "52,2! 22,26 18,70 46,100 76,74 76,28 50,0",
        "slashed": "50,0 24,14 15,50 26,87 50,100 74,87 85,50 75,13 50,0 | 88,4 12,97",
        "slashed within": "50,0 22,14 13,50 24,87 50,100 76,87 87,50 77,13 50,0 | 68,22 33,78",
        "slashed in one": "64,6 30,6 15,48 30,94 66,94 84,52 70,10! 18,94",
        "wide": "62,12 34,10 6,40 14,82 50,92 90,66 92,28 66,12 52,12",
        "with a tail": "84,2 48,6 20,36 20,76 46,98 76,80 84,44 66,14 46,8",
        "hooked": "48,24 70,8 52,0 26,16 14,56 34,96 66,96 86,60 78,20 56,6",
        "lying": "74,4 40,18 12,54 16,90 44,96 78,66 90,28 78,6 62,8",
        "curled": "44,34 62,22 56,6 32,10 14,46 26,88 60,98 84,62 80,22 62,6",
    },
    1: {
        "bar": "50,0 50,100",
        "leaning bar": "66,0 50,52 36,100",
        "bowed bar": "54,0 48,48 50,100",
        "flag": "20,36 62,0! 62,100",
        "long flag": "12,56 40,32 60,0! 58,100",
        "small flag": "36,18 54,0! 54,100",
        "curved flag": "22,30 44,22 60,0! 58,50 60,100",
        "flag and foot": "28,24 52,0! 52,100 | 24,100 80,99",
        "bar and foot": "50,0 50,100 | 24,100 76,100",
        "drooping flag": "26,14 34,16 56,2! 52,100",
        "long flag and foot": "14,40 56,2! 54,98 | 16,98 90,96",
        "narrow flag": "34,50 60,0! 54,100",
    },
    2: {
        "swan": "18,26 30,5 56,0 75,16 70,42 44,72 14,97! 48,93 86,98",
        "round": "20,22 32,4 58,0 76,18 66,46 18,98! 84,98",
        "looped": "18,24 36,3 62,3 74,24 62,54 38,84 20,94 12,85 24,78 44,88 64,98 90,90",
        "wide loop": "20,14 46,0 70,14 64,46 40,84 14,98 8,82 26,74 50,86 92,96",
        "z": "18,6 80,4! 18,96! 86,95",
        "round z": "16,14 46,0 78,10 68,36 20,92! 84,94",
        "curled": "34,28 20,24 24,6 54,0 76,18 66,48 18,98! 84,95",
        "wavy foot": "15,30 30,5 60,2 74,25 55,62 14,96! 30,86 56,96 88,88",
        "rounded foot": "15,18 48,0 74,16 60,52 22,84 20,97 46,97 86,93",
        "upright": "26,26 34,4 56,0 70,16 64,44 30,96! 76,96",
        "round loop": "20,16 44,0 68,12 68,44 50,76 26,96 8,88 14,66 38,62 62,80 92,88",
        "loop with a drooping foot": "14,20 38,2 66,10 68,42 48,74 22,90 10,78 24,62 52,70 74,86 90,100",
        "loop with a rising foot": "22,18 46,0 70,16 62,52 36,84 16,94 10,80 26,70 50,82 96,66",
        "closed head": "40,36 22,30 24,6 54,0 74,18 62,52 34,80 14,92 12,76 30,72 56,88 92,90",
        "squat": "8,32 28,14 62,14 70,34 44,58 12,82! 50,80 96,84",
        "hooked": "36,20 40,4 62,2 66,20 52,56 34,92! 76,90",
        "round, curled foot": "18,18 44,0 72,10 72,44 46,78 18,90 14,72 36,66 62,84 74,100",
        "wide foot": "24,10 50,0 62,16 44,50 10,88! 60,84 98,80",
    },
    3: {
        "round": "20,13 44,0 72,10 70,34 42,47! 74,54 82,78 54,100 14,88",
        "smooth": "20,15 50,0 72,18 62,40 46,48 64,53 80,74 58,99 18,92",
        "flat top": "20,3 76,3! 44,42! 74,50 80,78 54,100 16,90",
        "flat top, long": "14,6 82,2! 38,46 60,46 82,66 70,94 44,100 14,92",
        "looped": "20,16 48,0 72,14 62,40 42,53 37,46 48,44 73,55 80,79 54,100 14,90",
        "curled": "30,26 20,12 48,0 70,12 66,36 42,46! 72,54 78,80 50,100 22,92 26,80",
        "large foot": "30,10 52,0 66,12 60,32 42,38! 78,48 84,78 50,100 10,86",
        "large head": "14,16 46,0 80,16 74,46 44,60! 68,64 72,84 50,100 24,94",
        "arcs": "26,4 60,10 70,28 52,46 36,50! 68,56 76,78 56,96 20,99",
        "zigzag": "20,4 72,6! 40,46! 78,62 70,88 22,98",
        "narrow": "34,12 54,0 68,12 60,34 44,46! 62,56 66,78 50,98 34,96",
        "long tail": "28,14 52,0 70,12 58,32 42,42! 60,50 64,66 52,86 30,100",
        "leaning": "34,8 66,0 86,12 70,32 46,44! 68,52 70,74 40,96 8,92",
        "m": "16,24 34,4 54,6 58,28 46,46! 66,38 82,56 74,88 54,100",
        "closed": "44,24 22,22 24,6 52,0 70,14 62,34 40,44! 68,52 76,80 48,100 22,92 20,74 40,74",
    },
    4: {
        "open": "32,0 14,60! 88,58 | 68,22 62,100",
        "open, curved": "22,4 18,42 32,58 74,52 | 76,4 71,52 70,100",
        "open, square": "22,2 20,52! 84,52 | 68,4 68,100",
        "open, leaning": "44,0 22,54! 86,50 | 78,10 52,100",
        "cup": "20,4 18,40 36,55 66,46 80,2! 74,48 70,100",
        "closed": "64,0 12,66! 92,66 | 64,0 64,100",
        "closed in one": "70,100 68,0! 12,66! 92,64",
        "closed, narrow": "60,2 22,58! 74,58 | 60,2 58,100",
        "closed, low bar": "58,0 14,76! 90,76 | 58,2 58,100",
        "lightning": "36,0 16,56! 70,54 80,14! 66,100",
        "lightning, sharp": "52,0 18,62! 82,50! 48,100",
        "long stem": "28,0 16,34! 78,32 | 74,2 68,100",
        "peaked": "30,4 16,46 40,48 68,36 60,10! 72,6! 66,52 64,100",
        "flag at the top": "58,0 34,30 12,64! 52,58 90,58 | 74,30 58,100",
    },
    5: {
        "hat": "30,5 25,45! 55,37 80,60 66,94 18,94 | 30,5 80,3",
        "in one": "80,3 30,3! 25,45! 55,37 80,62 65,95 16,93",
        "rising hat": "30,12 24,50! 52,41 75,63 58,98 10,94 | 30,12 94,0",
        "hat apart": "25,16 24,50! 55,41 80,66 60,98 18,92 | 32,3 84,0",
        "s": "78,4 46,3 24,20 34,42 66,56 75,80 50,100 16,90",
        "s, sharp": "80,2 34,8 26,34 62,52 74,78 52,99 14,94",
        "round neck": "76,0 32,3! 26,44 54,46 78,70 56,100 14,88",
        "low belly": "76,0 36,0! 30,58! 54,51 75,72 56,98 20,95",
        "large belly": "70,0 34,2! 24,36! 58,28 88,56 72,94 34,100 8,86",
        "curled": "78,4 32,4! 26,46! 56,38 78,62 66,92 34,98 22,86 32,80",
        "flat": "92,6 42,14! 30,46! 52,44 62,62 46,86 12,94",
        "closed belly": "80,2 34,4! 26,44! 54,34 80,58 66,94 34,98 18,80 30,64",
        "sharp neck": "88,0 44,8! 22,50! 58,44 64,66 46,90 14,100",
        "hat over all": "44,4 34,44! 62,42 74,64 58,94 20,96 | 20,6 88,2",
        "hat to the right": "38,10 30,42! 54,40 66,62 50,92 14,92 | 40,14 96,2",
    },
    6: {
        "curved": "68,0 36,24 18,64 30,96 60,97 78,76 60,56 32,62 20,78",
        "straight": "62,0 36,34 18,70 26,94 50,100 74,88 72,66 48,56 22,72",
        "small loop": "42,0 24,46 20,84 40,100 60,86 50,68 24,80",
        "large loop": "62,0 28,20 13,58 28,94 60,100 86,76 72,44 40,42 16,62",
        "hooked": "76,14 58,0 28,24 15,64 34,97 70,90 76,66 50,50 20,68",
        "open loop": "66,0 32,28 18,70 40,100 74,88 70,64 42,62",
        "b": "27,0 22,48 24,92 54,100 74,80 58,56 25,70",
        "spiral": "64,0 26,36 18,80 44,100 72,82 58,62 38,70 40,82",
        "lying": "84,2 42,28 14,72 30,98 60,98 74,80 56,66 24,80",
        "wide loop": "50,0 24,34 10,72 26,96 60,98 92,76 82,58 54,64 30,86",
        "crossed loop": "60,0 30,34 20,80 42,98 70,80 66,58 42,60 18,78 6,86",
        "u": "40,0 22,40 18,84 42,98 72,80 78,58 62,54 48,70 54,92",
        "narrow": "60,2 40,32 32,72 42,98 60,88 56,66 36,70",
    },
    7: {
        "plain": "15,5 82,3! 40,100",
        "crossed": "15,5 82,3! 42,100 | 34,52 80,48",
        "serif": "15,22 16,3! 82,3! 42,100",
        "serif, crossed": "14,22 16,5! 82,3! 44,100 | 28,54 78,48",
        "bowed": "14,8 78,5! 54,42 46,100",
        "bowed, crossed": "14,8 80,5! 56,42 46,100 | 32,56 80,50",
        "wavy": "10,18 24,4 48,12 82,2! 56,44 44,100",
        "wavy, crossed": "10,18 24,4 48,12 82,2! 42,100 | 28,56 76,46",
        "rounded": "12,12 50,2 78,12 66,46 44,100",
        "hooked": "18,36 18,5! 80,5! 70,50 46,100",
        "steep": "26,6 74,2! 62,100",
        "sinking": "12,4 44,10 76,12! 56,46 42,100",
        "steep, crossed": "22,10 70,4! 52,100 | 30,52 78,46",
        "bowed, low bar": "16,12 34,4 54,10 76,2! 62,40 52,98 | 24,64 80,58",
        "wavy, curved": "18,20 30,4 52,12 74,8 72,30 58,58 50,98 | 26,56 86,50",
        "narrow head": "30,26 38,12 66,2! 50,50 36,100",
        "serif, leaning": "10,34 30,10 88,4! 56,46 26,100",
        "arch": "14,8 50,2 78,26 72,62 40,100",
        "arrow": "8,8 46,16 78,30! 36,98",
        "deep serif": "12,46 24,14! 86,6! 52,100",
        "deep serif, crossed": "16,36 24,12! 82,6! 46,100 | 24,58 82,46",
        "low bar": "20,16 34,4 52,10 70,4 72,18! 58,50 46,98 | 24,70 84,62",
        "bowed back, low bar": "22,12 40,4 72,6! 68,30 48,62 40,98 | 22,72 82,66",
    },
    8: {
        "one stroke": "74,14 50,0 26,14 36,40 66,58 78,80 50,100 22,82 34,58 64,40 74,18 66,6",
        "two circles": "50,0 30,10 30,36 50,46 70,36 70,10 50,0 | 50,47 22,58 20,88 50,100 80,88 78,58 50,47",
        "two circles, apart": "52,0 32,16 44,40 66,34 70,12 52,0 | 48,44 24,64 30,94 60,99 76,76 50,44",
        "open": "70,0 34,14 36,34 66,56 72,84 48,100 26,84 42,56 66,34 88,10",
        "open, straight": "78,8 48,0 24,18 44,44 72,72 60,98 28,92 30,68 86,10",
        "narrow": "70,12 48,0 30,16 44,42 70,70 58,98 32,94 30,70 54,42 70,16",
        "small head": "62,10 50,0 38,10 44,28 74,60 76,88 50,100 22,86 26,60 58,28 62,12",
        "large head": "80,18 50,0 18,20 36,50 64,68 68,90 50,100 32,90 38,66 66,50 80,22",
        "leaning": "86,10 60,0 40,16 48,40 66,66 54,96 26,98 18,80 44,52 80,28 86,12",
        "from the middle": "50,46 26,26 40,2 68,8 68,32 30,62 28,90 54,100 76,84 68,58 46,44",
        "fish": "86,6 56,30 26,70 24,92 46,98 62,82 50,56 40,30 54,12 74,22",
        "open head": "66,12 44,2 26,20 40,44 66,64 70,90 46,100 30,86 44,62 66,42 78,20",
        "wide": "72,16 46,4 22,20 34,44 70,60 86,82 52,98 14,84 24,58 62,44 78,22",
        "open, leaning": "60,14 38,6 26,22 44,50 56,80 36,98 16,84 36,58 96,4",
        "open neck": "74,8 42,2 24,22 46,42 74,62 70,92 36,98 22,76 40,52 60,42",
        "wide circles": "50,4 20,16 26,42 56,46 80,28 68,8 50,4 | 50,46 12,60 14,92 56,100 88,80 76,54 50,46",
    },
    9: {
        "straight": "72,18 50,2 22,18 25,44 50,51 70,36 74,6! 72,100",
        "leaning": "72,14 46,0 24,22 38,48 64,36 76,6! 50,100",
        "curled": "75,18 50,0 22,18 28,44 54,49 76,18! 78,60 62,95 22,95",
        "g": "72,14 44,2 20,22 36,46 64,38 74,10! 78,62 70,92 40,100 16,84",
        "wide curl": "70,10 40,0 20,20 40,42 68,28 74,8! 80,50 66,90 30,98 8,86",
        "round": "72,28 50,50 24,36 30,8 58,1 76,24 70,66 48,100",
        "bowed": "70,10 42,0 20,24 36,50 66,34 72,10! 68,56 72,100",
        "circle and stem": "48,0 24,12 24,40 48,50 72,38 72,12 48,0 | 73,6 70,100",
        "open": "64,4 32,8 22,32 42,48 72,28 | 76,2 70,100",
        "small head": "66,10 46,0 32,12 38,28 56,28 68,8! 66,100",
        "tall head": "74,12 52,0 24,22 24,56 48,66 72,40 74,8! 74,100",
        "flat top": "78,6 44,4 22,26 36,46 62,34 76,8! 64,54 54,100",
        "half-closed curl": "62,12 36,4 22,24 44,38 70,26 76,6! 82,46 76,82 44,100 8,84",
        "lying": "84,8 48,10 18,36 28,54 58,42 84,10! 62,56 44,100",
        "flat head, curled": "80,8 48,2 18,14 24,34 54,40 82,20! 84,58 62,92 8,92",
        "large head": "78,10 42,6 12,38 20,70 50,62 82,12! 78,100",
        "slim head": "74,14 50,8 22,28 36,40 76,8! 56,100",
        "narrow": "62,8 46,0 36,20 46,36 62,10! 54,100",
    },
}

PENS = (8.0, 36.0)  # thinnest and thickest pen of `digits`, in pixels of a canvas of 280
SMALL_CANVAS = 112  # pixels a side on which `digits` draws, as good as 280 for an image of 28
SUPERSAMPLING = 4  # a canvas is drawn this much larger and averaged: smooth edges


def pen_strokes(label: int, rng: np.random.Generator, style: str | None = None, variation: float = 0.5) -> Strokes:
    """Write a digit as one person would, ready for `draw` or for a mouse: its points are what a mouse reports.

    `style`: one of STYLES[label], by default any. `variation`: 0 is the style as it stands, 0.5 clearly readable, 1 as
    unlike as people are. The strokes stay within 0.08..0.92 of the canvas. Raises UserError for an unknown style.
    """
    styles = STYLES.get(label, {})
    if not styles or style not in (None, *styles):
        raise UserError(f"A digit must be 0 to 9 and in one of its styles (got {label!r}, {style!r}): see STYLES.")
    text = styles[style] if style else list(styles.values())[rng.integers(len(styles))]
    bend, waves, affine = rng.normal(0, 0.12 * variation, 2), _waves(rng, variation), _affine(rng, variation)
    written = []
    for stroke in text.split("|"):
        points, spline = _curve(stroke)
        points = points + rng.normal(0, 0.03 * variation, points.shape) + rng.normal(0, 0.02 * variation, 2)
        curve = spline @ points
        curve = curve + bend * 4 * curve * (1 - curve)  # one half, left or right, upper or lower, becomes the larger
        curve = curve + sum(push * np.sin(curve @ direction + phase)[:, None] for push, direction, phase in waves)
        written.append(_sample(curve @ affine, rng, variation))
    return _place(written, rng, variation)


def draw(strokes: Strokes, size: int = 280, pen: float = 20.0) -> np.ndarray:
    """Draw strokes as the page's canvas does: a round pen, white on black, along curves through mid-points.

    `pen`: its width in pixels of the canvas. Returns (size, size, 4) uint8.
    """
    scale = size * SUPERSAMPLING
    width = max(1, round(pen * SUPERSAMPLING))
    radius = (width - 1) / 2  # Pillow's ellipses hold their outermost pixels
    image = Image.new("L", (scale, scale))
    brush = ImageDraw.Draw(image)
    for stroke in strokes:
        points = _smooth(np.asarray(stroke)) * scale
        brush.line(points.ravel().tolist(), fill=255, width=width)
        for x, y in points.tolist():
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    grey = np.asarray(image.reduce(SUPERSAMPLING))
    return np.stack([grey, grey, grey, np.full_like(grey, 255)], axis=-1)


def digits(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Make `count` digits of every style, each label as often as the others, in random order; a seed repeats them.

    Returns images (count, 28, 28) uint8, 0 = paper and 255 = ink as in MNIST, and labels (count,) uint8.
    """
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count, dtype=np.uint8) % 10)
    images = np.empty((count, digit.SIZE, digit.SIZE), np.uint8)
    for image, label in zip(images, labels.tolist(), strict=True):
        pen = np.exp(rng.uniform(*np.log(PENS))) * SMALL_CANVAS / 280
        steps = digit.from_canvas(draw(pen_strokes(label, rng, variation=1.0), SMALL_CANVAS, pen))
        assert steps is not None, "a stroke leaves ink"
        image[:] = np.round(steps.image * 255)
    return images, labels


@functools.cache
def _curve(stroke: str) -> tuple[np.ndarray, np.ndarray]:
    """Read a stroke of STYLES: its control points (n, 2), 0..1, and the matrix (m, n) that draws a curve through them.

    The curve is a cubic Hermite spline over the square root of the distances, its tangents those of parabolas
    through three neighbours (Overhauser), begun anew at every sharp turn.
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
    """Return a smooth wobble of the plane: for each wave how far it pushes, its direction and its phase."""
    return [(rng.normal(0, 0.025 * variation, 2), rng.normal(0, 5, 2), rng.uniform(0, 2 * np.pi)) for _ in range(3)]


def _affine(rng: np.random.Generator, variation: float) -> np.ndarray:
    """Return a slant, a turn and an aspect as one matrix (2, 2) for points in rows."""
    slant, turn, aspect = (variation * rng.normal((0.1, 0, -0.05), (0.25, 0.12, 0.25))).tolist()
    slanted = np.array([[np.exp(aspect / 2), 0], [-slant, np.exp(-aspect / 2)]])
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    affine: np.ndarray = slanted @ turned
    return affine


def _sample(curve: np.ndarray, rng: np.random.Generator, variation: float) -> np.ndarray:
    """Follow a curve as a mouse reports it: uneven speed, few points cut corners, ends overshoot or fall short."""
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


def _place(written: Strokes, rng: np.random.Generator, variation: float) -> Strokes:
    """Put the digit somewhere on the canvas, its longer side 0.4 to 0.84 of it."""
    points = np.concatenate(written)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (0.62 + variation * rng.uniform(-0.22, 0.22)) / (high - low).max()
    room = (0.84 - scale * (high - low)) / 2
    corner = 0.08 + room * (1 + variation * rng.uniform(-1, 1, 2))
    return [(stroke - low) * scale + corner for stroke in written]


def _smooth(points: np.ndarray) -> np.ndarray:
    """Round the path as Fabric's PencilBrush does: quadratic curves from mid-point to mid-point."""
    if len(points) < 3:
        return points
    middles = (points[:-1] + points[1:]) / 2
    t = np.linspace(0, 1, 5)[:-1, None]
    before, at, after = middles[:-1, None], points[1:-1, None], middles[1:, None]
    curve = (1 - t) ** 2 * before + 2 * t * (1 - t) * at + t**2 * after
    return np.concatenate([points[:1], curve.reshape(-1, 2), middles[-1:], points[-1:]])
