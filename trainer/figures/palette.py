"""The colours of Okabe and Ito, and the line styles that tell up to seven compared runs apart.

Okabe and Ito's colours are told apart by colour-blind people too, and stand on the light and the dark theme.
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
BROWN = "#8C6D46"  # not Okabe and Ito's: their yellow and black are not seen on one of the two themes
GREY = "#8A8F98"
NEUTRAL = "#767C86"  # for lines and text


def rgb(color: str) -> tuple[int, int, int]:
    """Return the three parts, 0 to 255, of a colour such as #0072B2."""
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


# --- compared runs --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Colour:
    """How a run is drawn."""

    line: str  # as CSS has it
    dash: str  # as Plotly has it
    symbol: str  # of its points, as Plotly has it


COLOURS = (
    Colour(BLUE, "solid", "circle"),
    Colour(VERMILLION, "dash", "square"),
    Colour(GREEN, "dot", "diamond"),
    Colour(PURPLE, "dashdot", "triangle-up"),
    Colour(ORANGE, "longdash", "triangle-down"),
    Colour(SKY, "longdashdot", "cross"),
    Colour(BROWN, "solid", "star"),
)


def colours(ids: Sequence[str]) -> dict[str, Colour]:
    """Give each of at most seven runs a colour, by their ids; the order in which they are named changes nothing.

    A run has the same colour in whatever company, unless an older run of it has that already: then the next free one.
    """
    given: dict[str, Colour] = {}
    for run_id in sorted(set(ids))[: len(COLOURS)]:
        first = crc32(run_id.encode()) % len(COLOURS)
        free = (COLOURS[(first + place) % len(COLOURS)] for place in range(len(COLOURS)))
        given[run_id] = next(colour for colour in free if colour not in given.values())
    return given


_MARKS = {  # a symbol as text, and as a path around 0, 0
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


def mark(colour: Colour) -> str:
    """Return a colour's symbol as one letter."""
    return _MARKS[colour.symbol][0]


def swatch(colour: Colour) -> str:
    """Draw a piece of a run's curve with its symbol, 44 x 14, as the URL of an SVG."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 44 14" width="44" height="14">'
        f'<path d="M1 7h42" stroke="{colour.line}" stroke-width="2.5" stroke-dasharray="{_DASHES[colour.dash]}"/>'
        f'<path d="{_MARKS[colour.symbol][1]}" fill="{colour.line}" transform="translate(22 7)"/></svg>'
    )
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
