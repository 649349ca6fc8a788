"""Diagram of a network's layers as SVG, for the light and the dark theme; a sketch fills it with weights and values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from trainer.config.layer import Layer
from trainer.config.layer_table import LayerRow
from trainer.config.limits import choice_label
from trainer.drawing.normalize import SIZE
from trainer.figures.images import data_url, svg, svg_text
from trainer.figures.palette import BLUE, GRAY, NEUTRAL, ORANGE, SKY, VERMILLION
from trainer.networks.sketch import ENDS, MAX_UNITS, drawn_sheets, drawn_units

WIDTH, HEIGHT, AXIS_Y = 450, 200, 80  # of the diagram, and of its horizontal axis
EDGE_LEVELS = 4  # of the strength of a connection; weaker than the first are not drawn
COLORS = {"blue": BLUE, "sky": SKY, "orange": ORANGE, "neutral": NEUTRAL}
UNIT_PITCH = 12.5  # distance between units
SHEET, STEP, SLOPE = 0.42, 3, 0.3  # a sheet's width for its height, distance between sheets, slope


@dataclass
class _Piece:
    """The shape that stands for a layer. Its position is set once all pieces are known."""

    kind: str  # sheets, bar, units or mark
    layer: Layer | None  # None: the input image
    shape: tuple[int, ...]
    width: float
    gap: float  # minimum distance to the piece before
    sketch: np.ndarray | None = None  # (12, 13): of each unit, its activation and the weights before it, −1 to 1
    left: float = 0.0

    @property
    def height(self) -> float:
        if self.kind == "sheets":
            return 18 + 70 * math.pow(self.shape[0] / SIZE, 0.7)
        return UNIT_PITCH * (min(self.shape[0], MAX_UNITS) - 1) + 10

    @property
    def sheets(self) -> int:
        return drawn_sheets(self.shape[2]) if len(self.shape) == 3 else 1

    @property
    def sheet(self) -> float:
        """Return the width of one sheet of the stack."""
        return self.width / (1 + STEP * (self.sheets - 1) / (SHEET * self.height))

    @property
    def units(self) -> list[float]:
        """Return the y of each unit that is drawn; if there are too many, those in the middle are left out."""
        number = min(self.shape[0], MAX_UNITS)
        units = drawn_units(self.shape[0])
        places = [*range(number)] if len(units) == number else [*range(ENDS), *range(number - ENDS, number)]
        return [AXIS_Y + UNIT_PITCH * (place - (number - 1) / 2) for place in places]


def network_diagram(
    table: Sequence[LayerRow], sketch: np.ndarray | None = None, digit: np.ndarray | None = None
) -> Markup:
    """Draw a network from its layer table: images as stacks of sheets, lists of numbers as columns of units.

    A sheet's height follows the image's height, a stack's depth the number of channels. A layer that neither changes
    the shape nor mixes values is a thin mark. The diagram has one size, whatever the number of layers.

    sketch: the weights tint the connections and the activations the units, blue for positive, vermillion for negative
    ones; a sketch of another network is ignored. digit: the image that the network reads, uint8.
    """
    if sketch is not None and len(sketch) != len(table):
        sketch = None
    image = _Piece("sheets", None, table[0].input_shape, SHEET * 88, 0)
    shown = [(place, row) for place, row in enumerate(table) if not row.layer.hidden]
    pieces = [image, *(_piece(row, None if sketch is None else sketch[place]) for place, row in shown)]
    _place(pieces)
    mains = [piece for piece in pieces if piece.kind != "mark"]
    crowded = len(mains) > 9
    pairs = list(itertools.pairwise(mains))
    joints = Markup().join(_joint(a, b, crowded) for a, b in pairs if b.kind != "sheets")
    patches = Markup().join(_patch(a, b) for a, b in pairs if b.kind == "sheets")
    shapes, height = Markup(), 0.0
    for piece in pieces:
        if piece.kind != "mark":  # a mark is as high as the piece before it
            height = piece.height
        shapes += _drawn(piece, height, piece is pieces[-1])
    if digit is not None:
        shapes += _picture(image, digit)
    return svg(
        WIDTH,
        HEIGHT,
        Markup(
            '<g fill="none" stroke="{}" stroke-width="0.6">{}</g>{}'
            '<g fill="none" stroke="{}" stroke-width="0.9">{}</g>'
            "{}"
        ).format(NEUTRAL, joints, shapes, ORANGE, patches, svg_text(_labels(mains))),
    )


def _piece(row: LayerRow, sketch: np.ndarray | None) -> _Piece:
    shape = row.output_shape
    match row.layer.drawn_as:
        case "bar":
            return _Piece("bar", row.layer, shape, 7, 24)
        case "units":
            return _Piece("units", row.layer, shape, 11, 30, sketch)
        case "sheets":
            piece = _Piece("sheets", row.layer, shape, 0, 20, sketch)
            piece.width = SHEET * piece.height + STEP * (piece.sheets - 1)
            return piece
    return _Piece("mark", row.layer, shape, 4, 4)


def _color(piece: _Piece) -> str:
    return COLORS[piece.layer.color] if piece.layer else BLUE


def _place(pieces: list[_Piece]) -> None:
    """Set the pieces' positions: closer and narrower if there is too little room, otherwise further apart."""
    edge, digits = 12, 16  # margin on either side, and room for the digits beside the output units
    room = WIDTH - 2 * edge - digits
    wanted = sum(piece.gap + piece.width for piece in pieces)
    narrower = min(1.0, room / wanted)
    mains = sum(piece.kind != "mark" for piece in pieces) - 1
    wider = min(90.0, max(0.0, room - wanted) / mains)
    x = edge + max(0.0, room - wanted - wider * mains) / 2
    for place, piece in enumerate(pieces):
        x += piece.gap * narrower + (wider if place and piece.kind != "mark" else 0)
        piece.left, piece.width = x, piece.width * narrower
        x += piece.width


def _drawn(piece: _Piece, height: float, last: bool) -> Markup:
    x, width, top = piece.left, piece.width, AXIS_Y - height / 2
    if piece.kind == "sheets":
        return _sheets(piece)
    if piece.kind == "bar":
        return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2" fill="{}"/>').format(
            x, top, width, height, GRAY
        )
    if piece.kind == "units":
        return _units(piece, last)
    dashes = Markup(' stroke-dasharray="2 3"') if piece.layer and piece.layer.training_only else ""
    color = _color(piece)
    line = f"M{x + width / 2:.1f} {AXIS_Y - 0.4 * height:.1f}v{0.8 * height:.1f}"
    return Markup('<path d="{}" stroke="{}" stroke-width="{:.1f}"{}/>').format(line, color, max(1, width / 2), dashes)


def _sheets(piece: _Piece) -> Markup:
    """Draw a stack of sheets in perspective, the first one in front."""
    number, width, height = piece.sheets, piece.sheet, piece.height
    step = (piece.width - width) / max(1, number - 1)
    slope = SLOPE * width
    color = _color(piece)
    face = f"l{width:.1f} {-slope:.1f}v{height:.1f}l{-width:.1f} {slope:.1f}z"
    top = AXIS_Y - height / 2 + slope / 2
    stack = [f"M{piece.left + place * step:.1f} {top:.1f}{face}" for place in reversed(range(number))]
    if piece.layer is None:
        pen = f"matrix({width / SIZE:.3f} {-slope / SIZE:.3f} 0 {height / SIZE:.3f} {piece.left:.1f} {top:.1f})"
        return Markup(
            '<path d="{}" stroke="{}"/><path transform="{}" d="M8 8h12l-7 13" fill="none" '
            'stroke="#fff" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/>'
        ).format(stack[0], NEUTRAL, pen)
    if piece.sketch is not None:
        fills = [_fill(value) for value in reversed(piece.sketch[: len(stack), 0].tolist())]
        paths = Markup().join(
            Markup('<path d="{}" {}/>').format(sheet, fill) for sheet, fill in zip(stack, fills, strict=True)
        )
    else:
        paths = Markup().join(Markup('<path d="{}"/>').format(sheet) for sheet in stack)
    return Markup('<g fill="{}" fill-opacity="0.18" stroke="{}" stroke-width="0.9">{}</g>').format(color, color, paths)


def _units(piece: _Piece, last: bool) -> Markup:
    x = piece.left + piece.width / 2
    radius = min(4.8, 0.45 * piece.width)
    fills = [Markup()] * len(piece.units)
    if piece.sketch is not None:
        fills = [_fill(value) for value in piece.sketch[: len(fills), 0].tolist()]
    circles = Markup().join(
        Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" {}/>').format(x, y, radius, fill)
        for y, fill in zip(piece.units, fills, strict=True)
    )
    dots = Markup().join(Markup('<circle cx="{:.1f}" cy="{}" r="1"/>').format(x, AXIS_Y + dy) for dy in (-5, 0, 5))
    color = _color(piece)
    drawn = Markup('<g fill="{}" fill-opacity="{}" stroke="{}" stroke-width="0.9">{}</g>').format(
        color, 1 if last else 0.35, color, circles
    )
    if piece.shape[0] > MAX_UNITS:
        drawn += Markup('<g fill="{}">{}</g>').format(NEUTRAL, dots)
    if last:
        digits = Markup().join(
            Markup('<text x="{:.1f}" y="{:.1f}">{}</text>').format(x + 13, y + 4, digit)
            for digit, y in enumerate(piece.units)
        )
        drawn += svg_text(digits)
    return drawn


def _joint(a: _Piece, b: _Piece, crowded: bool) -> Markup:
    """Draw lines that suggest that everything in one piece is connected to everything in the next."""
    begin, end = a.left + a.width, b.left
    if a.kind == "sheets" or crowded:
        slope = SLOPE * a.sheet if a.kind == "sheets" else 0
        edges = [(sign * a.height / 2 - slope / 2, sign * b.height / 2) for sign in (-1, 1)]
        lines = "".join(f"M{begin:.1f} {AXIS_Y + y:.1f}L{end:.1f} {AXIS_Y + to:.1f}" for y, to in edges)
        return Markup('<path d="{}" opacity="0.6"/>').format(lines)
    begins = a.units if a.kind == "units" else [AXIS_Y + a.height * (place / 9 - 0.5) for place in range(10)]
    if b.sketch is not None and b.sketch[:, 1:].any():
        return _connections(begin, end, begins, b)
    lines = "".join(f"M{begin:.1f} {y:.1f}L{end:.1f} {to:.1f}" for y in begins for to in b.units)
    return Markup('<path d="{}" opacity="0.3"/>').format(lines)


def _connections(begin: float, end: float, begins: Sequence[float], b: _Piece) -> Markup:
    """Draw each connection in the color and strength of its weight, the ones of equal strength in one path."""
    assert b.sketch is not None
    weights = b.sketch[: len(b.units), 1 : 1 + len(begins)].astype(float)
    levels = np.rint(EDGE_LEVELS * np.clip(weights, -1, 1)).astype(int)
    drawn = Markup()
    for level in sorted({*levels.ravel().tolist()} - {0}, key=abs):
        lines = "".join(
            f"M{begin:.0f} {begins[point]:.0f}L{end:.0f} {b.units[unit]:.0f}"
            for unit, point in np.argwhere(levels == level).tolist()
        )
        share = abs(level) / EDGE_LEVELS
        drawn += Markup('<path d="{}" stroke="{}" opacity="{:.2f}" stroke-width="{:.1f}"/>').format(
            lines, BLUE if level > 0 else VERMILLION, 0.15 + 0.6 * share, 0.4 + 1.2 * share
        )
    return drawn


def _fill(value: float) -> Markup:
    """Return the fill of a unit with an activation, −1 to 1."""
    color = BLUE if value >= 0 else VERMILLION
    return Markup('fill="{}" fill-opacity="{:.2f}"').format(color, min(1.0, abs(value)))


def _picture(piece: _Piece, digit: np.ndarray) -> Markup:
    """Draw the image that the network reads onto the front sheet of the input."""
    width, height = piece.sheet, piece.height
    slope = SLOPE * width
    top = AXIS_Y - height / 2 + slope / 2
    sides = f"{width / 100:.4f} {-slope / 100:.4f} 0 {height / 100:.4f} {piece.left:.1f} {top:.1f}"
    return Markup(
        '<image width="100" height="100" transform="matrix({})" href="{}" preserveAspectRatio="none" '
        'style="image-rendering: pixelated"/>'
    ).format(sides, data_url(digit))


def _patch(a: _Piece, b: _Piece) -> Markup:
    """Draw the patch of the front sheet that a convolution or a pooling reads, and the pixel it becomes."""
    across = getattr(b.layer, "kernel_size", 0) or getattr(b.layer, "pool_size", 0)
    share = min(1.0, across / a.shape[0])
    w, h = share * a.sheet, share * a.height
    x, y, slope = a.left + 0.55 * (a.sheet - w), AXIS_Y - 0.25 * (a.height - h) - h / 2, SLOPE * w
    to_x, to_y = b.left + 0.3 * b.sheet, AXIS_Y - 0.1 * b.height
    corners = f"M{x:.1f} {y:.1f}l{w:.1f} {-slope:.1f}v{h:.1f}l{-w:.1f} {slope:.1f}z"
    rays = f"M{x + w:.1f} {y - slope:.1f}L{to_x:.1f} {to_y:.1f}L{x + w:.1f} {y - slope + h:.1f}"
    return Markup('<path d="{}{}"/>').format(corners, rays)


def _labels(mains: Sequence[_Piece]) -> Markup:
    """Write output shapes below the pieces where there is room, the first and the last piece's first of all."""
    taken: list[tuple[float, float]] = []
    texts = []
    for piece in [mains[0], mains[-1], *mains[1:-1]]:
        activation = getattr(piece.layer, "activation", "") if piece.kind == "units" else ""
        lines = [
            "×".join(f"{size:,}" for size in piece.shape[:2]),
            "".join(f"×{size}" for size in piece.shape[2:]) or choice_label("activation", activation),
        ]
        half = 3.1 * max(map(len, lines)) + 2
        x = min(max(piece.left + piece.width / 2, half), WIDTH - half)
        if all(x + half <= begin or end <= x - half for begin, end in taken):
            taken.append((x - half, x + half))
            texts += [
                Markup('<text x="{:.1f}" y="{}">{}</text>').format(x, HEIGHT - 20 + 13 * n, line)
                for n, line in enumerate(lines)
                if line
            ]
    return Markup().join(texts)
