"""Images as PNG, JPEG or SVG files and as data URLs, for light and dark themes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from trainer.figures.palette import BLUE, NEUTRAL, VERMILLION

MARGIN = 8, 18  # horizontal and vertical pixels around a test digit; the prediction is below it
COLUMNS = 8


def marked_digits(
    images: np.ndarray, labels: Sequence[int], predictions: Sequence[int] | None = None, names: bool = True
) -> Markup:
    """Draw test images in rows of 8, each with its prediction below and a blue tick or a vermillion cross.

    images: (n, 28, 28) uint8, or in color (n, height, width, 3). Without `predictions` the space below stays empty.
    Without `names` only the marks are drawn, for data sets whose class names are too long.
    """
    high, wide = images.shape[1:3]
    across, down = wide + MARGIN[0], high + MARGIN[1]
    channels = 3 if images.ndim == 4 else 1
    sheet = np.zeros((down * -(-len(images) // COLUMNS), across * COLUMNS, channels + 1), np.uint8)  # and opacity
    marks = []
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        x, y = place % COLUMNS * across + MARGIN[0] // 2, place // COLUMNS * down + 2
        sheet[y : y + high, x : x + wide] = np.dstack([image, np.full((high, wide), 255, np.uint8)])
        if predictions is not None:
            right = predictions[place] == label
            sign, color = ("m0-3l2.5 3 5-7", BLUE) if right else ("m0-7l6 7m0-7l-6 7", VERMILLION)
            marks.append(
                Markup('<g class="{}">{}<path d="M{} {}{}" fill="none" stroke="{}" {}/></g>').format(
                    "right" if right else "wrong",
                    Markup('<text x="{}" y="{}">{}</text>').format(x + wide // 2 - 4, y + high + 11, predictions[place])
                    if names
                    else "",
                    x + wide // 2 + 2,
                    y + high + 11,
                    sign,
                    color,
                    Markup('stroke-width="1.8" stroke-linecap="round"'),
                )
            )
    height, width, _ = sheet.shape
    pixels = data_url(sheet)
    return svg(
        width,
        height,
        Markup('<image width="{}" height="{}" href="{}" style="image-rendering: pixelated"/>{}').format(
            width, height, pixels, svg_text(Markup().join(marks))
        ),
    )


def drawing_png(image: np.ndarray) -> bytes:
    """Return a grayscale image, (height, width) float 0..1, as a PNG file, enlarged 4 times: white ink on black."""
    return png(Image.fromarray(_levels(image).repeat(4, 0).repeat(4, 1)))


def sprite_url(images: NDArray[np.uint8], columns: int, quality: int = 0) -> str:
    """Return images side by side, row by row, as one data URL, from which CSS shows single images.

    images: (n, height, width) or (n, height, width, 3) uint8. With `quality`, 1 to 95, a JPEG, else a PNG. The rest of
    the last row is black.
    """
    number, height, width = images.shape[:3]
    columns = max(1, min(columns, number))
    rows = max(1, -(-number // columns))
    sheet = np.zeros((rows * columns, *images.shape[1:]), np.uint8)
    sheet[:number] = images
    picture = sheet.reshape(rows, columns, *images.shape[1:]).swapaxes(1, 2)
    picture = picture.reshape(rows * height, columns * width, *images.shape[3:])
    file, kind = BytesIO(), "jpeg" if quality else "png"
    Image.fromarray(np.ascontiguousarray(picture)).save(file, kind, **({"quality": quality} if quality else {}))
    return file_url(file.getvalue(), kind)


# --- files and URLs -------------------------------------------------------------------------------------------


def png(image: Image.Image) -> bytes:
    """Return an image as a PNG file, with low compression for speed."""
    file = BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def data_url(image: Image.Image | np.ndarray) -> str:
    """Return an image as a PNG data URL.

    Arrays: (height, width) or (height, width, channels), uint8, or float with 0 black and 1 white.
    """
    if isinstance(image, np.ndarray):
        levels = _levels(image) if np.issubdtype(image.dtype, np.floating) else image
        image = Image.fromarray(np.ascontiguousarray(levels))
    return file_url(png(image))


def file_url(content: bytes, kind: str = "png") -> str:
    """Return an image file as a data URL. kind: "png", "jpeg" or "svg+xml"."""
    return f"data:image/{kind};base64,{b64encode(content).decode()}"


def svg(width: float, height: float, content: Markup) -> Markup:
    """Return an SVG image with a size in its own units."""
    return Markup('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {:g} {:g}">{}</svg>').format(
        width, height, content
    )


def svg_url(picture: Markup) -> str:
    """Return an SVG image as a data URL."""
    return file_url(picture.encode(), "svg+xml")


def svg_text(content: Markup) -> Markup:
    """Return SVG text elements as a group in the app's font and text color."""
    return Markup('<g font-family="sans-serif" font-size="12" text-anchor="middle" fill="{}">{}</g>').format(
        NEUTRAL, content
    )


def _levels(image: np.ndarray) -> NDArray[np.uint8]:
    return np.asarray((np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8))
