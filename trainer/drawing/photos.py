"""Digits on paper, photographed, scanned or saved by another program: a file in, ink and digits out."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from trainer import UserError
from trainer.drawing import segments
from trainer.drawing.normalize import FAINTEST_EDGE, Steps, digits

BYTES = 5_000_000
PIXELS = 16_000_000
SMALLEST = 20  # pixels of the shorter side
LONGEST = 1000  # pixels of the longer side that a picture is shrunk to
LEAST = 250  # and to which it is enlarged: its strokes are wider than a pixel
COARSE = 200  # and those at which the paper's brightness is looked at: enough for light and shadow
STROKE = 1 / 5  # of the longer side; what is wider is no stroke but a shadow or a table
AROUND = 0.3  # of the longer side; the neighbourhood on either side of which paper has the larger part
DOUBT = 1.3  # times thinner must strokes be than those of light ink to be dark where light is likely, or the reverse
FAINTEST = 0.15  # of the light that the paper gives back; ink takes more of it
NOISE = 6  # standard deviations of the paper's brightness, its grain and the camera's; ink is darker by more
SPECK = 1 / 80  # of the longer side; what is smaller is dust
SMALL = 1 / 25  # of the longer side; where nothing is higher there is no digit
CUT = 0.4  # of the light, half of what full ink takes; what the picture's edge cuts off must be so black to be a digit
BLOT = 9  # pixels of the image; thicker strokes are a spot of light or shadow

_decoding = threading.Lock()  # a large picture takes up to 100 MB for a moment: a class sends many at once


@dataclass(frozen=True)
class Photo:
    """What was found in a picture."""

    picture: np.ndarray  # (height, width, 3) uint8, upright, its longer side LEAST to LONGEST pixels or a little more
    ink: np.ndarray  # (height, width) float32, 0 = paper, 1 = ink
    digits: list[Steps]  # in reading order, at least one; boxes in pixels of the picture


def read(content: bytes) -> Photo:
    """Find the digits in a picture, dark on light or light on dark, in even light or not.

    `content`: a PNG or JPEG file of at most BYTES bytes and PIXELS pixels. Raises UserError for any other, and where
    there is nothing to read.
    """
    picture = _open(content)
    grey = picture.convert("L").filter(ImageFilter.MedianFilter(3))
    light = _is_light(grey)
    found: list[Steps] = []
    best = np.inf
    for image, doubt in ((grey, light), (ImageOps.invert(grey), not light)):
        tried = _clean(*_ink(image))
        if there := [steps for steps in digits(tried) if steps.pen < BLOT]:
            # what lies between strokes is thicker for its size than strokes are
            thickness = np.average([steps.pen for steps in there], weights=[steps.crop.sum() for steps in there])
            thickness *= DOUBT if doubt else 1
            if thickness < best:
                best, found, ink = thickness, there, tried
    if not found:
        raise UserError(
            "A picture must show digits on plain paper (none was found): write them large with a dark pen, leave some "
            "paper around them, and let no shadow of the hand fall on it."
        )
    return Photo(np.asarray(picture), ink, found)


def _open(content: bytes) -> Image.Image:
    """Decode a file, no larger than it must be, turn it upright and lay it on paper where it is transparent."""
    if len(content) > BYTES:
        raise UserError(
            f"A picture must have at most {BYTES // 10**6} MB (got {len(content) / 1e6:.1f} MB): save it smaller."
        )
    try:
        image: Image.Image = Image.open(BytesIO(content), formats=["PNG", "JPEG"])
        width, height = image.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UserError(_too_large("far more")) from error
    except Exception as error:  # from a damaged header Pillow may raise anything
        raise UserError("A picture must be a PNG or JPEG file (got something else): save it as one of them.") from error
    if width * height > PIXELS:
        raise UserError(_too_large(f"{width} x {height}"))
    if min(width, height) < SMALLEST:
        raise UserError(
            f"A picture must have at least {SMALLEST} pixels a side (got {width} x {height}): take a larger one."
        )
    try:
        with _decoding:
            return _decode(image)
    except Exception as error:  # as above
        raise UserError("A picture must be a whole PNG or JPEG file (got a damaged one): save it again.") from error


def _decode(image: Image.Image) -> Image.Image:
    if image.mode in ("1", "P"):  # these cannot be shrunk smoothly
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    elif image.mode.startswith("I"):  # 16 bits of grey
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data and image.width * image.height > PIXELS / 4:  # shrinking it takes a copy
        image = image.resize((image.width // 2, image.height // 2), Image.Resampling.NEAREST)
    image.thumbnail((LONGEST, LONGEST), reducing_gap=1)  # a JPEG is decoded at half, a quarter or an eighth
    image = ImageOps.exif_transpose(image)
    if max(image.size) < LEAST:
        image = ImageOps.scale(image, -(-LEAST // max(image.size)))
    return _on_paper(image).convert("RGB")


def _too_large(got: str) -> str:
    return f"A picture must have at most {PIXELS // 10**6} million pixels (got {got}): save it smaller."


def _on_paper(image: Image.Image) -> Image.Image:
    """Lay dark ink on white and light ink on black, where the paper is transparent."""
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    grey, alpha = np.asarray(image.convert("L"), np.float64), np.asarray(image.getchannel("A"), np.float64)
    light = (grey * alpha).sum() > 127 * alpha.sum()
    paper = Image.new("RGBA", image.size, (0, 0, 0, 255) if light else (255, 255, 255, 255))
    paper.alpha_composite(image)
    return paper


def _ink(image: Image.Image) -> tuple[np.ndarray, float]:
    """Return how much dark ink each pixel holds, whatever light fell on it, and how much half of full ink takes."""
    taken = 1 - np.asarray(image, np.float32) / np.maximum(_paper(image), 1)
    middle = float(np.median(taken))
    noise = 1.4826 * float(np.median(np.abs(taken - middle)))  # as for a normal distribution
    level = floor = middle + max(FAINTEST, NOISE * noise)
    for _ in range(10):  # to half of what ink takes, the darkest counting most: the lines of ruled paper fall below it
        inked = taken[taken > level]
        if not len(inked):
            return np.zeros(taken.shape, np.float32), level
        level = max(floor, float((inked**3).sum() / (inked**2).sum()) / 2)
    ink: np.ndarray = np.clip((taken - middle) / (level - middle) - 0.5, 0, 1).astype(np.float32)
    # what is faint counts only as the soft edge of a stroke
    stroke = Image.fromarray(((ink >= 0.5) * 255).astype(np.uint8)).filter(ImageFilter.MaxFilter(5))
    return ink * (np.asarray(stroke) > 0), level


def _is_light(grey: Image.Image) -> bool:
    """Tell whether the ink seems to be lighter than the paper, which has the larger part of any neighbourhood."""
    small = _coarse(grey)
    around = small.filter(ImageFilter.BoxBlur(AROUND * max(small.size)))
    differs = np.asarray(small, np.float64) - np.asarray(around, np.float64)
    return bool((differs**3).sum() > 0)


def _paper(image: Image.Image) -> np.ndarray:
    """Return how bright the paper is behind dark strokes: a closing, which keeps the edges of shadows sharp."""
    small = _coarse(image)
    for shift in (ImageFilter.MaxFilter(3), ImageFilter.MinFilter(3)):
        for _ in range(max(1, round(STROKE * max(small.size) / 2))):  # each takes a pixel on either side
            small = small.filter(shift)
    small = small.filter(ImageFilter.MinFilter(3))  # enlarged, an edge is not so sharp: no ink must show beside it
    return np.asarray(small.resize(image.size, Image.Resampling.BILINEAR), np.float32)


def _coarse(image: Image.Image) -> Image.Image:
    scale = min(1, COARSE / max(image.size))
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BOX)


def _clean(ink: np.ndarray, level: float) -> np.ndarray:
    """Remove dust, ruled lines, shadows that the picture's edge cuts off, and specks far from every digit."""
    labels = segments.components(ink > FAINTEST_EDGE)
    low, high = segments.boxes(labels)
    longest = max(ink.shape)
    across, down = (high - low).T
    kept = (np.maximum(across, down) > SPECK * longest) & ((across < 10 * down) | (across < longest / 3))
    whole = kept & (low > 0).all(axis=1) & (high < ink.shape[::-1]).all(axis=1)
    if whole.any() or level < CUT:
        kept = whole
    if not (kept & (down > SMALL * longest)).any():
        return np.zeros_like(ink)
    kept[0] = True  # the faint edges
    clean = ink * kept[labels]
    return np.where((segments.split(clean > FAINTEST_EDGE) > 0) | (clean <= FAINTEST_EDGE), clean, np.float32(0))
