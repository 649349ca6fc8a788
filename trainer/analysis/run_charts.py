"""Charts that compare runs: learning curves, and test accuracy against parameters or seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer.analysis.learning_curves import MAX_POINTS, Array, Line, smoothed, thinned
from trainer.figures.palette import NEUTRAL, LineStyle
from trainer.figures.plotly import AXIS, LEGEND_NAME, Figure, frame, literal
from trainer.text import shortened

EPOCHS, SECONDS = "epochs", "seconds"  # the horizontal axis
MAX_MARKERS = 25  # a curve of more epochs has no symbols
LOG_RATIO = 10.0  # the axis of costs is logarithmic if the largest is so many times the smallest
LABEL_HEIGHT = 16  # pixels
_HEIGHT, _TOP, _BOTTOM = 330, 14, 46


# --- curves ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class RunCurves:
    """A run whose curves are drawn. history: the lines of history.jsonl. steps: steps per epoch."""

    name: str
    line_style: LineStyle
    history: Sequence[Line]
    steps: int

    @property
    def validates(self) -> bool:
        """Tell whether the run has, or will have, a validation curve."""
        epochs = [line for line in self.history if line.get("kind") == "epoch"]
        return not epochs or any("val_loss" in line for line in epochs)


def learning_curves(
    learners: Sequence[RunCurves],
    measure: str,
    axis: str = EPOCHS,
    *,
    epochs: int = 1,
    smoothing: float = 0.0,
    training: bool = True,
    log: bool = False,
) -> Figure:
    """Draw one measure ("loss" or "accuracy") of several runs over epochs or seconds, each in its own color and dash.

    Validation is solid with symbols, training thin and faint; a run without validation digits shows the training means
    of its epochs instead. epochs: the end of the axis. smoothing: weight of the past, from 0 to below 1, in an
    exponential mean. log: whether the loss has a logarithmic axis.

    The vertical axis fits the values at the ends of epochs and states where it starts; the first steps lie outside.
    """
    percent, form = (100.0, "%{y:.2f} %") if measure == "accuracy" else (1.0, "%{y:.4f}")
    faint, solid, seen = [], [], []
    for learner in learners:
        key = f"val_{measure}" if learner.validates else measure
        x, y = _points(learner, "epoch", key, axis, percent)
        seen += [y, *([_points(learner, "epoch", measure, axis, percent)[1]] if training else [])]
        words = f"{form}<extra>{literal(learner.name)}{'' if learner.validates else ', training'}</extra>"
        style: Figure = {"mode": "lines+markers" if len(x) <= MAX_MARKERS else "lines", "hovertemplate": words}
        style |= {"line": {"color": learner.line_style.color, "dash": learner.line_style.dash, "width": 2.5}}
        style |= {"marker": {"color": learner.line_style.color, "symbol": learner.line_style.symbol, "size": 7}}
        solid.append(_trace(learner.name, x, smoothed(y, smoothing), style))
        if training:
            x, y = _points(learner, "batch", measure, axis, percent)
            style = {"mode": "lines", "hoverinfo": "skip", "opacity": 0.4}
            style |= {"line": {"color": learner.line_style.color, "dash": learner.line_style.dash, "width": 1}}
            faint.append(_trace(f"{learner.name}, training", x, smoothed(y, smoothing), style))
    ends = [max(trace["x"], default=0.0) for trace in [*faint, *solid]]
    last = max([float(epochs) if axis == EPOCHS else 1.0, *ends])
    values = np.concatenate(seen) if seen else np.empty(0)
    return {
        "data": [*faint, *solid],
        "layout": {
            **frame(height=320, left=54, right=10, top=10, bottom=42),
            "xaxis": AXIS | {"range": [0, last * 1.02], "nticks": 8, "title": {"text": axis}},
            "yaxis": _losses(values, log) if measure == "loss" else _accuracies(values),
            "showlegend": False,
            "hovermode": "closest",
        },
    }


def _points(learner: RunCurves, kind: str, key: str, axis: str, factor: float) -> tuple[Array, Array]:
    """Return x, in epochs or seconds, and the values of `key` times `factor` from a run's lines of a kind."""
    across = "step" if axis == EPOCHS else "seconds"
    known = [line for line in learner.history if line.get("kind") == kind and key in line and across in line]
    each = 1.0 / max(learner.steps, 1) if axis == EPOCHS else 1.0
    x, y = (np.array([line[name] for line in known], float) for name in (across, key))
    return x * each, y * factor


def _trace(name: str, x: Array, y: Array, style: Figure) -> Figure:
    x, y = (thinned(values, MAX_POINTS) for values in (x, y))
    return {
        "type": "scatter",
        "name": literal(name),
        "x": np.round(x, 4).tolist(),
        "y": np.round(y, 6).tolist(),
    } | style


def _losses(values: Array, log: bool) -> Figure:
    """Return the loss axis, from 0 or in whole decades."""
    axis = AXIS | {"title": {"text": "loss"}}
    if not log:
        return axis | {"range": [0, min(10.0, 1.1 * float(values.max(initial=0.0))) or 2.5]}
    known = values[values > 0]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.1, 1.0)
    first = max(-6, math.floor(math.log10(low)))
    last = max(first + 1, math.ceil(math.log10(high * 1.1)))
    decades = [10.0**power for power in range(first, last + 1)]
    ticks = [f"{decade:.{max(0, -place)}f}" for place, decade in enumerate(decades, first)]
    return axis | {"type": "log", "range": [first, last], "tickvals": decades, "ticktext": ticks}


def _accuracies(values: Array) -> Figure:
    """Return the accuracy axis in percent, which starts at 0 or just below the lowest value."""
    least = float(values.min(initial=100.0)) if len(values) else 0.0
    begin = next((edge for edge in (98, 95, 90, 80, 50) if least >= edge), 0)
    words = f"accuracy, % (from {begin})" if begin else "accuracy, %"
    return AXIS | {"range": [begin, 100 + (100 - begin) * 0.02], "title": {"text": words}, "nticks": 6}


# --- costs --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """Test accuracy of a run, 0 to 1, and its cost in parameters or seconds."""

    name: str
    line_style: LineStyle
    accuracy: float
    cost: float


def accuracy_against(costs: Sequence[Cost], what: str) -> Figure:
    """Draw the test accuracy of runs over their cost ("parameters" or "seconds"), with names beside the points.

    The horizontal axis is logarithmic if the costs span more than a decade. Names do not overlap; a line joins each to
    its point.
    """
    most, least = (max(cost.cost for cost in costs), min(cost.cost for cost in costs)) if costs else (1.0, 1.0)
    log = least > 0 and most >= LOG_RATIO * least
    low, high = (math.log10(least), math.log10(most)) if log else (least, most)
    edge = 0.14 * (high - low) or 0.2 * abs(high) or 1.0
    across = (low - edge if log else max(0.0, low - edge), high + edge)
    shares = [100 * cost.accuracy for cost in costs]
    spread = max(1.0, max(shares) - min(shares)) if shares else 100.0
    up = (max(0.0, min(shares) - 0.2 * spread), min(102.0, max(shares) + 0.2 * spread)) if shares else (0.0, 100.0)
    points = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": literal(cost.name),
            "x": [cost.cost],
            "y": [round(share, 3)],
            "marker": {"color": cost.line_style.color, "symbol": cost.line_style.symbol, "size": 12},
            "hovertemplate": f"%{{y:.2f}} %, %{{x:,.6~r}} {what}<extra>{literal(cost.name)}</extra>",
        }
        for cost, share in zip(costs, shares, strict=True)
    ]
    title = f"{what}, each line ten times the last" if log else what
    return {
        "data": points,
        "layout": {
            **frame(height=_HEIGHT, left=54, right=12, top=_TOP, bottom=_BOTTOM),
            "xaxis": AXIS
            | {"range": list(across), "showgrid": True, "title": {"text": title}}
            | ({"type": "log", "dtick": 1, "tickformat": ",~r"} if log else {"nticks": 5, "tickformat": ",~r"}),
            "yaxis": AXIS | {"range": list(up), "title": {"text": "test accuracy, %"}, "nticks": 6},
            "annotations": _labels(costs, shares, across, up, log),
            "showlegend": False,
            "hovermode": "closest",
        },
    }


_LEADER: Figure = {"showarrow": True, "arrowhead": 0, "arrowwidth": 1, "arrowcolor": NEUTRAL, "standoff": 7}


def _labels(
    costs: Sequence[Cost], shares: Sequence[float], across: tuple[float, float], up: tuple[float, float], log: bool
) -> list[dict[str, Any]]:
    """Return the name of each point, placed towards the middle of the chart and moved vertically to avoid overlaps."""
    pixels = (_HEIGHT - _TOP - _BOTTOM) / (up[1] - up[0])
    heights = [(share - up[0]) * pixels for share in shares]
    lines = spread(heights, LABEL_HEIGHT)
    labels = []
    for cost, share, height, line in zip(costs, shares, heights, lines, strict=True):
        x = math.log10(cost.cost) if log else cost.cost
        left = x - across[0] > (across[1] - across[0]) / 2
        label = {
            "x": x,
            "y": share,
            "text": literal(shortened(cost.name, LEGEND_NAME)),
            "ax": -14 if left else 14,
            "ay": round(height - line, 1),
        }
        label |= {"xanchor": "right" if left else "left", "yanchor": "middle", "font": {"size": 12}, "borderpad": 1}
        labels.append(label | _LEADER)
    return labels


def spread(heights: Sequence[float], least: float) -> list[float]:
    """Return heights moved as little as possible so that any two differ by at least `least`, in the same order."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    groups: list[list[float]] = []  # per group: the sum of its members' wanted lowest heights, and their number
    for place, at in enumerate(order):
        groups.append([heights[at] - place * least, 1.0])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, number = groups.pop()
            groups[-1] = [groups[-1][0] + total, groups[-1][1] + number]
    lowest = [total / number for total, number in groups for _ in range(int(number))]
    moved = [0.0] * len(heights)
    for place, at in enumerate(order):
        moved[at] = lowest[place] + place * least
    return moved
