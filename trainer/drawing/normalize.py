"""Normalization of a drawing to an image like MNIST's: crop, resize, adjust the strokes, center.

MNIST's authors cropped each digit, fitted it into 20 x 20 pixels and placed its center of mass in the middle of a
28 x 28 image (LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist). Measured on their images, the crop's longer
side is 20, and whole-pixel shifts bring the center of mass to pixel index 14. Their pens were much alike; a canvas has
pens of all sizes, so strokes far thinner or thicker than MNIST's are redrawn with a width like MNIST's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from trainer import UserError
from trainer.drawing import segments

SIZE = 28  # pixels a side of the image
FITTED_SIDE = 20  # pixels of the digit's longer side in it
CENTER = 14  # pixel index of the center of mass, in both directions
CANVAS_SIZES = (20, 4096)  # smallest and largest side of a canvas
MIN_INK = 32  # of 255 levels; a canvas without a pixel this far from its paper's color is blank
SOFT_SHARE = 0.28  # of the inked pixels; edges are soft if more are gray (thin pens 0.27, 99 % of MNIST above 0.3)
BLUR = 0.02  # standard deviation of the blur for sharp edges, in longer sides of the digit: 0.4 of its 20 pixels
MIN_EDGE_INK = 0.2  # of full ink; specks fainter than this do not widen the crop
# pixels of the image; thinner strokes, and sharp thicker ones, are redrawn with these widths; MNIST's are 1.5 to 6
PEN_RANGE = (0.8, 4.0)
FINE_SIDE = 80  # pixels of the digit's longer side when strokes are measured and redrawn: 4 per pixel of the image


@dataclass(frozen=True)
class NormalizationSteps:
    """Every step from a drawing to a network's input; all images are float32, 0 = paper, 1 = ink."""

    ink: np.ndarray  # (height, width) of the canvas
    box: tuple[int, int, int, int]  # left, top, right, bottom of the digit on the canvas, the last two exclusive
    crop: np.ndarray  # the ink inside the box
    pen: float  # width of the strokes in `crop`, in pixels of the image
    thickened: float  # added by redrawing, in pixels of the image; negative: thinner; 0: not redrawn
    boxed: np.ndarray  # the crop, its strokes redrawn, with its longer side resized to 20, aspect kept
    shift: tuple[int, int]  # dx, dy from the image's upper left corner to that of `boxed`
    image: np.ndarray  # (28, 28)
    lines: Sequence[np.ndarray] = ()  # of its strokes, (n, 2) each, in longer sides of the digit; none without a pen
    is_mark: bool = False  # a dot, specks or a scribble, as its strokes alone tell: no digit

    @property
    def from_strokes(self) -> bool:
        """Whether it is drawn from the pen's strokes: `crop` shows them redrawn, with another pen."""
        return bool(self.lines)

    @property
    def uncentered(self) -> np.ndarray:
        """Return the image (28, 28) with the box, not the center of mass, in its middle."""
        height, width = self.boxed.shape
        return _lay(self.boxed, ((SIZE - width) // 2, (SIZE - height) // 2))

    @property
    def squeezed(self) -> np.ndarray:
        """Return the whole canvas resized to 28 x 28, without any normalization."""
        return _resize(self.ink, (SIZE, SIZE))


def from_canvas(rgba: np.ndarray) -> NormalizationSteps | None:
    """Normalize the drawing on a canvas, or return None if the canvas is blank.

    `rgba`: (height, width, 4) uint8, 20 to 4096 pixels a side. The paper is the color of most of the canvas's border,
    or transparent. Ink is whatever differs from it: white on black, black on white and any ink on transparent paper
    give the same result. Blank paper and a canvas full of ink have one color only: both give None. Raises UserError
    for any other array.
    """
    _check(rgba)
    ink = _ink(rgba)
    return None if ink is None else from_ink(ink)


def from_ink(ink: np.ndarray) -> NormalizationSteps | None:
    """Normalize ink, or return None if there is none.

    `ink`: (height, width) float32, 0 = paper, 1 = full ink. The strongest ink counts as full.
    """
    strongest = float(ink.max())
    if strongest < MIN_INK / 255:
        return None
    if strongest != 1:
        ink = ink / np.float32(strongest)
    box = _box(ink > MIN_EDGE_INK)
    left, top, right, bottom = box
    return _steps(ink, box, ink[top:bottom, left:right])


def find_digits(canvas: np.ndarray) -> list[NormalizationSteps]:
    """Find the digits on a canvas, in reading order, and normalize each.

    canvas: RGBA as for `from_canvas`, or ink as for `from_ink`. Each digit has the whole canvas's ink and its own box
    and crop; a single digit is normalized as by those functions. At most `segments.MAX_DIGITS` are found.
    """
    whole = from_ink(canvas) if canvas.dtype == np.float32 else from_canvas(canvas)
    if whole is None:
        return []
    places = segments.label_digits(whole.ink > MIN_EDGE_INK)
    count = int(places.max())
    if count == 1:
        return [whole]
    found = []
    for place in range(1, count + 1):
        box = left, top, right, bottom = _box(places == place)
        here = places[top:bottom, left:right]
        crop = np.where((here == place) | (here == 0), whole.ink[top:bottom, left:right], np.float32(0))
        found.append(_steps(whole.ink, box, crop / crop.max()))
    return found


def center_of_mass(image: np.ndarray) -> tuple[float, float]:
    """Return the column and the row, as fractional pixel indices, of an image's center of mass; it must hold ink."""
    mass = float(image.sum(dtype=np.float64))
    height, width = image.shape
    column = float(image.sum(axis=0, dtype=np.float64) @ np.arange(width)) / mass
    row = float(image.sum(axis=1, dtype=np.float64) @ np.arange(height)) / mass
    return column, row


def _check(rgba: np.ndarray) -> None:
    if not isinstance(rgba, np.ndarray) or rgba.dtype != np.uint8 or rgba.ndim != 3 or rgba.shape[2] != 4:
        got = f"{rgba.dtype} of shape {rgba.shape}" if isinstance(rgba, np.ndarray) else type(rgba).__name__
        raise UserError(f"A canvas must be a uint8 array of shape (height, width, 4) (got {got}): draw it again.")
    smallest, largest = CANVAS_SIZES
    height, width, _ = rgba.shape
    if not (smallest <= height <= largest and smallest <= width <= largest):
        raise UserError(
            f"A canvas must have sides of {smallest} to {largest:,} pixels (got {width:,} x {height:,}): resize it."
        )


def _ink(rgba: np.ndarray) -> np.ndarray | None:
    """Return the ink of each pixel, 1 for the strongest on the canvas, or None if there is none."""
    border = np.concatenate([rgba[0], rgba[-1], rgba[1:-1, 0], rgba[1:-1, -1]])
    paper = np.median(border, axis=0).astype(np.uint8)
    differs = np.ascontiguousarray(rgba).view(np.uint32)[..., 0] != paper.view(np.uint32)[0]
    if not differs.any():
        return None
    left, top, right, bottom = _box(differs)  # a digit fills a third of its canvas: skip the rest
    contrast = _contrast(rgba[top:bottom, left:right], paper)
    strongest = int(contrast.max())
    if strongest < MIN_INK:
        return None
    ink = np.zeros(rgba.shape[:2], np.float32)
    np.divide(contrast, np.float32(strongest), out=ink[top:bottom, left:right])
    return ink


def _contrast(rgba: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """Return the distance of each pixel from the paper's color, in 255 levels: (height, width) uint8."""
    alpha = rgba[..., 3]
    if paper[3] < 128:
        contrast: np.ndarray = alpha - np.minimum(alpha, paper[3])
        return contrast
    # larger minus smaller, since bytes cannot be negative; then the channel in which ink and paper differ most
    levels, papers = rgba.reshape(len(rgba), -1), np.tile(paper, rgba.shape[1])
    apart = (np.maximum(levels, papers) - np.minimum(levels, papers)).reshape(rgba.shape)
    contrast = np.maximum(np.maximum(apart[..., 0], apart[..., 1]), apart[..., 2])
    if alpha.min() < 255:
        contrast = (contrast * (alpha / np.float32(255))).astype(np.uint8)
    return contrast


def _steps(ink: np.ndarray, box: tuple[int, int, int, int], crop: np.ndarray) -> NormalizationSteps:
    pen, thickened, redrawn = _redraw(crop)
    boxed = fit(soften(redrawn, BLUR * max(redrawn.shape)) if thickened or not _is_soft(crop) else crop)
    return NormalizationSteps(ink, box, crop, pen, thickened, boxed, *center(boxed))


def _box(inked: np.ndarray) -> tuple[int, int, int, int]:
    columns, rows = np.flatnonzero(inked.any(axis=0)), np.flatnonzero(inked.any(axis=1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _redraw(crop: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Return the stroke width, the width added by redrawing, both in pixels of the image, and the redrawn crop.

    The points of a stroke are on average a quarter of its width away from its edge. Where strokes merge, it is more: a
    pen too large for its digit is measured as even larger, so that loops that it filled open again.
    """
    height, width = crop.shape
    scale = FINE_SIDE / max(height, width)
    fine = _resize(crop, (max(1, round(width * scale)), max(1, round(height * scale))))
    margin = FINE_SIDE // 10  # for thicker strokes
    inked = np.pad(fine >= min(MIN_EDGE_INK, float(fine.max())), margin)
    depth = _distance(inked) - 0.5  # an edge is halfway between two pixels
    to_image = FITTED_SIDE / FINE_SIDE
    pen = 4 * float(depth[inked].mean()) * to_image
    wanted = min(max(pen, PEN_RANGE[0]), PEN_RANGE[1])
    if wanted == pen or (wanted < pen and _is_soft(crop)):
        return pen, 0.0, crop
    # the box shrinks with the strokes, and is then enlarged to 20 again
    removed = (pen - wanted) / (2 * (1 - wanted / FITTED_SIDE)) / to_image
    if wanted < pen:
        edge = np.minimum(removed, depth.max() - 0.5)  # some ink must remain
        redrawn = np.clip(depth - edge + 0.5, 0, 1)
    else:
        redrawn = np.clip(1 - (_distance(~inked) - 0.5 + removed), 0, 1)
    left, top, right, bottom = _box(redrawn > MIN_EDGE_INK)
    return pen, wanted - pen, redrawn[top:bottom, left:right]


def _distance(inside: np.ndarray) -> np.ndarray:
    """Return each pixel's Euclidean distance to the nearest pixel outside; 0 outside.

    One axis after the other (Felzenszwalb and Huttenlocher, Distance Transforms of Sampled Functions, 2012). The second
    axis is searched only as far as the nearest pixel along a row or a column.
    """
    along, down = _row_distance(inside), _row_distance(inside.T).T
    reach = int(min(np.minimum(along, down).max(), len(inside) - 1))
    squares = along**2
    nearest = squares.copy()
    for step in range(1, reach + 1):
        further = np.float32(step**2)
        np.minimum(nearest[step:], squares[:-step] + further, out=nearest[step:])
        np.minimum(nearest[:-step], squares[step:] + further, out=nearest[:-step])
    distance: np.ndarray = np.sqrt(nearest)
    return distance


def _row_distance(inside: np.ndarray) -> np.ndarray:
    """Return each pixel's distance to the nearest pixel outside in its row, as float32; 1000 or more if none."""
    places = np.arange(inside.shape[1], dtype=np.float32)
    before = np.maximum.accumulate(np.where(inside, np.float32(-1000), places), axis=1)
    after = np.minimum.accumulate(np.where(inside, np.float32(2000), places)[:, ::-1], axis=1)[:, ::-1]
    return np.minimum(places - before, after - places)


def _is_soft(crop: np.ndarray) -> bool:
    """Return whether many of the inked pixels are gray, as in MNIST."""
    inked = crop > 0.1
    return bool(np.count_nonzero(inked & (crop < 0.9)) > SOFT_SHARE * np.count_nonzero(inked))


def soften(crop: np.ndarray, radius: float) -> np.ndarray:
    """Blur the sharp edges of a pen, to be as soft as in MNIST, whose digits were scanned."""
    sharp = np.pad(np.rint(255 * crop).astype(np.uint8), int(3 * radius) + 1)
    levels = Image.fromarray(sharp).filter(ImageFilter.GaussianBlur(radius))
    soft: np.ndarray = np.asarray(levels, np.float32)
    soft = soft / soft.max()
    left, top, right, bottom = _box(soft > MIN_EDGE_INK)
    return soft[top:bottom, left:right]


def fit(crop: np.ndarray, side: int = 0) -> np.ndarray:
    """Resize a crop so that its longer side, or `side` if that is given, becomes 20 pixels."""
    height, width = crop.shape
    scale = FITTED_SIDE / (side or max(height, width))
    return _resize(crop, (max(1, round(width * scale)), max(1, round(height * scale))))


def _resize(ink: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BOX))


def _lay(boxed: np.ndarray, shift: tuple[int, int]) -> np.ndarray:
    image = np.zeros((SIZE, SIZE), np.float32)
    image[shift[1] : shift[1] + boxed.shape[0], shift[0] : shift[0] + boxed.shape[1]] = boxed
    return image


def center(boxed: np.ndarray) -> tuple[tuple[int, int], np.ndarray]:
    """Return the shift that brings the center of mass to the middle, and the image (28, 28)."""
    shift = _shift(boxed)
    return shift, _lay(boxed, shift)


def _shift(boxed: np.ndarray) -> tuple[int, int]:
    """Return the whole-pixel shift of the center of mass to CENTER, limited so that no ink is cut off."""
    height, width = boxed.shape
    column, row = center_of_mass(boxed)
    return min(max(round(CENTER - column), 0), SIZE - width), min(max(round(CENTER - row), 0), SIZE - height)
