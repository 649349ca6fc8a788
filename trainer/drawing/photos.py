"""Detection of digits in a photo, a scan or another picture of paper, in any light."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from trainer import UserError
from trainer.drawing import segments
from trainer.drawing.normalize import MIN_EDGE_INK, NormalizationSteps, find_digits

MAX_BYTES = 5_000_000
MAX_PIXELS = 50_000_000  # of today's phones
MIN_SIDE = 20  # pixels of the shorter side
MAX_WORKING_SIDE = 1000  # pixels of the longer side; larger pictures are shrunk
MIN_WORKING_SIDE = 250  # smaller pictures are enlarged, so that strokes are wider than a pixel
COARSE_SIDE = 200  # pixels of the longer side when the paper's brightness is measured: enough for light and shadow
# The next five are shares of the longer side.
MAX_STROKE_WIDTH = 1 / 5  # anything wider is not a stroke but a shadow or a table
NEIGHBORHOOD = 0.3  # in a neighborhood of this radius, paper covers more than ink
MAX_SPECK = 1 / 80  # anything smaller is dust
MIN_DIGIT_HEIGHT = 1 / 25  # if nothing is taller, there is no digit
MAX_LINE_WIDTH = 1 / 3  # a flat component that is wider is a ruled line
UNLIKELY_FACTOR = 1.3  # the polarity that looks less likely is chosen if its strokes are thinner by this factor
MIN_CONTRAST = 0.15  # of the light that the paper reflects; ink absorbs more
NOISE_FACTOR = 6  # standard deviations of the paper's brightness (its grain, the camera's noise); ink is darker by more
MIN_EDGE_LEVEL = 0.4  # of the light, half of what full ink absorbs; a digit cut off by the picture's edge is darker
MAX_PEN = 9  # pixels of the image; thicker strokes are a spot of light or shadow


@dataclass(frozen=True)
class Photo:
    """A picture, its ink, and the digits found in it."""

    picture: np.ndarray  # (height, width, 3) uint8, upright, its longer side about MIN_WORKING_SIDE to MAX_WORKING_SIDE
    ink: np.ndarray  # (height, width) float32, 0 = paper, 1 = ink
    digits: list[NormalizationSteps]  # in reading order, at least one; boxes in pixels of the picture


def read(content: bytes) -> Photo:
    """Find the digits in a picture, dark on light or light on dark, in even or uneven light.

    content: a PNG or JPEG file of at most MAX_BYTES bytes and MAX_PIXELS pixels. Raises UserError for any other, and if
    no digit is found. The server calls `photo_reader.read`, which limits its time and memory.
    """
    picture = _open(content)
    gray = picture.convert("L").filter(ImageFilter.MedianFilter(3))
    light_ink = _is_light_ink(gray)
    found: list[NormalizationSteps] = []
    best = np.inf
    for image, unlikely in ((gray, light_ink), (ImageOps.invert(gray), not light_ink)):
        ink_found = _clean(*_ink(image))
        if steps_found := [steps for steps in find_digits(ink_found) if steps.pen < MAX_PEN]:
            # the spaces between strokes are thicker for their size than strokes
            thickness = np.average(
                [steps.pen for steps in steps_found], weights=[steps.crop.sum() for steps in steps_found]
            )
            thickness *= UNLIKELY_FACTOR if unlikely else 1
            if thickness < best:
                best, found, ink = thickness, steps_found, ink_found
    if not found:
        raise UserError(
            "A picture must show digits on plain paper (none was found): write them large with a dark pen, leave some "
            "paper around them, and keep the shadow of your hand off the paper."
        )
    return Photo(np.asarray(picture), ink, found)


def _open(content: bytes) -> Image.Image:
    """Decode a file at its working size, turn it upright, and put paper behind transparent parts."""
    if len(content) > MAX_BYTES:
        raise UserError(
            f"A picture must have at most {MAX_BYTES // 10**6} MB (got {len(content) / 1e6:.1f} MB): save it smaller."
        )
    try:
        image: Image.Image = Image.open(BytesIO(content), formats=["PNG", "JPEG"])
        width, height = image.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UserError(_too_large("far more")) from error
    except Exception as error:  # for a damaged header Pillow may raise anything
        raise UserError(
            "A picture must be a PNG or JPEG file (got something else): save it in one of these formats."
        ) from error
    if width * height > MAX_PIXELS:
        raise UserError(_too_large(f"{width} x {height}"))
    if min(width, height) < MIN_SIDE:
        raise UserError(
            f"A picture must have at least {MIN_SIDE} pixels a side (got {width} x {height}): choose a larger one."
        )
    try:
        return _decode(image)
    except MemoryError:
        raise
    except Exception as error:  # as above
        raise UserError("A picture must be a complete PNG or JPEG file (got a damaged one): save it again.") from error


def _decode(image: Image.Image) -> Image.Image:
    if image.mode in ("1", "P"):  # modes that cannot be shrunk smoothly
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    elif image.mode.startswith("I"):  # 16 bits of gray
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data and image.width * image.height > MAX_PIXELS / 4:  # shrinking needs a copy
        image = image.resize((image.width // 2, image.height // 2), Image.Resampling.NEAREST)
    # reducing_gap decodes a JPEG at a half, a quarter or an eighth
    image.thumbnail((MAX_WORKING_SIDE, MAX_WORKING_SIDE), reducing_gap=1)
    image = ImageOps.exif_transpose(image)
    if max(image.size) < MIN_WORKING_SIDE:
        image = ImageOps.scale(image, -(-MIN_WORKING_SIDE // max(image.size)))
    return _on_paper(image).convert("RGB")


def _too_large(got: str) -> str:
    return f"A picture must have at most {MAX_PIXELS // 10**6} million pixels (got {got}): save it smaller."


def _on_paper(image: Image.Image) -> Image.Image:
    """Put white behind dark ink and black behind light ink, if the paper is transparent."""
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    gray, alpha = np.asarray(image.convert("L"), np.float64), np.asarray(image.getchannel("A"), np.float64)
    light = (gray * alpha).sum() > 127 * alpha.sum()
    paper = Image.new("RGBA", image.size, (0, 0, 0, 255) if light else (255, 255, 255, 255))
    paper.alpha_composite(image)
    return paper


def _ink(image: Image.Image) -> tuple[np.ndarray, float]:
    """Return the dark ink of each pixel, in any light, and the share of light that half of full ink absorbs."""
    absorbed = 1 - np.asarray(image, np.float32) / np.maximum(_paper(image), 1)
    middle = float(np.median(absorbed))
    noise = 1.4826 * float(np.median(np.abs(absorbed - middle)))  # as for a normal distribution
    level = floor = middle + max(MIN_CONTRAST, NOISE_FACTOR * noise)
    # towards half of what ink absorbs, the darkest counting most: the lines of ruled paper fall below it
    for _ in range(10):
        inked = absorbed[absorbed > level]
        if not len(inked):
            return np.zeros(absorbed.shape, np.float32), level
        level = max(floor, float((inked**3).sum() / (inked**2).sum()) / 2)
    ink: np.ndarray = np.clip((absorbed - middle) / (level - middle) - 0.5, 0, 1).astype(np.float32)
    # faint pixels count only as the soft edge of a stroke
    stroke = Image.fromarray(((ink >= 0.5) * 255).astype(np.uint8)).filter(ImageFilter.MaxFilter(5))
    return ink * (np.asarray(stroke) > 0), level


def _is_light_ink(gray: Image.Image) -> bool:
    """Return whether the ink seems lighter than the paper, which covers most of any neighborhood."""
    small = _coarse(gray)
    around = small.filter(ImageFilter.BoxBlur(NEIGHBORHOOD * max(small.size)))
    differs = np.asarray(small, np.float64) - np.asarray(around, np.float64)
    return bool((differs**3).sum() > 0)


def _paper(image: Image.Image) -> np.ndarray:
    """Return the brightness of the paper behind dark strokes: a closing, which keeps the edges of shadows sharp."""
    small = _coarse(image)
    for shift in (ImageFilter.MaxFilter(3), ImageFilter.MinFilter(3)):
        for _ in range(
            max(1, round(MAX_STROKE_WIDTH * max(small.size) / 2))
        ):  # each filter reaches one pixel to either side
            small = small.filter(shift)
    small = small.filter(ImageFilter.MinFilter(3))  # enlarging blurs edges, which must not look like ink
    return np.asarray(small.resize(image.size, Image.Resampling.BILINEAR), np.float32)


def _coarse(image: Image.Image) -> Image.Image:
    scale = min(1, COARSE_SIDE / max(image.size))
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BOX)


def _clean(ink: np.ndarray, level: float) -> np.ndarray:
    """Remove dust, ruled lines, shadows cut off by the picture's edge, and specks far from every digit."""
    labels = segments.connected_components(ink > MIN_EDGE_INK)
    low, high = segments.bounding_boxes(labels)
    longest = max(ink.shape)
    across, down = (high - low).T
    keep = (np.maximum(across, down) > MAX_SPECK * longest) & (
        (across < 10 * down) | (across < MAX_LINE_WIDTH * longest)
    )
    inside = keep & (low > 0).all(axis=1) & (high < ink.shape[::-1]).all(axis=1)
    if inside.any() or level < MIN_EDGE_LEVEL:
        keep = inside
    if not (keep & (down > MIN_DIGIT_HEIGHT * longest)).any():
        return np.zeros_like(ink)
    keep[0] = True  # faint edges
    clean = ink * keep[labels]
    return np.where((segments.label_digits(clean > MIN_EDGE_INK) > 0) | (clean <= MIN_EDGE_INK), clean, np.float32(0))
