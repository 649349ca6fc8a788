"""Okabe and Ito's colors, and the line styles of up to seven compared runs.

Okabe and Ito's colors suit color-blind people, and the light and the dark theme.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#E69F00"
SKY = "#56B4E9"
BROWN = "#8C6D46"  # not Okabe and Ito's, whose yellow and black are invisible on one of the themes
GRAY = "#8A8F98"
NEUTRAL = "#767C86"  # for lines and text


def rgb(color: str) -> tuple[int, int, int]:
    """Return red, green and blue, 0 to 255, of a color such as #0072B2."""
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


# --- compared runs --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LineStyle:
    """The color, dash and symbol of a run's curve."""

    color: str  # as in CSS
    dash: str  # as in Plotly
    symbol: str  # of its points, as in Plotly


LINE_STYLES = (
    LineStyle(BLUE, "solid", "circle"),
    LineStyle(VERMILLION, "dash", "square"),
    LineStyle(GREEN, "dot", "diamond"),
    LineStyle(PURPLE, "dashdot", "triangle-up"),
    LineStyle(ORANGE, "longdash", "triangle-down"),
    LineStyle(SKY, "longdashdot", "cross"),
    LineStyle(BROWN, "solid", "star"),
)


def line_styles(ids: Sequence[str]) -> dict[str, LineStyle]:
    """Return a line style for each of at most seven runs, by their ids in any order.

    A run always has the same style, unless an older run in the same comparison has it: then it gets the next free one.
    """
    styles: dict[str, LineStyle] = {}
    for run_id in sorted(set(ids))[: len(LINE_STYLES)]:
        first = crc32(run_id.encode()) % len(LINE_STYLES)
        free = (LINE_STYLES[(first + place) % len(LINE_STYLES)] for place in range(len(LINE_STYLES)))
        styles[run_id] = next(style for style in free if style not in styles.values())
    return styles


_MARKS = {  # symbol -> character, and path around 0, 0
    "circle": ("●", "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z"),
    "square": ("■", "M-4-4h8v8h-8z"),
    "diamond": ("◆", "M0-5.5l5.5 5.5l-5.5 5.5l-5.5-5.5z"),
    "triangle-up": ("▲", "M0-5l5.2 9h-10.4z"),
    "triangle-down": ("▼", "M0 5l5.2-9h-10.4z"),
    "cross": ("✚", "M-2-5h4v3h3v4h-3v3h-4v-3h-3v-4h3z"),
    "star": ("★", "M0-6l1.7 4h4.1l-3.3 2.6l1.2 4.1l-3.7-2.4l-3.7 2.4l1.2-4.1l-3.3-2.6h4.1z"),
}
_DASHES = {
    "solid": "",
    "dash": "8 4",
    "dot": "2 4",
    "dashdot": "8 3 2 3",
    "longdash": "14 5",
    "longdashdot": "12 3 2 3",
}


def symbol(style: LineStyle) -> str:
    """Return a style's symbol as a character."""
    return _MARKS[style.symbol][0]


def swatch(style: LineStyle) -> str:
    """Return a piece of a run's curve with its symbol, 44 x 14, as an SVG data URL."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 44 14" width="44" height="14">'
        f'<path d="M1 7h42" stroke="{style.color}" stroke-width="2.5" stroke-dasharray="{_DASHES[style.dash]}"/>'
        f'<path d="{_MARKS[style.symbol][1]}" fill="{style.color}" transform="translate(22 7)"/></svg>'
    )
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
