"""Confusion matrix and per-class precision and recall, as charts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainer.figures.palette import BLUE, NEUTRAL, ORANGE, VERMILLION
from trainer.figures.plotly import AXIS, Figure, frame

SIDE, LONG_SIDE = 30, 27  # pixels of a square, and with long class names; ten of them fit on a phone
NUMBER_ROOM = 0.12  # share of the axis; a longer bar has room for its number
_FAINT, _STRONG = 0.07, 0.92  # opacity of a square with a single image, and with its whole row
_OPAQUE = 0.75  # above it the number in a blue square is white in both themes


def confusion_matrix(confusion: np.ndarray, classes: Sequence[str], chosen: int | None = None) -> Figure:
    """Draw a confusion matrix: rows are labels, columns predictions; correct is blue, wrong vermillion.

    The opacity of a square is the cube root of its share of the row, because errors are few. The index of a square is
    `label * 10 + prediction`; the `chosen` one is orange. Squares are markers because a heat map reports no clicks.
    """
    number, long = len(classes), _long(classes)
    side = LONG_SIDE if long else SIDE
    share = confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    opacity = np.where(confusion, _FAINT + (_STRONG - _FAINT) * np.cbrt(share), 0.03)
    colors, notes = [], []
    for label in range(number):
        for read_as in range(number):
            alpha = float(opacity[label, read_as])
            rgb = ", ".join(str(part) for part in bytes.fromhex((BLUE if label == read_as else VERMILLION)[1:]))
            colors.append(f"rgba({rgb}, {alpha:.2f})")
            count = int(confusion[label, read_as])
            if count:
                color = "#fff" if label == read_as and alpha >= _OPAQUE else "currentColor"
                text = f'<span style="fill: {color}; color: {color}">{count}</span>'
                size = 12 if count < 1_000 else 10
                notes.append({"x": read_as, "y": label, "text": text, "showarrow": False, "font": {"size": size}})
    pairs = [(label, read_as) for label in range(number) for read_as in range(number)]
    squares: Figure = {
        "type": "scatter",
        "mode": "markers",
        "x": [read_as for _, read_as in pairs],
        "y": [label for label, _ in pairs],
        "text": [
            f"{classes[label]} read as {classes[read_as]}: {confusion[label, read_as]:,}" for label, read_as in pairs
        ],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"symbol": "square", "size": side - 2, "color": colors, "line": {"width": 0}},
        "selectedpoints": None if chosen is None else [chosen],
        "selected": {"marker": {"color": ORANGE, "opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
    }
    left, top = (82, 94) if long else (54, 46)
    ticks: Figure = {"tickvals": [*range(number)], "ticktext": list(classes), "showgrid": False, "ticks": ""}
    ticks |= AXIS | {"tickfont": {"size": 11 if long else 14}}
    title = {"font": {"size": 13, "color": NEUTRAL}}
    width, height = left + number * side + 4, top + number * side + 4
    return {
        "data": [squares],
        "layout": {
            **frame(height=height, left=left, right=4, top=top, bottom=4),
            "width": width,
            "xaxis": ticks
            | {"range": [-0.5, number - 0.5], "side": "top", "tickangle": -90 if long else 0}
            | {"title": title | {"text": "read as", "standoff": 4}},
            "yaxis": ticks | {"range": [number - 0.5, -0.5], "title": title | {"text": "label", "standoff": 12}},
            "annotations": notes,
            "showlegend": False,
            "hovermode": "closest",
        },
    }


def class_bars(recall: np.ndarray, precision: np.ndarray, classes: Sequence[str]) -> Figure:
    """Draw each class's recall as a bar and its precision as a diamond.

    The axis ends at 100 % and starts at a multiple of 10 % below the lowest value, so that differences are visible.
    """
    least = float(np.nanmin(np.concatenate([recall, precision]), initial=1.0))
    begin = max(0, min(90, int(10 * np.floor(10 * least - 0.6))))
    rows = list(range(len(classes)))

    def percents(shares: np.ndarray) -> list[float | None]:
        return [None if np.isnan(share) else round(100 * float(share), 2) for share in shares]

    found = percents(recall)
    bars: Figure = {
        "type": "bar",
        "name": "recall",
        "orientation": "h",
        "y": rows,
        "base": begin,
        "x": [None if share is None else round(share - begin, 2) for share in found],
        "customdata": found,
        "marker": {"color": BLUE, "opacity": 0.8},
        "text": ["none" if share is None else f"{share:.1f}" for share in found],
        "textposition": [
            "inside" if share is not None and share - begin >= NUMBER_ROOM * (100 - begin) else "outside"
            for share in found
        ],
        "insidetextanchor": "start",
        "textangle": 0,
        "insidetextfont": {"color": "#fff"},
        "outsidetextfont": {"color": NEUTRAL},
        "hovertemplate": "recall %{customdata:.1f} %<extra></extra>",
    }
    diamonds: Figure = {
        "type": "scatter",
        "name": "precision",
        "mode": "markers",
        "x": percents(precision),
        "y": rows,
        "marker": {"symbol": "diamond", "size": 12, "color": ORANGE, "line": {"color": "#fff", "width": 1}},
        "hovertemplate": "precision %{x:.1f} %<extra></extra>",
    }
    axis = AXIS | {"range": [begin, 100.6], "ticksuffix": " %", "nticks": 6}
    if begin:
        axis |= {"title": {"text": f"axis starts at {begin} %", "standoff": 6, "font": {"size": 12, "color": NEUTRAL}}}
    return {
        "data": [bars, diamonds],
        "layout": {
            **frame(height=30 * len(classes) + 76, left=86 if _long(classes) else 30, right=18, top=34, bottom=50),
            "xaxis": axis,
            "yaxis": AXIS | {"range": [len(classes) - 0.4, -0.6], "tickvals": rows, "ticktext": list(classes)},
            "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "itemclick": False},
            "bargap": 0.25,
            "hovermode": "closest",
        },
    }


def _long(classes: Sequence[str]) -> bool:
    return max(map(len, classes)) > 2
