"""Data in, picture out: SVG text or PNG bytes, for a light and a dark page alike."""

from __future__ import annotations

import base64
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image

from trainer.charts import BLUE, GREY, NEUTRAL, ORANGE, SKY, VERMILLION
from trainer.digit import SIZE
from trainer.layers import Layer, Row

MARGIN = 8, 18  # pixels across and down for a test digit besides its own: what is said of it stands below
COLUMNS = 8


def test_digits(
    images: np.ndarray, labels: Sequence[int], reads: Sequence[int] | None = None, digits: bool = True
) -> str:
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
                f'<g class="{"right" if right else "wrong"}">'
                + (f'<text x="{x + wide // 2 - 4}" y="{y + high + 11}">{reads[place]}</text>' if digits else "")
                + f'<path d="M{x + wide // 2 + 2} {y + high + 11}{sign}" fill="none" stroke="{color}" '
                'stroke-width="1.8" stroke-linecap="round"/></g>'
            )
    height, width, _ = sheet.shape
    pixels = data_url(Image.fromarray(sheet))
    return _svg(
        width,
        height,
        f'<image width="{width}" height="{height}" href="{pixels}" '
        f'style="image-rendering: pixelated"/>{_texts("".join(marks))}',
    )


def weight_sheet(weights: np.ndarray, scale: float | None = None) -> bytes:
    """Draw images of weights side by side as PNG: positive blue, negative vermillion, the stronger the more opaque.

    `weights`: (n, height, width). What has the size `scale` is opaque; without it the largest of them.
    """
    across, gap, room = 8, 4, 480  # images in a row, pixels between them, pixels across
    number, height, width = weights.shape
    strength = np.nan_to_num(np.asarray(weights, np.float32))
    if not scale or not np.isfinite(scale):  # in a training whose weights grew beyond all numbers
        scale = float(abs(strength).max(initial=0.0)) or 1.0
    whole = max(1, (room // across - gap) // width)  # screen pixels a weight, so that its edges stay sharp
    colors = np.rint(np.clip(strength / scale, -1, 1) * 127 + 127).astype(np.uint8)
    colors = colors.repeat(whole, 1).repeat(whole, 2)
    cells = (-(-max(number, 1) // across) * across, height * whole + gap, width * whole + gap)
    framed = np.full(cells, 127, np.uint8)
    framed[:number, 1 : 3 + height * whole, 1 : 3 + width * whole] = 255
    framed[:number, 2 : 2 + height * whole, 2 : 2 + width * whole] = colors
    sheet = framed.reshape(-1, across, *cells[1:]).swapaxes(1, 2).reshape(-1, across * cells[2])
    image = Image.fromarray(np.ascontiguousarray(sheet))
    # 0 is the most negative weight, 127 is nothing, 254 the most positive, and 255 the frame.
    image.putpalette([*rgb(VERMILLION) * 127, *rgb(BLUE) * 128, *rgb(NEUTRAL)])
    return png(image, transparency=bytes([*(min(255, 2 * abs(127 - color)) for color in range(255)), 90]))


def drawing_picture(image: np.ndarray) -> bytes:
    """Draw an image that met a network, (28, 28) float32, as PNG: white ink on black paper, each pixel 4 wide."""
    grey = (np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8)
    return png(Image.fromarray(grey.repeat(4, 0).repeat(4, 1)))


# --- a network ------------------------------------------------------------------------------------------------

WIDE, HIGH, MIDDLE = 450, 200, 80  # of the whole picture, and how far down its axis lies
SHOWN = 12  # units of a dense layer, at most, that are drawn
COLORS = {"blue": BLUE, "sky": SKY, "orange": ORANGE, "neutral": NEUTRAL}
PITCH = 12.5  # from unit to unit
SHEET, STEP, SLOPE = 0.42, 3, 0.3  # a sheet's width for its height, from sheet to sheet, and how far its edge falls


@dataclass
class _Piece:
    """What stands for a layer in the picture; its place is known once all of them are."""

    kind: str  # sheets, bar, units or mark
    layer: Layer | None  # None: the image that goes in
    shape: tuple[int, ...]
    width: float
    gap: float  # before it, at least
    left: float = 0.0

    @property
    def height(self) -> float:
        if self.kind == "sheets":
            return 18 + 70 * math.pow(self.shape[0] / SIZE, 0.7)
        return PITCH * (min(self.shape[0], SHOWN) - 1) + 10

    @property
    def sheets(self) -> int:
        return 1 + round(1.2 * math.log2(self.shape[2])) if len(self.shape) == 3 else 1

    @property
    def sheet(self) -> float:
        """How wide one sheet of the stack is."""
        return self.width / (1 + STEP * (self.sheets - 1) / (SHEET * self.height))

    @property
    def units(self) -> list[float]:
        """How far down each unit lies that is drawn; where there are too many, those in the middle are left out."""
        number = min(self.shape[0], SHOWN)
        places = [place for place in range(number) if self.shape[0] <= SHOWN or place not in (5, 6)]
        return [MIDDLE + PITCH * (place - (number - 1) / 2) for place in places]


def network_picture(table: Sequence[Row]) -> str:
    """Draw a network from its layer table: images as stacks of sheets, lists of numbers as columns of units.

    A sheet is as high as its image, a stack as deep as it has channels. What neither changes the shape nor mixes the
    numbers is a thin mark. However many layers there are, the picture has one size.
    """
    image = _Piece("sheets", None, table[0].input_shape, SHEET * 88, 0)
    pieces = _placed([image, *(_piece(row) for row in table if not row.layer.hidden)])
    mains = [piece for piece in pieces if piece.kind != "mark"]
    crowded = len(mains) > 9
    pairs = list(itertools.pairwise(mains))
    joints = "".join(_joint(a, b, crowded) for a, b in pairs if b.kind != "sheets")
    patches = "".join(_patch(a, b) for a, b in pairs if b.kind == "sheets")
    shapes, height = "", 0.0
    for piece in pieces:
        if piece.kind != "mark":  # a mark is as high as what it stands beside
            height = piece.height
        shapes += _drawn(piece, height, piece is pieces[-1])
    return _svg(
        WIDE,
        HIGH,
        f'<g fill="none" stroke="{NEUTRAL}" stroke-width="0.6">{joints}</g>{shapes}'
        f'<g fill="none" stroke="{ORANGE}" stroke-width="0.9">{patches}</g>'
        f"{_texts(_labels(mains))}",
    )


def _piece(row: Row) -> _Piece:
    shape = row.output_shape
    match row.layer.drawn_as:
        case "bar":
            return _Piece("bar", row.layer, shape, 7, 24)
        case "units":
            return _Piece("units", row.layer, shape, 11, 30)
        case "sheets":
            piece = _Piece("sheets", row.layer, shape, 0, 20)
            piece.width = SHEET * piece.height + STEP * (piece.sheets - 1)
            return piece
    return _Piece("mark", row.layer, shape, 4, 4)


def _color(piece: _Piece) -> str:
    return COLORS[piece.layer.color] if piece.layer else BLUE


def _placed(pieces: list[_Piece]) -> list[_Piece]:
    """Give the pieces their places: nearer to each other and narrower until all have room, else further apart."""
    edge, digits = 12, 16  # free at either side, and for the digits beside the last units
    room = WIDE - 2 * edge - digits
    wanted = sum(piece.gap + piece.width for piece in pieces)
    narrower = min(1.0, room / wanted)
    mains = sum(piece.kind != "mark" for piece in pieces) - 1
    wider = min(90.0, max(0.0, room - wanted) / mains)
    x = edge + max(0.0, room - wanted - wider * mains) / 2
    for place, piece in enumerate(pieces):
        x += piece.gap * narrower + (wider if place and piece.kind != "mark" else 0)
        piece.left, piece.width = x, piece.width * narrower
        x += piece.width
    return pieces


def _drawn(piece: _Piece, height: float, last: bool) -> str:
    x, width, top = piece.left, piece.width, MIDDLE - height / 2
    if piece.kind == "sheets":
        return _sheets(piece)
    if piece.kind == "bar":
        return f'<rect x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2" fill="{GREY}"/>'
    if piece.kind == "units":
        return _units(piece, last)
    dashes = ' stroke-dasharray="2 3"' if piece.layer and piece.layer.training_only else ""
    color = _color(piece)
    line = f"M{x + width / 2:.1f} {MIDDLE - 0.4 * height:.1f}v{0.8 * height:.1f}"
    return f'<path d="{line}" stroke="{color}" stroke-width="{max(1, width / 2):.1f}"{dashes}/>'


def _sheets(piece: _Piece) -> str:
    """Draw a stack of sheets, turned so that one looks along it; the first one lies in front."""
    number, width, height = piece.sheets, piece.sheet, piece.height
    step = (piece.width - width) / max(1, number - 1)
    slope = SLOPE * width
    color = _color(piece)
    face = f"l{width:.1f} {-slope:.1f}v{height:.1f}l{-width:.1f} {slope:.1f}z"
    top = MIDDLE - height / 2 + slope / 2
    stack = [f"M{piece.left + place * step:.1f} {top:.1f}{face}" for place in reversed(range(number))]
    if piece.layer is None:
        pen = f"matrix({width / SIZE:.3f} {-slope / SIZE:.3f} 0 {height / SIZE:.3f} {piece.left:.1f} {top:.1f})"
        return (
            f'<path d="{stack[0]}" stroke="{NEUTRAL}"/><path transform="{pen}" d="M8 8h12l-7 13" fill="none" '
            'stroke="#fff" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/>'
        )
    paths = "".join(f'<path d="{sheet}"/>' for sheet in stack)
    return f'<g fill="{color}" fill-opacity="0.18" stroke="{color}" stroke-width="0.9">{paths}</g>'


def _units(piece: _Piece, last: bool) -> str:
    x = piece.left + piece.width / 2
    radius = min(4.8, 0.45 * piece.width)
    circles = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>' for y in piece.units)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{MIDDLE + dy}" r="1"/>' for dy in (-5, 0, 5))
    color = _color(piece)
    drawn = f'<g fill="{color}" fill-opacity="{1 if last else 0.35}" stroke="{color}" stroke-width="0.9">{circles}</g>'
    if piece.shape[0] > SHOWN:
        drawn += f'<g fill="{NEUTRAL}">{dots}</g>'
    if last:
        digits = "".join(
            f'<text x="{x + 13:.1f}" y="{y + 4:.1f}">{digit}</text>' for digit, y in enumerate(piece.units)
        )
        drawn += _texts(digits)
    return drawn


def _joint(a: _Piece, b: _Piece, crowded: bool) -> str:
    """Hint at everything of a piece meeting everything of the next."""
    begin, end = a.left + a.width, b.left
    if a.kind == "sheets" or crowded:
        slope = SLOPE * a.sheet if a.kind == "sheets" else 0
        edges = [(sign * a.height / 2 - slope / 2, sign * b.height / 2) for sign in (-1, 1)]
        lines = "".join(f"M{begin:.1f} {MIDDLE + y:.1f}L{end:.1f} {MIDDLE + to:.1f}" for y, to in edges)
        return f'<path d="{lines}" opacity="0.6"/>'
    begins = a.units if a.kind == "units" else [MIDDLE + a.height * (place / 9 - 0.5) for place in range(10)]
    lines = "".join(f"M{begin:.1f} {y:.1f}L{end:.1f} {to:.1f}" for y in begins for to in b.units)
    return f'<path d="{lines}" opacity="0.3"/>'


def _patch(a: _Piece, b: _Piece) -> str:
    """Draw the patch of the front sheet that a convolution or a pooling looks at, and where it comes to lie."""
    across = getattr(b.layer, "kernel_size", 0) or getattr(b.layer, "pool_size", 0)
    share = min(1.0, across / a.shape[0])
    w, h = share * a.sheet, share * a.height
    x, y, slope = a.left + 0.55 * (a.sheet - w), MIDDLE - 0.25 * (a.height - h) - h / 2, SLOPE * w
    to_x, to_y = b.left + 0.3 * b.sheet, MIDDLE - 0.1 * b.height
    corners = f"M{x:.1f} {y:.1f}l{w:.1f} {-slope:.1f}v{h:.1f}l{-w:.1f} {slope:.1f}z"
    rays = f"M{x + w:.1f} {y - slope:.1f}L{to_x:.1f} {to_y:.1f}L{x + w:.1f} {y - slope + h:.1f}"
    return f'<path d="{corners}{rays}"/>'


def _labels(mains: Sequence[_Piece]) -> str:
    """Write what comes out beneath the pieces, as far as there is room; the first and the last go before."""
    taken: list[tuple[float, float]] = []
    texts = []
    for piece in [mains[0], mains[-1], *mains[1:-1]]:
        below = getattr(piece.layer, "activation", "") if piece.kind == "units" else ""
        lines = [
            "×".join(f"{size:,}" for size in piece.shape[:2]),
            "".join(f"×{size}" for size in piece.shape[2:]) or below,
        ]
        half = 3.1 * max(map(len, lines)) + 2
        x = min(max(piece.left + piece.width / 2, half), WIDE - half)
        if all(x + half <= begin or end <= x - half for begin, end in taken):
            taken.append((x - half, x + half))
            texts += [
                f'<text x="{x:.1f}" y="{HIGH - 20 + 13 * n}">{line}</text>' for n, line in enumerate(lines) if line
            ]
    return "".join(texts)


# --- small things ---------------------------------------------------------------------------------------------


def rgb(color: str) -> tuple[int, int, int]:
    """Return the three parts, 0 to 255, of a color such as #0072B2."""
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


def png(image: Image.Image, **options: bytes) -> bytes:
    """Return an image as a PNG file, written fast."""
    file = BytesIO()
    image.save(file, "PNG", compress_level=1, **options)
    return file.getvalue()


def data_url(image: Image.Image, **options: bytes) -> str:
    """Return an image as the URL of a PNG that holds it."""
    return f"data:image/png;base64,{base64.b64encode(png(image, **options)).decode()}"


def _svg(width: float, height: float, content: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">{content}</svg>'


def _texts(content: str) -> str:
    return f'<g font-family="sans-serif" font-size="12" text-anchor="middle" fill="{NEUTRAL}">{content}</g>'
