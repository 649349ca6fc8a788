"""Images as PNG, JPEG or SVG and as data URLs, for a light and a dark page alike."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from trainer.figures.palette import BLUE, NEUTRAL, VERMILLION

MARGIN = 8, 18  # pixels across and down for a test digit besides its own: what is said of it stands below
COLUMNS = 8


def test_digits(
    images: np.ndarray, labels: Sequence[int], reads: Sequence[int] | None = None, digits: bool = True
) -> Markup:
    """Draw test digits in rows of 8 and below each what the network says, with a blue tick or a vermillion cross.

    `images`: (n, 28, 28) uint8, or in colour (n, height, width, 3). Without `reads` nothing is below them, and all have
    the same place. Without `digits` the marks stand alone: words would find no room.
    """
    high, wide = images.shape[1:3]
    across, down = wide + MARGIN[0], high + MARGIN[1]
    channels = 3 if images.ndim == 4 else 1
    sheet = np.zeros((down * -(-len(images) // COLUMNS), across * COLUMNS, channels + 1), np.uint8)  # and opacity
    marks = []
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        x, y = place % COLUMNS * across + MARGIN[0] // 2, place // COLUMNS * down + 2
        sheet[y : y + high, x : x + wide] = np.dstack([image, np.full((high, wide), 255, np.uint8)])
        if reads is not None:
            right = reads[place] == label
            sign, color = ("m0-3l2.5 3 5-7", BLUE) if right else ("m0-7l6 7m0-7l-6 7", VERMILLION)
            marks.append(
                Markup('<g class="{}">{}<path d="M{} {}{}" fill="none" stroke="{}" {}/></g>').format(
                    "right" if right else "wrong",
                    Markup('<text x="{}" y="{}">{}</text>').format(x + wide // 2 - 4, y + high + 11, reads[place])
                    if digits
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


def drawing_picture(image: np.ndarray) -> bytes:
    """Draw a grey image, (height, width) float 0..1, as PNG: white ink on black paper, each pixel 4 x 4."""
    return png(Image.fromarray(_levels(image).repeat(4, 0).repeat(4, 1)))


def sprites(images: NDArray[np.uint8], columns: int, quality: int = 0) -> str:
    """Lay images side by side, row after row, and return the picture as a data URL; a page cuts it into pieces again.

    images: (n, height, width) or (n, height, width, 3) uint8. With `quality`, 1 to 95, it is a JPEG, else a PNG. The
    free places of the last row are black.
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
    """Return an image as the content of a PNG file, compressed little so that it is written fast."""
    file = BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def data_url(image: Image.Image | np.ndarray) -> str:
    """Return an image as a PNG's data URL.

    An array is (height, width) or (height, width, channels): uint8, or float of which 0 is black and 1 white.
    """
    if isinstance(image, np.ndarray):
        levels = _levels(image) if np.issubdtype(image.dtype, np.floating) else image
        image = Image.fromarray(np.ascontiguousarray(levels))
    return file_url(png(image))


def file_url(content: bytes, kind: str = "png") -> str:
    """Return the content of an image file as a data URL. `kind`: "png", "jpeg" or "svg+xml"."""
    return f"data:image/{kind};base64,{b64encode(content).decode()}"


def svg(width: float, height: float, content: Markup) -> Markup:
    """Return an SVG picture of a size in its own units."""
    return Markup('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {:g} {:g}">{}</svg>').format(
        width, height, content
    )


def svg_url(picture: Markup) -> str:
    """Return an SVG picture as a data URL."""
    return file_url(picture.encode(), "svg+xml")


def svg_text(content: Markup) -> Markup:
    """Return SVG text elements as a group in the pictures' one font and colour."""
    return Markup('<g font-family="sans-serif" font-size="12" text-anchor="middle" fill="{}">{}</g>').format(
        NEUTRAL, content
    )


def _levels(image: np.ndarray) -> NDArray[np.uint8]:
    return np.asarray((np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8))
