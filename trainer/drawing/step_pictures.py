"""Pictures of the normalization steps of a drawing, as HTML for the light and the dark theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from markupsafe import Markup
from PIL import Image

from trainer.drawing.normalize import CENTER, FITTED_SIDE, SIZE, NormalizationSteps, center_of_mass
from trainer.figures.images import file_url, svg, svg_url
from trainer.figures.palette import BLUE, GRAY, ORANGE, SKY, VERMILLION

THUMBNAIL_SIDE, PHOTO_SIDE = 150, 600  # pixels a side that are enough for a picture of a step, and for a large one
PIXELATED_SIDE = 64  # pixels a side up to which the single pixels are shown
DRAWING_COLORS, PHOTO_COLORS = (SKY, ORANGE), (BLUE, VERMILLION)  # boxes, and the selected one
REDRAWN = "Your strokes, drawn again with MNIST's pen"
NETWORK_INPUT = f"{SIZE} × {SIZE}: what the network sees"
Box = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True, eq=False)
class Alternative:
    """An alternative normalization of the same drawing, and the network's prediction for it."""

    title: str
    image: np.ndarray  # (28, 28) float32, 0 paper .. 1 ink
    prediction: str
    same: bool  # whether the prediction equals that for the usual normalization


def steps_html(
    picture: np.ndarray | None,
    steps: NormalizationSteps | None,
    boxes: Sequence[Box] = (),
    alternatives: Sequence[Alternative] = (),
) -> Markup:
    """Draw each step from a drawing to the image that the network sees, with a caption.

    picture: of a photo, (height, width, 3) uint8; None: the ink of `steps`. boxes: of all digits in it; `steps`
    belong to one of them. Without `steps` the frames are empty.
    """
    ink = Markup() if steps is None else _levels(steps.ink)
    figures = [
        _figure("Your drawing" if picture is None else "Your photo", _drawn(picture, ink, boxes, steps)),
        _figure("Ink and its box", _inked(ink, steps)),
        _figure(REDRAWN if steps is not None and steps.from_strokes else "Cropped", _cropped(steps)),
        _figure(_thickness(steps), _fitted(steps)),
        _figure(_move(steps), _moved(steps)),
        _figure(NETWORK_INPUT, _seen(steps)),
    ]
    if steps is not None:
        figures += [_alternative(other) for other in alternatives]
    return Markup('<div class="strip{}">{}</div>').format("" if steps else " empty", Markup().join(figures))


def image_html(image: np.ndarray) -> Markup:
    """Draw an image that needs no normalization: (28, 28) float32, or (height, width, 3) in color."""
    height, width = image.shape[:2]
    lines = _middle(image) if image.shape == (SIZE, SIZE) else Markup()
    picture = _on_black(width, height, _levels(image) + lines)
    return Markup('<div class="strip">{}</div>').format(_figure(f"{height} × {width}: what the network sees", picture))


def enlarged_url(image: np.ndarray) -> str:
    """Return an SVG URL of an image, (28, 28) float32 or in color (height, width, 3), with visible pixels."""
    return svg_url(_on_black(image.shape[1], image.shape[0], _levels(image)))


def boxed_url(picture: np.ndarray, boxes: Sequence[Box], words: Sequence[str], focus: int | None = None) -> str:
    """Return an SVG URL of a picture, (height, width, 3) uint8, with a box around each digit and a word above it."""
    height, width = picture.shape[:2]
    drawn = _boxes((width, height), boxes, words, focus, PHOTO_COLORS)
    return svg_url(_on_black(width, height, _pixels(picture, detail=PHOTO_SIDE) + drawn))


def boxes_url(size: tuple[int, int], boxes: Sequence[Box], words: Sequence[str], focus: int | None = None) -> str:
    """Return what `boxed_url` returns for a picture of a size (width, height), without the picture."""
    return svg_url(svg(*size, _boxes(size, boxes, words, focus)))


# --- the steps ------------------------------------------------------------------------------------------------


def _drawn(picture: np.ndarray | None, ink: Markup, boxes: Sequence[Box], steps: NormalizationSteps | None) -> Markup:
    if steps is None:
        return _on_black(SIZE, SIZE, Markup())
    height, width = steps.ink.shape
    frames = Markup()
    if len(boxes) > 1:
        focus = next((place for place, box in enumerate(boxes) if box == steps.box), None)
        colors = DRAWING_COLORS if picture is None else PHOTO_COLORS
        frames = _boxes((width, height), boxes, [""] * len(boxes), focus, colors)
    return _on_black(width, height, (ink if picture is None else _pixels(picture)) + frames)


def _inked(ink: Markup, steps: NormalizationSteps | None) -> Markup:
    if steps is None:
        return _on_black(SIZE, SIZE, Markup())
    height, width = steps.ink.shape
    line = max(height, width) / 90
    return _on_black(width, height, ink + _frame(steps.box, line, SKY))


def _cropped(steps: NormalizationSteps | None) -> Markup:
    if steps is None:
        return _on_black(SIZE, SIZE, Markup())
    height, width = steps.crop.shape
    side = max(height, width)
    return _on_black(side, side, _levels(steps.crop, (side - width) / 2, (side - height) / 2))


def _fitted(steps: NormalizationSteps | None) -> Markup:
    if steps is None:
        return _on_black(FITTED_SIDE, FITTED_SIDE, Markup())
    height, width = steps.boxed.shape
    return _on_black(
        FITTED_SIDE, FITTED_SIDE, _levels(steps.boxed, (FITTED_SIDE - width) / 2, (FITTED_SIDE - height) / 2)
    )


def _moved(steps: NormalizationSteps | None) -> Markup:
    lines = _lines()
    if steps is None:
        return _on_black(SIZE, SIZE, lines)
    x, y = (index + 0.5 for index in center_of_mass(steps.uncentered))  # the center of a pixel is half a pixel further
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
    ink = Markup('<g opacity="0.55">{}</g>').format(_levels(steps.uncentered))
    return _on_black(SIZE, SIZE, Markup('{}{}<g id="arrow" fill="{}">{}</g>').format(ink, lines, ORANGE, arrow))


def _seen(steps: NormalizationSteps | None) -> Markup:
    return _on_black(SIZE, SIZE, Markup() if steps is None else _levels(steps.image) + _middle(steps.image))


def _alternative(other: Alternative) -> Markup:
    sign, color = ("=", BLUE) if other.same else ("≠", VERMILLION)
    words = Markup('{}: <strong style="color: {}">{}</strong> {}').format(other.title, color, sign, other.prediction)
    return _figure(
        words, _on_black(SIZE, SIZE, _levels(other.image)), f"{other.title}: {other.prediction}", "otherwise"
    )


def _thickness(steps: NormalizationSteps | None) -> str:
    thickened = steps.thickened if steps and not steps.from_strokes else 0
    change = ", strokes made thicker" if thickened > 0 else ", strokes made thinner" if thickened < 0 else ""
    return f"Fitted into {FITTED_SIDE} × {FITTED_SIDE}{change}"


def _distance(steps: NormalizationSteps) -> tuple[int, int]:
    """Return how many pixels right and down the digit moves, from a centered box to a centered mass."""
    height, width = steps.boxed.shape
    return steps.shift[0] - (SIZE - width) // 2, steps.shift[1] - (SIZE - height) // 2


def _move(steps: NormalizationSteps | None) -> str:
    if steps is None:
        return "Centered by its mass"
    dx, dy = _distance(steps)
    parts = [f"{abs(dx)} {'right' if dx > 0 else 'left'}"] if dx else []
    parts += [f"{abs(dy)} {'down' if dy > 0 else 'up'}"] if dy else []
    return f"Moved {', '.join(parts)}" if parts else "Centered: no move"


# --- parts of the pictures ------------------------------------------------------------------------------------


def _figure(words: str, picture: Markup, alt: str = "", kind: str = "step") -> Markup:
    image = Markup('<img decoding="sync" alt="{}" src="{}">').format(alt or words, svg_url(picture))
    return Markup('<figure class="{}">{}<figcaption>{}</figcaption></figure>').format(kind, image, words)


def _levels(ink: np.ndarray, left: float = 0, top: float = 0) -> Markup:
    """Draw ink, (height, width) 0..1, white on black; each pixel is 1 x 1."""
    return _pixels((np.clip(ink, 0, 1) * 255).astype(np.uint8), left, top)


def _pixels(picture: np.ndarray, left: float = 0, top: float = 0, detail: int = THUMBNAIL_SIDE) -> Markup:
    height, width = picture.shape[:2]
    image = Image.fromarray(picture)
    if (times := max(height, width) // detail) > 1:
        image = image.reduce(times)
    kind = "png" if image.mode == "L" or max(height, width) <= PIXELATED_SIDE else "jpeg"
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
        "auto" if max(height, width) > PIXELATED_SIDE else "pixelated",
        file_url(file.getvalue(), kind),
    )


def _boxes(
    size: tuple[int, int],
    boxes: Sequence[Box],
    words: Sequence[str],
    focus: int | None,
    colors: tuple[str, str] = DRAWING_COLORS,
) -> Markup:
    """Draw a box around each digit, and a word above it, or below it if there is no room above."""
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
    middle = CENTER + 0.5
    return Markup('<path d="M{} 0v{}M0 {}h{}" stroke="{}" stroke-width="0.2"/>').format(
        middle, SIZE, middle, SIZE, GRAY
    )


def _middle(image: np.ndarray) -> Markup:
    """Mark the middle of the image, and the center of mass of its ink."""
    if not image.any():
        return _lines()
    x, y = (index + 0.5 for index in center_of_mass(image))
    return Markup('{}<path id="center" d="M{:.2f} {:.2f}m-1.5 0h3m-1.5-1.5v3" stroke="{}" stroke-width="0.6"/>').format(
        _lines(), x, y, ORANGE
    )


def _on_black(width: float, height: float, content: Markup) -> Markup:
    paper = Markup('<rect width="{:g}" height="{:g}"/>').format(width, height)
    return svg(width, height, paper + content)
