"""Parts that every Plotly chart shares; a figure is a plain dict in Plotly's form."""

from __future__ import annotations

from typing import Any

Figure = dict[str, Any]
LEGEND_NAME = 24  # characters of a name in a legend, at most; the whole name is in the hover
AXIS: Figure = {"fixedrange": True, "zeroline": False, "automargin": False}


def frame(height: int, left: int, right: int, top: int, bottom: int) -> Figure:
    """Return a layout of fixed size, in pixels, without dragging, so that a finger on the chart scrolls the page."""
    margin = {"l": left, "r": right, "t": top, "b": bottom}
    return {"height": height, "margin": margin, "dragmode": False, "hoverlabel": {"namelength": -1}}


def literal(text: str) -> str:
    """Escape text that a user typed, so that Plotly shows it letter by letter."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")
