"""How a drawing becomes the image a network knows: MNIST's own recipe, step by step.

MNIST's makers cropped each digit, fitted it into 20 x 20 pixels and laid its centre of mass on the middle of a
28 x 28 image (LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist). Measured on their images, the crop's
longer side is 20 and whole-pixel shifts bring the centre of mass to pixel index 14.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from trainer import UserError

SIZE = 28  # pixels a side of the image
FITTED = 20  # pixels of the digit's longer side in it
CENTRE = 14  # the pixel index, in both directions, that the centre of mass comes to lie on
CANVAS_SIZES = (20, 4096)  # smallest and largest side of a canvas
FAINTEST_INK = 32  # of 255 levels; a canvas with no pixel this far from its paper's colour is blank
SOFT = 0.28  # of the inked pixels: where more are grey, edges are soft; a thin pen has 0.27, 99 % of MNIST over 0.3
SOFTNESS = 0.02  # standard deviation of the blur for sharp edges, in longer sides of the digit: 0.4 of its 20 pixels
FAINTEST_EDGE = 0.2  # of full ink; specks fainter than this do not widen the crop


@dataclass(frozen=True)
class Steps:
    """A drawing on its way to a network; every image is float32, 0 = paper, 1 = ink."""

    ink: np.ndarray  # (height, width) of the canvas
    box: tuple[int, int, int, int]  # left, top, right, bottom of the digit on the canvas, the last two exclusive
    crop: np.ndarray  # the ink inside the box
    boxed: np.ndarray  # the crop with its longer side resized to 20, aspect kept
    shift: tuple[int, int]  # dx, dy from the upper left corner of the image to that of `boxed` in it
    image: np.ndarray  # (28, 28)


def from_canvas(rgba: np.ndarray) -> Steps | None:
    """Turn a canvas into an image as MNIST would hold it, or None where there is nothing to read.

    `rgba`: (height, width, 4) uint8, 20 to 4096 pixels a side. The paper is what most of the canvas's border shows:
    transparent, or one colour; ink is whatever differs from it, so that white on black, black on white and any ink on
    transparent paper are read alike. Blank paper and a canvas inked all over show one colour only: both give None.
    Raises UserError for anything that is not such an array.
    """
    _check(rgba)
    ink = _ink(rgba)
    if ink is None:
        return None
    box = _box(ink)
    left, top, right, bottom = box
    crop = ink[top:bottom, left:right]
    boxed = _fit(_soften(crop))
    shift = _shift(boxed)
    image = np.zeros((SIZE, SIZE), np.float32)
    image[shift[1] : shift[1] + boxed.shape[0], shift[0] : shift[0] + boxed.shape[1]] = boxed
    return Steps(ink, box, crop, boxed, shift, image)


def centre_of_mass(image: np.ndarray) -> tuple[float, float]:
    """Return the column and the row, as fractional pixel indices, of an image's centre of mass; it must hold ink."""
    mass = float(image.sum(dtype=np.float64))
    height, width = image.shape
    column = float(image.sum(axis=0, dtype=np.float64) @ np.arange(width)) / mass
    row = float(image.sum(axis=1, dtype=np.float64) @ np.arange(height)) / mass
    return column, row


def _check(rgba: np.ndarray) -> None:
    if not isinstance(rgba, np.ndarray) or rgba.dtype != np.uint8 or rgba.ndim != 3 or rgba.shape[2] != 4:
        got = f"{rgba.dtype} of shape {rgba.shape}" if isinstance(rgba, np.ndarray) else type(rgba).__name__
        raise UserError(
            f"A canvas must be an array of bytes (uint8) of shape (height, width, 4) (got {got}): draw it again."
        )
    smallest, largest = CANVAS_SIZES
    height, width, _ = rgba.shape
    if not (smallest <= height <= largest and smallest <= width <= largest):
        raise UserError(
            f"A canvas must have {smallest} to {largest} pixels a side (got {width} x {height}): use another size."
        )


def _ink(rgba: np.ndarray) -> np.ndarray | None:
    """Return how much ink each pixel holds, 1 for the strongest on the canvas, or None where there is none."""
    border = np.concatenate([rgba[0], rgba[-1], rgba[1:-1, 0], rgba[1:-1, -1]])
    paper = np.median(border, axis=0).astype(np.uint8)
    alpha = rgba[..., 3]
    if paper[3] < 128:
        contrast = alpha - np.minimum(alpha, paper[3])
    else:
        # the larger less the smaller, since bytes cannot go below 0; the colour in which ink and paper differ most
        contrast = np.zeros(alpha.shape, np.uint8)
        for channel in range(3):
            plane = rgba[..., channel]
            np.maximum(contrast, np.maximum(plane, paper[channel]) - np.minimum(plane, paper[channel]), out=contrast)
        if alpha.min() < 255:
            contrast = (contrast * (alpha / np.float32(255))).astype(np.uint8)
    strongest = int(contrast.max())
    return contrast / np.float32(strongest) if strongest >= FAINTEST_INK else None


def _box(ink: np.ndarray) -> tuple[int, int, int, int]:
    inked = ink > FAINTEST_EDGE
    columns, rows = np.flatnonzero(inked.any(axis=0)), np.flatnonzero(inked.any(axis=1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _soften(crop: np.ndarray) -> np.ndarray:
    """Give a pen's sharp edges the softness of MNIST's, whose digits were scanned; soft ones stay as they are."""
    inked = crop > 0.1
    if np.count_nonzero(inked & (crop < 0.9)) > SOFT * np.count_nonzero(inked):
        return crop
    radius = SOFTNESS * max(crop.shape)
    sharp = np.pad(crop, int(3 * radius) + 1)
    levels = Image.fromarray(np.rint(255 * sharp).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
    soft: np.ndarray = np.asarray(levels, np.float32)
    soft = soft / soft.max()
    left, top, right, bottom = _box(soft)
    return soft[top:bottom, left:right]


def _fit(crop: np.ndarray) -> np.ndarray:
    height, width = crop.shape
    scale = FITTED / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(crop).resize(size, Image.Resampling.BOX))


def _shift(boxed: np.ndarray) -> tuple[int, int]:
    """Move the centre of mass to CENTRE, in whole pixels, and no further than the image's edge: no ink is lost."""
    height, width = boxed.shape
    column, row = centre_of_mass(boxed)
    return min(max(round(CENTRE - column), 0), SIZE - width), min(max(round(CENTRE - row), 0), SIZE - height)
