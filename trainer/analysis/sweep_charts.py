"""Charts of a sweep: color scale, thumbnail of the heat map, and accuracy over a single setting.

The scale is viridis, which suits all kinds of color vision: lighter is better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from trainer.figures.palette import BLUE, GRAY, NEUTRAL, rgb
from trainer.figures.plotly import AXIS, Figure, frame, literal
from trainer.runs.sweep import Cell, Plan, best_cell, heatmap_positions

COLORS = ("#440154", "#482878", "#3E4989", "#31688E", "#26828E", "#1F9E89", "#35B779", "#6DCD59", "#B4DE2C", "#FDE725")
WHITE, BLACK = "#fff", "#000"
_SIDE = 12  # units a side of a square of the thumbnail


def color(shade: float) -> str:
    """Return the CSS color of a shade from 0, the worst, to 1, the best."""
    at = min(1.0, max(0.0, shade)) * (len(COLORS) - 1)
    below = min(int(at), len(COLORS) - 2)
    pair = zip(rgb(COLORS[below]), rgb(COLORS[below + 1]), strict=True)
    return "#" + "".join(f"{round(a + (at - below) * (b - a)):02x}" for a, b in pair)


def text_color(paper: str) -> str:
    """Return black or white, whichever has more contrast on a background color."""
    parts = [part / 255 for part in rgb(paper)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return BLACK if luminance > 0.179 else WHITE  # at this luminance both contrasts are equal


def small_picture(plan: Plan, known: Sequence[Cell]) -> str:
    """Return the heat map as a small SVG image; a run without accuracy is an empty square."""
    columns = len(plan.axes[0].values)
    rows = len(plan) // columns
    squares = []
    for place, shade in enumerate(heatmap_positions([cell.accuracy for cell in known])):
        x, y = place % columns * _SIDE + 1, place // columns * _SIDE + 1
        look = f'fill="{color(shade)}"' if shade is not None else f'fill="none" stroke="{GRAY}"'
        squares.append(f'<rect x="{x}" y="{y}" width="{_SIDE - 2}" height="{_SIDE - 2}" rx="2" {look}/>')
    width, height = columns * _SIDE, rows * _SIDE
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(squares)}</svg>'


def setting_chart(plan: Plan, known: Sequence[Cell]) -> Figure:
    """Draw the accuracy over the values of the setting that is varied.

    Tested runs are filled circles, the best one a star; a ring is an accuracy so far. The axis starts at a
    multiple of 10 % below the lowest value.
    """
    axis = plan.axes[0]
    there = [(place, cell) for place, cell in enumerate(known) if cell.accuracy is not None]
    percents = [100 * (cell.accuracy or 0.0) for _, cell in there]
    low = max(0.0, min(90.0, 10 * math.floor((min(percents, default=92.0) - 2) / 10)))
    winner = best_cell(known)
    curve: Figure = {
        "type": "scatter",
        "mode": "lines+markers+text",
        "x": [place for place, _ in there],
        "y": [round(percent, 2) for percent in percents],
        "text": [f"{percent:.1f}" for percent in percents],
        "textposition": "top center",
        "textfont": {"size": 13},
        "cliponaxis": False,
        "customdata": [literal(cell.name) for _, cell in there],
        "hovertemplate": "%{customdata}: %{y:.2f} %<extra></extra>",
        "line": {"color": GRAY, "width": 1.5},
        "marker": {
            "size": [15 if cell is winner else 11 for _, cell in there],
            "symbol": ["star" if cell is winner else "circle" if cell.tested else "circle-open" for _, cell in there],
            "color": BLUE,
            "line": {"width": 2, "color": BLUE},
        },
    }
    number = len(axis.values)
    ticks = {"tickvals": [*range(number)], "ticktext": [literal(text) for text in axis.texts]}
    title = {"font": {"size": 13, "color": NEUTRAL}}
    return {
        "data": [curve],
        "layout": {
            **frame(height=260, left=52, right=16, top=14, bottom=52),
            "xaxis": AXIS | ticks | {"range": [-0.5, number - 0.5], "title": title | {"text": axis.setting.title}},
            "yaxis": AXIS | {"range": [low, 101.5], "ticksuffix": " %", "nticks": 6},
            "showlegend": False,
            "hovermode": "closest",
        },
    }
