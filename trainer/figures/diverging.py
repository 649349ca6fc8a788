"""The diverging colour scale: numbers above 0 are blue, below 0 vermillion, and 0 shows the page's own colour."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.figures.images import data_url, png
from trainer.figures.palette import BLUE, NEUTRAL, VERMILLION, rgb

Array = NDArray[Any]
Levels = NDArray[np.uint8]  # 0 is the most negative number, 127 is 0, 254 the most positive, and 255 a frame
_FRAME = 255
_COLORS = [*rgb(VERMILLION) * 127, *rgb(BLUE) * 128, *rgb(NEUTRAL)]  # of each level
_OPACITIES = bytes([*(2 * abs(127 - level) for level in range(255)), 90])
_SIDE = 48  # screen pixels, about, that one picture of a sheet is wide at least
_UNDER = 40, 150  # how bright paper is beneath colours, and by how much brighter ink is


def max_magnitude(values: Array) -> float:
    """Return the largest size among numbers, which has the full colour; 1 where all are 0."""
    return float(np.abs(np.nan_to_num(values, posinf=0, neginf=0)).max(initial=0.0)) or 1.0


def image_url(values: Array, scale: float | None = None) -> str:
    """Draw numbers (height, width), a pixel each, as a PNG's URL; what has the size `scale` has the full colour."""
    return data_url(_image(_levels(values, scale)))


def sheet_url(pictures: Array, scale: float | None = None, across: int = 8) -> str:
    """Draw pictures of numbers, (n, height, width), `across` in a row with a frame around each, as a PNG's URL."""
    number, height, width = pictures.shape
    levels = _enlarge(_levels(pictures, scale), sheet_scale(height, width))
    return data_url(_image(_framed(levels, min(across, max(number, 1)))))


def sheet_scale(height: int, width: int) -> int:
    """Return how many pixels a side `sheet` draws for each number of such a picture."""
    return max(1, round(_SIDE / max(height, width)))


def weight_sheet(weights: Array, scale: float | None = None) -> bytes:
    """Draw images of weights, (n, height, width), 8 in a row with a gap around each frame, as the content of a PNG.

    What has the size `scale` has the full colour; without a finite one the largest of them.
    """
    across, room = 8, 56  # images in a row, and screen pixels for each
    known = np.nan_to_num(np.asarray(weights, np.float32))  # an infinite weight, of a diverged training, is the largest
    levels = _levels(known, scale if scale and np.isfinite(scale) else None)
    return png(_image(_framed(_enlarge(levels, max(1, room // weights.shape[2])), across, gap=1)))


def cells_url(values: Array, across: int, scale: float | None = None) -> str:
    """Draw a list of numbers (n,) as cells, `across` in a row, as a PNG's URL; what is left of the last row is 0."""
    rows = -(-len(values) // across)
    cells = np.zeros(rows * across, np.float32)
    cells[: len(values)] = values
    return image_url(cells.reshape(rows, across), scale)


def weights_url(weights: Array, scale: float) -> str:
    """Draw weights (height, width) as a PNG's URL, in twice as many shades as `tint` has."""
    shares = _shares(weights, scale)
    opacities = np.rint(255 * np.abs(shares))
    return data_url(np.dstack([_hues(shares), opacities]).astype(np.uint8))


def overlay_url(image: Array, values: Array, scale: float | None = None) -> str:
    """Draw numbers (height, width) over a dimmed image of the same size, as a PNG's URL."""
    low, more = _UNDER
    grey = image.mean(axis=2) if image.ndim == 3 else image
    beneath = np.repeat((low + more * np.clip(np.nan_to_num(grey), 0, 1))[..., None], 3, axis=2)
    shares = (_levels(values, scale).astype(np.float32) - 127) / 127
    opacities = 0.85 * np.abs(shares)[..., None]
    return data_url((opacities * _hues(shares) + (1 - opacities) * beneath).astype(np.uint8))


def css_color(value: float, scale: float) -> str:
    """Return the colour of one number for a style sheet."""
    opacity = min(1.0, abs(value) / scale) if np.isfinite(value) else 0.0
    red, green, blue = rgb(BLUE if value >= 0 else VERMILLION)
    return f"rgba({red}, {green}, {blue}, {opacity:.2f})"


def _shares(values: Array, scale: float | None) -> Array:
    """Return numbers as shares of `scale`, -1 to 1, or of the largest; what is not finite is 0."""
    known = np.nan_to_num(values, posinf=0, neginf=0)
    return np.clip(known / (scale or max_magnitude(known)), -1, 1)


def _levels(values: Array, scale: float | None) -> Levels:
    return np.asarray(np.rint(_shares(np.asarray(values, np.float32), scale) * 127 + 127).astype(np.uint8))


def _hues(shares: Array) -> Array:
    """Return the colour of each number without its opacity: (height, width, 3), 0 to 255."""
    return np.where(shares[..., None] >= 0, np.array(rgb(BLUE)), np.array(rgb(VERMILLION)))


def _enlarge(levels: Levels, times: int) -> Levels:
    return levels.repeat(times, 1).repeat(times, 2)


def _framed(levels: Levels, across: int, gap: int = 0) -> Levels:
    """Lay pictures, (n, height, width), `across` in a row, each in a frame 1 pixel wide with a gap around it."""
    number, height, width = levels.shape
    rows = -(-max(number, 1) // across)
    cells = np.full((rows * across, height + 2 + 2 * gap, width + 2 + 2 * gap), 127, np.uint8)
    cells[:number, gap : gap + height + 2, gap : gap + width + 2] = _FRAME
    cells[:number, gap + 1 : gap + 1 + height, gap + 1 : gap + 1 + width] = levels
    _, down, right = cells.shape
    return cells.reshape(rows, across, down, right).swapaxes(1, 2).reshape(rows * down, across * right)


def _image(levels: Levels) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(levels))
    image.putpalette(_COLORS)
    image.info["transparency"] = _OPACITIES
    return image
