"""Diagrams of the lessons: fields of AI, a neuron, backpropagation, tinted table cells. For light and dark themes."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from trainer.figures.images import svg
from trainer.figures.palette import BLUE, GRAY, NEUTRAL, SKY, VERMILLION
from trainer.text import number

_TEXT = Markup('font-family="sans-serif" text-anchor="middle" fill="{}"').format(NEUTRAL)
FIELDS = (
    (
        "Artificial intelligence",
        "Programs for tasks that seem to need intelligence, such as a chess program with hand-written rules.",
    ),
    ("Machine learning", "The program learns its rules from examples."),
    ("Deep learning", "Machine learning with networks of several layers, as in this app."),
)


def fields_diagram() -> Markup:
    """Return nested HTML boxes: artificial intelligence, machine learning in it, and deep learning in that."""
    inner = Markup()
    for (name, description), color, strength in reversed(
        list(zip(FIELDS, (NEUTRAL, SKY, BLUE), (8, 16, 26), strict=True))
    ):
        box_style = f"border-color: {color}; background: color-mix(in srgb, {color} {strength}%, transparent)"
        inner = Markup('<div class="lesson-field" style="{}"><b>{}</b><p>{}</p>{}</div>').format(
            box_style, name, description, inner
        )
    return inner


def neuron_diagram(weights: tuple[float, float], bias: float, kind: str) -> Markup:
    """Draw a neuron: two inputs, weights as lines (blue if positive, thicker if larger), sum and output."""
    lines, labels = [], []
    ends = (("x", 34), ("y", 106))
    for (name, y), weight in zip(ends, weights, strict=True):
        color = BLUE if weight >= 0 else VERMILLION
        lines.append(
            Markup(
                '<path d="M38 {}L150 70" stroke="{}" stroke-width="{:.1f}" '
                'stroke-linecap="round"/><circle cx="24" cy="{}" r="14" fill="{}" fill-opacity="0.25" '
                'stroke="{}"/>'
            ).format(y, color, 0.8 + 1.3 * abs(weight), y, GRAY, NEUTRAL)
        )
        above = -16 if y < 70 else 26
        labels.append(
            Markup('<text x="24" y="{}">{}</text><text x="92" y="{:.0f}">{}</text>').format(
                y + 5, name, (y + 70) / 2 + above, f"× {number(weight, 2)}"
            )
        )
    curve = "M246 84h14v-28h14" if kind == "step" else "M244 84c18 0 14 -28 32 -28"
    body = Markup(
        '<circle cx="170" cy="70" r="24" fill="{}" fill-opacity="0.15" stroke="{}" stroke-width="1.5"/>'
        '<path d="M194 70h44m44 0h36m-6 -5l6 5l-6 5" stroke="{}" fill="none" stroke-width="1.5"/>'
        '<rect x="238" y="48" width="44" height="44" rx="6" fill="{}" fill-opacity="0.15" stroke="{}"/>'
        '<path d="{}" stroke="{}" fill="none" stroke-width="2.2"/>'
    ).format(BLUE, BLUE, NEUTRAL, GRAY, NEUTRAL, curve, BLUE)
    sign = "+" if bias >= 0 else "−"
    labels += [
        Markup('<text x="170" y="75">sum</text>'),
        Markup('<text x="170" y="118">{} {}</text>').format(sign, number(abs(bias), 2)),
        Markup('<text x="260" y="110">{}</text>').format(kind),
        Markup('<text x="346" y="75">output</text>'),
    ]
    text = Markup('<g {} font-size="13">{}</g>').format(_TEXT, Markup().join(labels))
    return svg(380, 130, Markup().join(lines) + body + text)


def backpropagation_diagram(hidden: bool) -> Markup:
    """Draw the path of the errors from the output back to the weights, through a hidden layer if there is one."""
    columns = ["784 pixels", *(["16 units"] if hidden else []), "10 outputs"]
    gap = 150 if hidden else 300
    parts, labels = [], []
    for place, name in enumerate(columns):
        x = 50 + gap * place
        rows = (-36, -18, 0, 18, 36)
        color = NEUTRAL if place == 0 else BLUE
        parts += [
            Markup('<circle cx="{}" cy="{}" r="6" fill="{}" fill-opacity="0.35" stroke="{}"/>').format(
                x, 62 + y, color, color
            )
            for y in rows
        ]
        if place:
            forward = f"M{x - gap + 16} 34H{x - 16}m-7 -4l7 4l-7 4"
            back = f"M{x - 16} 90H{x - gap + 16}m7 -4l-7 4l7 4"
            parts.append(Markup('<path d="{}" stroke="{}" stroke-width="1.8" fill="none"/>').format(forward, BLUE))
            parts.append(
                Markup('<path d="{}" stroke="{}" stroke-width="1.8" stroke-dasharray="5 3" fill="none"/>').format(
                    back, VERMILLION
                )
            )
            middle = x - gap / 2
            labels.append(Markup('<text x="{:.0f}" y="26">values go forward</text>').format(middle))
            labels.append(Markup('<text x="{:.0f}" y="66" font-style="italic">weights</text>').format(middle))
            labels.append(Markup('<text x="{:.0f}" y="106">errors go back</text>').format(middle))
        labels.append(Markup('<text x="{}" y="124">{}</text>').format(x, name))
    text = Markup('<g {} font-size="12">{}</g>').format(_TEXT, Markup().join(labels))
    return svg(400, 130, Markup().join(parts) + text)


def tinted_cells(values: np.ndarray, texts: list[str], color: str | None = None, scale: float | None = None) -> Markup:
    """Return HTML table cells of values, tinted by their share of `scale`, by default of the largest value.

    Positive values are blue and negative ones vermillion, unless all have the same `color`.
    """
    scale = scale or float(np.max(np.abs(np.nan_to_num(values)), initial=0.0)) or 1.0
    cells = []
    for value, text in zip(values.tolist(), texts, strict=True):
        tone = color or (BLUE if value >= 0 else VERMILLION)
        share = round(55 * min(1.0, abs(value) / scale)) if np.isfinite(value) else 0
        cells.append(
            Markup('<td style="background: color-mix(in srgb, {} {}%, transparent)">{}</td>').format(tone, share, text)
        )
    return Markup().join(cells)
