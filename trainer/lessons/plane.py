"""Squares and circles in a plane, and the chart of what a network makes of every place in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.figures.palette import BLUE, NEUTRAL, VERMILLION
from trainer.figures.plotly import AXIS, Figure, frame

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Points:
    """Points in a plane: positions (n, 2), each in -1..1; labels (n,), 1 for a square and 0 for a circle."""

    positions: Floats
    labels: NDArray[np.int64]


def grid(side: int) -> Floats:
    """Return side * side positions that cover the plane, row by row."""
    ticks = np.linspace(-1, 1, side)
    return np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)


def plane_chart(points: Points, correct: NDArray[np.bool_], outputs: Floats, smooth: bool = True) -> Figure:
    """Draw points, crosses on the misclassified, and the outputs at `grid` as a tint: blue for 1, vermillion for 0."""
    side = round(len(outputs) ** 0.5)
    ticks = np.linspace(-1, 1, side).round(4).tolist()
    tint: Figure = {"type": "heatmap", "x": ticks, "y": ticks, "z": outputs.reshape(side, side).round(3).tolist()}
    tint |= {"zmin": 0, "zmax": 1, "showscale": False, "hoverinfo": "skip", "zsmooth": "best" if smooth else False}
    tint |= {"opacity": 0.35, "colorscale": [[0, VERMILLION], [0.5, "rgba(128, 128, 128, 0)"], [1, BLUE]]}
    traces = [tint]
    for label, name, color, symbol in ((1, "squares", BLUE, "square"), (0, "circles", VERMILLION, "circle")):
        of_class = points.labels == label
        style: Figure = {"color": color, "symbol": symbol, "size": 11, "line": {"width": 1, "color": "#fff"}}
        traces.append(_dots(points.positions[of_class], name, style))
    cross = {"color": NEUTRAL, "symbol": "x-thin-open", "size": 17, "line": {"width": 2.5, "color": NEUTRAL}}
    traces.append(_dots(points.positions[~correct], "misclassified", cross))
    axis = AXIS | {"range": [-1, 1], "tickvals": [-1, 1]}
    return {
        "data": traces,
        "layout": {
            **frame(height=370, left=34, right=10, top=34, bottom=34),
            "xaxis": axis | {"title": {"text": "x", "standoff": 0}},
            "yaxis": axis | {"title": {"text": "y", "standoff": 0}},
            "legend": {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "bgcolor": "rgba(0, 0, 0, 0)"},
            "hovermode": False,
        },
    }


def _dots(positions: Floats, name: str, marker: Figure) -> Figure:
    x, y = positions.round(3).T.tolist() if len(positions) else ([], [])
    return {"type": "scatter", "mode": "markers", "name": name, "x": x, "y": y, "marker": marker}
