"""The diverging color scale: positive values are blue, negative ones vermillion, and 0 is transparent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.figures.images import data_url, png
from trainer.figures.palette import BLUE, NEUTRAL, VERMILLION, rgb

Array = NDArray[Any]
Levels = NDArray[np.uint8]  # 0: most negative, 127: zero, 254: most positive, 255: frame
_FRAME = 255
_COLORS = [*rgb(VERMILLION) * 127, *rgb(BLUE) * 128, *rgb(NEUTRAL)]  # per level
_OPACITIES = bytes([*(2 * abs(127 - level) for level in range(255)), 90])
_SIDE = 48  # approximate minimum width of one image of a sheet, in screen pixels
_UNDERLAY = 40, 150  # brightness of paper under an overlay, and of ink in addition to it


def max_magnitude(values: Array) -> float:
    """Return the largest absolute value, which gets the full color; 1 if all values are 0."""
    return float(np.abs(np.nan_to_num(values, posinf=0, neginf=0)).max(initial=0.0)) or 1.0


def to_levels(values: Array, scale: float | None = None) -> Levels:
    """Return values as levels of the color scale; the magnitude `scale` has the full color."""
    return np.asarray(np.rint(_shares(np.asarray(values, np.float32), scale) * 127 + 127).astype(np.uint8))


def image_url(values: Array, scale: float | None = None) -> str:
    """Return values (height, width) as a PNG data URL, one pixel each; the magnitude `scale` has the full color."""
    return data_url(_image(to_levels(values, scale)))


def sheet_url(images: Array, scale: float | None = None, across: int = 8) -> str:
    """Return images of values, (n, height, width), as one PNG data URL, `across` framed images per row."""
    number, height, width = images.shape
    levels = _enlarge(to_levels(images, scale), sheet_scale(height, width))
    return data_url(_image(_framed(levels, min(across, max(number, 1)))))


def sheet_scale(height: int, width: int) -> int:
    """Return the side in pixels of each value's square in `sheet_url`."""
    return max(1, round(_SIDE / max(height, width)))


def weight_sheet(weights: Array, scale: float | None = None) -> bytes:
    """Return images of weights, (n, height, width), as a PNG file: 8 per row, with a gap around each frame.

    The absolute value `scale` has the full color; without a finite `scale`, the largest one.
    """
    across, width = 8, 56  # images per row, and screen pixels for each
    finite = np.nan_to_num(np.asarray(weights, np.float32))  # infinite weights, of a diverged training, become huge
    levels = to_levels(finite, scale if scale and np.isfinite(scale) else None)
    return png(_image(_framed(_enlarge(levels, max(1, width // weights.shape[2])), across, gap=1)))


def weights_url(weights: Array, scale: float) -> str:
    """Return weights (height, width) as a PNG data URL, with twice as many shades as `image_url`."""
    shares = _shares(weights, scale)
    opacities = np.rint(255 * np.abs(shares))
    return data_url(np.dstack([_hues(shares), opacities]).astype(np.uint8))


def overlay_url(image: Array, values: Array, scale: float | None = None) -> str:
    """Return values (height, width) over a dimmed image of the same size, as a PNG data URL."""
    paper, ink = _UNDERLAY
    gray = image.mean(axis=2) if image.ndim == 3 else image
    underlay = np.repeat((paper + ink * np.clip(np.nan_to_num(gray), 0, 1))[..., None], 3, axis=2)
    shares = (to_levels(values, scale).astype(np.float32) - 127) / 127
    opacities = 0.85 * np.abs(shares)[..., None]
    return data_url((opacities * _hues(shares) + (1 - opacities) * underlay).astype(np.uint8))


def _shares(values: Array, scale: float | None) -> Array:
    """Return values as shares of `scale`, or of the largest value, clipped to -1..1; infinite and NaN become 0."""
    finite = np.nan_to_num(values, posinf=0, neginf=0)
    return np.clip(finite / (scale or max_magnitude(finite)), -1, 1)


def _hues(shares: Array) -> Array:
    """Return the color of each value without its opacity: (height, width, 3), 0 to 255."""
    return np.where(shares[..., None] >= 0, np.array(rgb(BLUE)), np.array(rgb(VERMILLION)))


def _enlarge(levels: Levels, times: int) -> Levels:
    return levels.repeat(times, 1).repeat(times, 2)


def _framed(levels: Levels, across: int, gap: int = 0) -> Levels:
    """Lay out images, (n, height, width), `across` per row, each with a 1-pixel frame and a gap around it."""
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
