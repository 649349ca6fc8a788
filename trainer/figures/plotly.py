"""Parts shared by all Plotly charts. A figure is a plain dict in Plotly's format."""

from __future__ import annotations

from typing import Any

Figure = dict[str, Any]
LEGEND_NAME = 24  # maximum characters of a name in a legend; the hover shows the whole name
AXIS: Figure = {"fixedrange": True, "zeroline": False, "automargin": False}


def frame(height: int, left: int, right: int, top: int, bottom: int) -> Figure:
    """Return a layout of fixed height and margins, in pixels. Dragging is off, so touch scrolls the page."""
    margin = {"l": left, "r": right, "t": top, "b": bottom}
    return {"height": height, "margin": margin, "dragmode": False, "hoverlabel": {"namelength": -1}}


def literal(text: str) -> str:
    """Escape text so that Plotly shows it literally."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")
