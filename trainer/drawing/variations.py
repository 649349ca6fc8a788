"""Random variations of a digit's strokes: the same digit as other people might write it, with other pens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainer.drawing import strokes

PEN_WIDTHS = (0.04, 0.13)  # thinnest and thickest pen, in longer sides of the digit


def draw_image(lines: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Return center lines, each (n, 2), drawn with a random pen: (28, 28) uint8, 0 paper .. 255 ink."""
    return levels(strokes.image(lines, float(np.exp(rng.uniform(*np.log(PEN_WIDTHS))))))


def levels(ink: np.ndarray) -> np.ndarray:
    """Return an image of floats, 0 paper .. 1 ink, as uint8, 0 .. 255."""
    rounded: np.ndarray = np.rint(255 * ink).astype(np.uint8)
    return rounded


def vary(lines: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Slant, stretch, turn a digit's lines, look at them from aside and bend them smoothly; longer side about 1."""
    low, high = strokes.bounds(lines)
    points = (np.concatenate(lines) - (low + high) / 2) / max(float((high - low).max()), 1e-9)
    slant, turn, aspect = rng.normal(0, (0.2, 0.1, 0.18)).tolist()
    affine = np.array([[np.exp(aspect / 2), 0], [-slant, np.exp(-aspect / 2)]])
    points = points @ affine @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    points = points / (1 + points @ rng.uniform(-0.3, 0.3, 2))[:, None]  # perspective
    for _ in range(3):
        push, along, phase = rng.normal(0, 0.02, 2), rng.normal(0, 5, 2), rng.uniform(0, 2 * np.pi)
        points = points + push * np.sin(points @ along + phase)[:, None]
    return np.split(points, np.cumsum([len(line) for line in lines])[:-1])
