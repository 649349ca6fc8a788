"""Numbers with a sign as pictures: above 0 blue, below 0 vermillion, 0 the paper's own colour on either theme."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.charts import BLUE, NEUTRAL, VERMILLION
from trainer.pictures import data_url, rgb

Array = NDArray[Any]
_FRAME = 255  # in the palette; 0 is the most negative number, 127 is nothing, 254 the most positive
_SIDE = 48  # screen pixels, about, that one picture of a sheet is wide at least
_UNDER = 40, 150  # how bright paper is beneath colours, and by how much brighter ink is


def reach(values: Array) -> float:
    """Return the largest size among numbers, which has the full colour; 1 where all are 0."""
    return float(np.abs(np.nan_to_num(values, posinf=0, neginf=0)).max(initial=0.0)) or 1.0


def tint(values: Array, scale: float | None = None) -> str:
    """Draw numbers (height, width), a pixel each, as a PNG's URL; what has the size `scale` has the full colour."""
    return _signed(_levels(values, scale))


def sheet(pictures: Array, scale: float | None = None, across: int = 8) -> str:
    """Draw pictures of numbers, (n, height, width), `across` in a row with a frame around each, as a PNG's URL."""
    number, height, width = pictures.shape
    times = enlarged(height, width)
    levels = _levels(pictures, scale).repeat(times, 1).repeat(times, 2)
    across = min(across, max(number, 1))
    rows = -(-number // across)
    framed = np.full((rows * across, height * times + 2, width * times + 2), 127, np.uint8)
    framed[:number] = _FRAME
    framed[:number, 1:-1, 1:-1] = levels
    _, down, right = framed.shape
    return _signed(framed.reshape(rows, across, down, right).swapaxes(1, 2).reshape(rows * down, across * right))


def enlarged(height: int, width: int) -> int:
    """Return how many pixels a side `sheet` draws for each number of such a picture."""
    return max(1, round(_SIDE / max(height, width)))


def strip(values: Array, across: int, scale: float | None = None) -> str:
    """Draw a list of numbers (n,) as cells, `across` in a row, as a PNG's URL; what is left of the last row is 0."""
    rows = -(-len(values) // across)
    cells = np.zeros(rows * across, np.float32)
    cells[: len(values)] = values
    return tint(cells.reshape(rows, across), scale)


def plain(image: Array) -> str:
    """Draw an image, (height, width) white on black or (height, width, 3) in colour, float 0..1, as a PNG's URL."""
    return data_url(Image.fromarray(_bytes(image)))


def over(image: Array, values: Array, scale: float | None = None) -> str:
    """Draw numbers (height, width) over a dimmed image of the same size, as a PNG's URL."""
    low, more = _UNDER
    grey = image.mean(axis=2) if image.ndim == 3 else image
    beneath = np.repeat((low + more * np.clip(np.nan_to_num(grey), 0, 1))[..., None], 3, axis=2)
    strength = (_levels(values, scale).astype(np.float32)[..., None] - 127) / 127
    color = np.where(strength >= 0, np.array(rgb(BLUE)), np.array(rgb(VERMILLION)))
    share = 0.85 * np.abs(strength)
    return data_url(Image.fromarray(np.uint8(share * color + (1 - share) * beneath)))


def color(value: float, scale: float) -> str:
    """Return the colour of one number for a style sheet."""
    strength = min(1.0, abs(value) / scale) if np.isfinite(value) else 0.0
    red, green, blue = rgb(BLUE if value >= 0 else VERMILLION)
    return f"rgba({red}, {green}, {blue}, {strength:.2f})"


def number(value: float, digits: int = 2) -> str:
    """Write a number with a sign that is easily seen, and not more digits than it deserves."""
    if not np.isfinite(value):
        return "no number"
    if abs(value) < 0.5 * 10**-digits:
        digits = 4 if abs(value) >= 0.00005 else digits
    return f"{round(value, digits) + 0.0:,.{digits}f}".replace("-", "−")


def _levels(values: Array, scale: float | None) -> NDArray[np.uint8]:
    known = np.nan_to_num(np.asarray(values, np.float32), posinf=0, neginf=0)
    return np.asarray(np.rint(np.clip(known / (scale or reach(known)), -1, 1) * 127 + 127).astype(np.uint8))


def _signed(levels: NDArray[np.uint8]) -> str:
    image = Image.fromarray(np.ascontiguousarray(levels))
    image.putpalette([*rgb(VERMILLION) * 127, *rgb(BLUE) * 128, *rgb(NEUTRAL)])
    return data_url(image, transparency=bytes([*(min(255, 2 * abs(127 - level)) for level in range(255)), 90]))


def _bytes(image: Array) -> NDArray[np.uint8]:
    return np.asarray((np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8))
