"""How a drawing becomes what a network sees, as pictures: HTML for a light and a dark page alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image

from trainer.digit import CENTRE, FITTED, SIZE, Steps, centre_of_mass
from trainer.figures.images import file_url, svg, svg_url
from trainer.figures.palette import BLUE, GREY, ORANGE, SKY, VERMILLION

DETAIL, PHOTO = 150, 600  # pixels a side that suffice for a picture of the strip, and for a large one
SMALL = 64  # pixels a side of an image whose pixels are to be seen
ON_BLACK, ON_PHOTO = (SKY, ORANGE), (BLUE, VERMILLION)  # boxes, and the one that is looked at
SEEN = f"{SIZE} × {SIZE}: what it sees"
Box = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True, eq=False)
class Otherwise:
    """What the network would have said, had the drawing come to it in another way."""

    title: str
    image: np.ndarray  # (28, 28) float32, 0 paper .. 1 ink
    said: str
    same: bool  # as it says now


def strip(
    picture: np.ndarray | None, steps: Steps | None, boxes: Sequence[Box] = (), otherwise: Sequence[Otherwise] = ()
) -> str:
    """Draw each step from a drawing to the image that the network sees, with a line of text.

    picture: what was photographed, (height, width, 3) uint8; a drawing is the ink of its `steps`. `boxes` lie on it
    where it holds several digits, of which `steps` are one's. Without `steps` the frames are empty.
    """
    ink = "" if steps is None else _levels(steps.ink)
    figures = [
        _figure("Your drawing" if picture is None else "Your photo", _drawn(picture, ink, boxes, steps)),
        _figure("Ink, and its box", _inked(ink, steps)),
        _figure("Cropped", _cropped(steps)),
        _figure(_thickness(steps), _fitted(steps)),
        _figure(_move(steps), _moved(steps)),
        _figure(SEEN, _seen(steps)),
    ]
    if steps is not None:
        figures += [_otherwise(other) for other in otherwise]
    return f'<div class="strip{"" if steps else " empty"}">{"".join(figures)}</div>'


def ready(image: np.ndarray) -> str:
    """Draw the one picture of an image, (28, 28) float32 or in colour (height, width, 3), that needs no steps."""
    height, width = image.shape[:2]
    lines = _middle(image) if image.shape == (SIZE, SIZE) else ""
    picture = _on_black(width, height, _levels(image) + lines)
    return f'<div class="strip">{_figure(f"{height} × {width}: what it sees", picture)}</div>'


def enlarged(image: np.ndarray) -> str:
    """Draw an image, (28, 28) float32 or in colour (height, width, 3), pixel by pixel, as an SVG's URL."""
    return svg_url(_on_black(image.shape[1], image.shape[0], _levels(image)))


def boxed(picture: np.ndarray, boxes: Sequence[Box], words: Sequence[str], focus: int | None = None) -> str:
    """Draw a picture, (height, width, 3) uint8, with a box around each digit and a word above it, as an SVG's URL."""
    height, width = picture.shape[:2]
    drawn = _boxes((width, height), boxes, words, focus, ON_PHOTO)
    return svg_url(_on_black(width, height, _pixels(picture, detail=PHOTO) + drawn))


def boxes_alone(size: tuple[int, int], boxes: Sequence[Box], words: Sequence[str], focus: int | None = None) -> str:
    """Draw what `boxed` draws on a picture of that width and height, without the picture."""
    return svg_url(svg(*size, _boxes(size, boxes, words, focus)))


# --- the steps ------------------------------------------------------------------------------------------------


def _drawn(picture: np.ndarray | None, ink: str, boxes: Sequence[Box], steps: Steps | None) -> str:
    if steps is None:
        return _on_black(SIZE, SIZE, "")
    height, width = steps.ink.shape
    frames = ""
    if len(boxes) > 1:
        focus = next((place for place, box in enumerate(boxes) if box == steps.box), None)
        colors = ON_BLACK if picture is None else ON_PHOTO
        frames = _boxes((width, height), boxes, [""] * len(boxes), focus, colors)
    return _on_black(width, height, (ink if picture is None else _pixels(picture)) + frames)


def _inked(ink: str, steps: Steps | None) -> str:
    if steps is None:
        return _on_black(SIZE, SIZE, "")
    height, width = steps.ink.shape
    line = max(height, width) / 90
    return _on_black(width, height, ink + _frame(steps.box, line, SKY))


def _cropped(steps: Steps | None) -> str:
    if steps is None:
        return _on_black(SIZE, SIZE, "")
    height, width = steps.crop.shape
    side = max(height, width)
    return _on_black(side, side, _levels(steps.crop, (side - width) / 2, (side - height) / 2))


def _fitted(steps: Steps | None) -> str:
    if steps is None:
        return _on_black(FITTED, FITTED, "")
    height, width = steps.boxed.shape
    return _on_black(FITTED, FITTED, _levels(steps.boxed, (FITTED - width) / 2, (FITTED - height) / 2))


def _moved(steps: Steps | None) -> str:
    lines = _lines()
    if steps is None:
        return _on_black(SIZE, SIZE, lines)
    x, y = (index + 0.5 for index in centre_of_mass(steps.uncentred))  # a pixel's middle is half a pixel on
    dx, dy = _distance(steps)
    arrow = f'<circle cx="{x:.2f}" cy="{y:.2f}" r="0.9"/>'
    if length := float(np.hypot(dx, dy)):
        to_x, to_y = x + dx, y + dy
        along_x, along_y = dx / length, dy / length
        head = "".join(
            f"L{to_x - 1.6 * along_x + side * along_y:.2f} {to_y - 1.6 * along_y - side * along_x:.2f}"
            for side in (1, -1)
        )
        arrow += (
            f'<path d="M{x:.2f} {y:.2f}L{to_x:.2f} {to_y:.2f}" stroke="{ORANGE}" stroke-width="0.7"/>'
            f'<path d="M{to_x:.2f} {to_y:.2f}{head}z"/>'
        )
    ink = f'<g opacity="0.55">{_levels(steps.uncentred)}</g>'
    return _on_black(SIZE, SIZE, f'{ink}{lines}<g id="arrow" fill="{ORANGE}">{arrow}</g>')


def _seen(steps: Steps | None) -> str:
    return _on_black(SIZE, SIZE, "" if steps is None else _levels(steps.image) + _middle(steps.image))


def _otherwise(other: Otherwise) -> str:
    sign, color = ("=", BLUE) if other.same else ("≠", VERMILLION)
    words = f'{other.title}: <strong style="color: {color}">{sign}</strong> {other.said}'
    return _figure(words, _on_black(SIZE, SIZE, _levels(other.image)), f"{other.title}: {other.said}", "otherwise")


def _thickness(steps: Steps | None) -> str:
    thickened = steps.thickened if steps else 0
    change = ", strokes made thicker" if thickened > 0 else ", strokes made thinner" if thickened < 0 else ""
    return f"Fitted into {FITTED} × {FITTED}{change}"


def _distance(steps: Steps) -> tuple[int, int]:
    """Return how many pixels right and down the digit moves from the place where its box is in the middle."""
    height, width = steps.boxed.shape
    return steps.shift[0] - (SIZE - width) // 2, steps.shift[1] - (SIZE - height) // 2


def _move(steps: Steps | None) -> str:
    if steps is None:
        return "Centred by its mass"
    dx, dy = _distance(steps)
    parts = [f"{abs(dx)} {'right' if dx > 0 else 'left'}"] if dx else []
    parts += [f"{abs(dy)} {'down' if dy > 0 else 'up'}"] if dy else []
    return f"Moved {', '.join(parts)}" if parts else "Centred: no move"


# --- what pictures are made of --------------------------------------------------------------------------------


def _figure(words: str, picture: str, alt: str = "", kind: str = "step") -> str:
    image = f'<img decoding="sync" alt="{alt or words}" src="{svg_url(picture)}">'
    return f'<figure class="{kind}">{image}<figcaption>{words}</figcaption></figure>'


def _levels(ink: np.ndarray, left: float = 0, top: float = 0) -> str:
    """Draw ink, (height, width) 0..1, white on black, each of its pixels 1 x 1."""
    return _pixels((np.clip(ink, 0, 1) * 255).astype(np.uint8), left, top)


def _pixels(picture: np.ndarray, left: float = 0, top: float = 0, detail: int = DETAIL) -> str:
    height, width = picture.shape[:2]
    image = Image.fromarray(picture)
    if (times := max(height, width) // detail) > 1:
        image = image.reduce(times)
    kind = "png" if image.mode == "L" or max(height, width) <= SMALL else "jpeg"
    file = BytesIO()
    image.save(file, kind, compress_level=1, quality=80)
    return (
        f'<image x="{left:g}" y="{top:g}" width="{width}" height="{height}" preserveAspectRatio="none" '
        f'style="image-rendering: {"auto" if max(height, width) > SMALL else "pixelated"}" '
        f'href="{file_url(file.getvalue(), kind)}"/>'
    )


def _boxes(
    size: tuple[int, int],
    boxes: Sequence[Box],
    words: Sequence[str],
    focus: int | None,
    colors: tuple[str, str] = ON_BLACK,
) -> str:
    """Draw a box around each digit, and a word above it, or below it where there is no room above."""
    side = max(size)
    line, letter = side / 150, side / 15
    drawn = []
    for place, (box, word) in enumerate(zip(boxes, words, strict=True)):
        color = colors[place == focus]
        left, top, _, bottom = box
        y = top - 2.5 * line if top > 1.2 * letter else bottom + letter
        text = f'<text x="{left - line:.1f}" y="{y:.1f}" fill="{color}" stroke="none">{word}</text>' if word else ""
        drawn.append(_frame(box, line, color, margin=2 * line) + text)
    style = f'font-family="sans-serif" font-weight="700" font-size="{letter:.1f}"'
    return f'<g id="boxes" {style}>{"".join(drawn)}</g>'


def _frame(box: Box, line: float, color: str, margin: float = 0.0) -> str:
    left, top, right, bottom = box
    return (
        f'<rect x="{left - margin:.1f}" y="{top - margin:.1f}" width="{right - left + 2 * margin:.1f}" '
        f'height="{bottom - top + 2 * margin:.1f}" rx="{line:.1f}" fill="none" stroke="{color}" '
        f'stroke-width="{line:.1f}"/>'
    )


def _lines() -> str:
    middle = CENTRE + 0.5
    return f'<path d="M{middle} 0v{SIZE}M0 {middle}h{SIZE}" stroke="{GREY}" stroke-width="0.2"/>'


def _middle(image: np.ndarray) -> str:
    """Mark the middle, and the centre of mass of what is there."""
    if not image.any():
        return _lines()
    x, y = (index + 0.5 for index in centre_of_mass(image))
    return (
        f'{_lines()}<path id="centre" d="M{x:.2f} {y:.2f}m-1.5 0h3m-1.5-1.5v3" stroke="{ORANGE}" stroke-width="0.6"/>'
    )


def _on_black(width: float, height: float, content: str) -> str:
    return svg(width, height, f'<rect width="{width:g}" height="{height:g}"/>{content}')
