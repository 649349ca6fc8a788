"""How a drawing becomes what a network sees, as pictures: HTML for a light and a dark page alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from markupsafe import Markup
from PIL import Image

from trainer.drawing.normalize import CENTRE, FITTED, SIZE, Steps, centre_of_mass
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
) -> Markup:
    """Draw each step from a drawing to the image that the network sees, with a line of text.

    picture: what was photographed, (height, width, 3) uint8; a drawing is the ink of its `steps`. `boxes` lie on it
    where it holds several digits, of which `steps` are one's. Without `steps` the frames are empty.
    """
    ink = Markup() if steps is None else _levels(steps.ink)
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
    return Markup('<div class="strip{}">{}</div>').format("" if steps else " empty", Markup().join(figures))


def ready(image: np.ndarray) -> Markup:
    """Draw the one picture of an image, (28, 28) float32 or in colour (height, width, 3), that needs no steps."""
    height, width = image.shape[:2]
    lines = _middle(image) if image.shape == (SIZE, SIZE) else Markup()
    picture = _on_black(width, height, _levels(image) + lines)
    return Markup('<div class="strip">{}</div>').format(_figure(f"{height} × {width}: what it sees", picture))


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


def _drawn(picture: np.ndarray | None, ink: Markup, boxes: Sequence[Box], steps: Steps | None) -> Markup:
    if steps is None:
        return _on_black(SIZE, SIZE, Markup())
    height, width = steps.ink.shape
    frames = Markup()
    if len(boxes) > 1:
        focus = next((place for place, box in enumerate(boxes) if box == steps.box), None)
        colors = ON_BLACK if picture is None else ON_PHOTO
        frames = _boxes((width, height), boxes, [""] * len(boxes), focus, colors)
    return _on_black(width, height, (ink if picture is None else _pixels(picture)) + frames)


def _inked(ink: Markup, steps: Steps | None) -> Markup:
    if steps is None:
        return _on_black(SIZE, SIZE, Markup())
    height, width = steps.ink.shape
    line = max(height, width) / 90
    return _on_black(width, height, ink + _frame(steps.box, line, SKY))


def _cropped(steps: Steps | None) -> Markup:
    if steps is None:
        return _on_black(SIZE, SIZE, Markup())
    height, width = steps.crop.shape
    side = max(height, width)
    return _on_black(side, side, _levels(steps.crop, (side - width) / 2, (side - height) / 2))


def _fitted(steps: Steps | None) -> Markup:
    if steps is None:
        return _on_black(FITTED, FITTED, Markup())
    height, width = steps.boxed.shape
    return _on_black(FITTED, FITTED, _levels(steps.boxed, (FITTED - width) / 2, (FITTED - height) / 2))


def _moved(steps: Steps | None) -> Markup:
    lines = _lines()
    if steps is None:
        return _on_black(SIZE, SIZE, lines)
    x, y = (index + 0.5 for index in centre_of_mass(steps.uncentred))  # a pixel's middle is half a pixel on
    dx, dy = _distance(steps)
    arrow = Markup('<circle cx="{:.2f}" cy="{:.2f}" r="0.9"/>').format(x, y)
    if length := float(np.hypot(dx, dy)):
        to_x, to_y = x + dx, y + dy
        along_x, along_y = dx / length, dy / length
        head = "".join(
            f"L{to_x - 1.6 * along_x + side * along_y:.2f} {to_y - 1.6 * along_y - side * along_x:.2f}"
            for side in (1, -1)
        )
        arrow += Markup(
            '<path d="M{:.2f} {:.2f}L{:.2f} {:.2f}" stroke="{}" stroke-width="0.7"/><path d="M{:.2f} {:.2f}{}z"/>'
        ).format(x, y, to_x, to_y, ORANGE, to_x, to_y, head)
    ink = Markup('<g opacity="0.55">{}</g>').format(_levels(steps.uncentred))
    return _on_black(SIZE, SIZE, Markup('{}{}<g id="arrow" fill="{}">{}</g>').format(ink, lines, ORANGE, arrow))


def _seen(steps: Steps | None) -> Markup:
    return _on_black(SIZE, SIZE, Markup() if steps is None else _levels(steps.image) + _middle(steps.image))


def _otherwise(other: Otherwise) -> Markup:
    sign, color = ("=", BLUE) if other.same else ("≠", VERMILLION)
    words = Markup('{}: <strong style="color: {}">{}</strong> {}').format(other.title, color, sign, other.said)
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


def _figure(words: str, picture: Markup, alt: str = "", kind: str = "step") -> Markup:
    image = Markup('<img decoding="sync" alt="{}" src="{}">').format(alt or words, svg_url(picture))
    return Markup('<figure class="{}">{}<figcaption>{}</figcaption></figure>').format(kind, image, words)


def _levels(ink: np.ndarray, left: float = 0, top: float = 0) -> Markup:
    """Draw ink, (height, width) 0..1, white on black, each of its pixels 1 x 1."""
    return _pixels((np.clip(ink, 0, 1) * 255).astype(np.uint8), left, top)


def _pixels(picture: np.ndarray, left: float = 0, top: float = 0, detail: int = DETAIL) -> Markup:
    height, width = picture.shape[:2]
    image = Image.fromarray(picture)
    if (times := max(height, width) // detail) > 1:
        image = image.reduce(times)
    kind = "png" if image.mode == "L" or max(height, width) <= SMALL else "jpeg"
    file = BytesIO()
    image.save(file, kind, compress_level=1, quality=80)
    return Markup(
        '<image x="{:g}" y="{:g}" width="{}" height="{}" preserveAspectRatio="none" '
        'style="image-rendering: {}" '
        'href="{}"/>'
    ).format(
        left,
        top,
        width,
        height,
        "auto" if max(height, width) > SMALL else "pixelated",
        file_url(file.getvalue(), kind),
    )


def _boxes(
    size: tuple[int, int],
    boxes: Sequence[Box],
    words: Sequence[str],
    focus: int | None,
    colors: tuple[str, str] = ON_BLACK,
) -> Markup:
    """Draw a box around each digit, and a word above it, or below it where there is no room above."""
    side = max(size)
    line, letter = side / 150, side / 15
    drawn = []
    for place, (box, word) in enumerate(zip(boxes, words, strict=True)):
        color = colors[place == focus]
        left, top, _, bottom = box
        y = top - 2.5 * line if top > 1.2 * letter else bottom + letter
        text = (
            Markup('<text x="{:.1f}" y="{:.1f}" fill="{}" stroke="none">{}</text>').format(left - line, y, color, word)
            if word
            else Markup()
        )
        drawn.append(_frame(box, line, color, margin=2 * line) + text)
    style = Markup('font-family="sans-serif" font-weight="700" font-size="{:.1f}"').format(letter)
    return Markup('<g id="boxes" {}>{}</g>').format(style, Markup().join(drawn))


def _frame(box: Box, line: float, color: str, margin: float = 0.0) -> Markup:
    left, top, right, bottom = box
    return Markup(
        '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" '
        'height="{:.1f}" rx="{:.1f}" fill="none" stroke="{}" '
        'stroke-width="{:.1f}"/>'
    ).format(left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin, line, color, line)


def _lines() -> Markup:
    middle = CENTRE + 0.5
    return Markup('<path d="M{} 0v{}M0 {}h{}" stroke="{}" stroke-width="0.2"/>').format(
        middle, SIZE, middle, SIZE, GREY
    )


def _middle(image: np.ndarray) -> Markup:
    """Mark the middle, and the centre of mass of what is there."""
    if not image.any():
        return _lines()
    x, y = (index + 0.5 for index in centre_of_mass(image))
    return Markup('{}<path id="centre" d="M{:.2f} {:.2f}m-1.5 0h3m-1.5-1.5v3" stroke="{}" stroke-width="0.6"/>').format(
        _lines(), x, y, ORANGE
    )


def _on_black(width: float, height: float, content: Markup) -> Markup:
    paper = Markup('<rect width="{:g}" height="{:g}"/>').format(width, height)
    return svg(width, height, paper + content)
