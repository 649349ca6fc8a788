"""Learning curves of one training: its history as thinned, smoothed series and as Plotly charts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from trainer.figures.palette import BLUE, GRAY, GREEN, NEUTRAL, ORANGE, PURPLE, SKY, VERMILLION
from trainer.figures.plotly import AXIS, LEGEND_NAME, Figure, frame, literal
from trainer.text import shortened

Array = np.ndarray[Any, np.dtype[np.float64]]
Curve = tuple[Array, Array]  # steps, and the values at these steps
Line = Mapping[str, Any]  # of history.jsonl or readings.jsonl
MAX_POINTS, MAX_SMALL_POINTS = 400, 100  # per curve: a screen cannot show more

# Compared runs differ in hue and dash; blue and vermillion are reserved for the run itself.
_COMPARED = ((GREEN, "8px,2px"), (ORANGE, "dashdot"), (PURPLE, "dot"), (SKY, "8px,2px,2px,2px"), (GRAY, "solid"))


# --- charts ---------------------------------------------------------------------------------------------------


def learning_curves(
    history: Sequence[Line],
    steps: int,
    epochs: int,
    measure: str,
    *,
    smoothing: float = 0.0,
    log: bool = False,
    others: Sequence[tuple[str, Sequence[Line], int]] = (),
    at: int | None = None,
    guessing: bool = True,
) -> Figure:
    """Draw one measure ("loss" or "accuracy") over the epochs: training solid, validation dashed.

    history: the lines of history.jsonl, may be empty. steps: steps per epoch. smoothing: weight of the past, from 0 to
    below 1, in an exponential mean of the training curve, corrected for its start as in TensorBoard. log: whether the
    loss has a logarithmic axis. others: runs to compare with, as (name, history, steps per epoch). at: a step to mark.
    guessing: whether to draw the level of guessing, 10 % or a cross-entropy of ln 10.

    The axes are fixed from the first point on, so that nothing jumps while the curves grow.
    """
    percent, form = (100.0, "%{y:.2f} %") if measure == "accuracy" else (1.0, "%{y:.4f}")
    at_step, after_epoch = f"{form}, step %{{customdata:,}}", f"{form}, epoch %{{x:.0f}}"
    batches = column(history, "batch", measure, percent)
    ends = column(history, "epoch", measure, percent)
    validation = column(history, "epoch", f"val_{measure}", percent)
    solid: Figure = {"line": {"color": BLUE, "width": 1.5}, "mode": "lines", "legendgroup": "training"}
    dots: Figure = {"marker": {"size": 6, "color": BLUE}, "mode": "markers", "legendgroup": "training"}
    dashed: Figure = {"line": {"color": VERMILLION, "width": 2.5, "dash": "dash"}, "mode": "lines+markers"}
    diamonds: Figure = {"marker": {"size": 6, "color": VERMILLION, "symbol": "diamond"}}
    unnamed: Figure = {"showlegend": False}
    traces = [
        _curve("training", (batches[0], smoothed(batches[1], smoothing)), steps, solid, hovertemplate=at_step),
        _curve("epoch's mean", ends, steps, dots | unnamed, hovertemplate=after_epoch),
        _curve("validation", validation, steps, dashed | diamonds, hovertemplate=after_epoch),
    ]
    if smoothing:
        traces.insert(0, _curve("training, raw", batches, steps, solid | unnamed, opacity=0.3, hoverinfo="skip"))
    for (name, lines, its_steps), (color, dash) in zip(others, cycle(_COMPARED), strict=False):
        curve = column(lines, "epoch", f"val_{measure}", percent)
        if not len(curve[0]):
            curve = column(lines, "epoch", measure, percent)
        thin: Figure = {"line": {"color": color, "width": 1.2, "dash": dash}, "mode": "lines", "opacity": 0.75}
        short, hover = literal(shortened(name, LEGEND_NAME)), f"{after_epoch}<extra>{literal(name)}</extra>"
        traces.append(_curve(short, curve, its_steps, thin, hovertemplate=hover))
    level = 10.0 if measure == "accuracy" else math.log(10)
    shapes = [_guessing(level)] if guessing or measure == "accuracy" else []
    seen = np.concatenate([batches[1], ends[1], validation[1]])
    return {
        "data": [trace for trace in traces if trace["x"] or trace["name"] == "training"],
        "layout": {
            **frame(height=300, left=50, right=10, top=50, bottom=40),
            "xaxis": _epochs_axis(epochs) | {"title": {"text": "epoch"}},
            "yaxis": _loss_axis(seen, log) if measure == "loss" else AXIS | _PERCENT,
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "bgcolor": "rgba(0, 0, 0, 0)"},
            "hovermode": "x unified",
            "shapes": shapes + _mark(at, steps),
        },
    }


def rate_curve(
    history: Sequence[Line], steps: int, epochs: int, at: int | None = None, highest: float | None = None
) -> Figure:
    """Draw the learning rate over the epochs. highest: its later maximum, so that the axis does not have to grow."""
    rates = column(history, "batch", "learning_rate")
    style: Figure = {"mode": "lines", "line": {"color": BLUE, "width": 1.5}}
    most = max(highest or 0.0, float(rates[1].max(initial=0.0))) or 1.0
    return {
        "data": [_curve("learning rate", rates, steps, style, hovertemplate="%{y:.4g}")],
        "layout": {
            **frame(height=160, left=50, right=10, top=24, bottom=28),
            "xaxis": _epochs_axis(epochs),
            "yaxis": AXIS | {"range": [0, most * 1.08], "nticks": 4, "tickformat": "~g"},
            "annotations": [_ABOVE | {"text": "learning rate", "font": {"size": 12, "color": NEUTRAL}}],
            "showlegend": False,
            "hovermode": "x unified",
            "shapes": _mark(at, steps),
        },
    }


def prediction_curves(
    readings: Sequence[Line], drawing: str, label: int | None, steps: int, epochs: int, at: int | None = None
) -> Figure:
    """Draw the ten probabilities of one followed drawing over a training, 0 to 100 %.

    readings: the lines of readings.jsonl. The label's curve is blue and thick; if another digit has the highest
    probability at the end, its curve is vermillion. Both end with their digit. Without a label the winner is blue.
    """
    known = [line for line in readings if "step" in line and drawing in line.get("probabilities", ())]
    known = sampled(known, MAX_SMALL_POINTS)
    x = [round(line["step"] / max(steps, 1), 4) for line in known]
    shares = [[100 * float(share) for share in line["probabilities"][drawing]] for line in known]
    winner = max(range(10), key=shares[-1].__getitem__) if shares and any(shares[-1]) else None
    colors = {winner: BLUE if label is None else VERMILLION, label: BLUE}
    gray: Figure = {"type": "scatter", "mode": "lines", "name": "the others", "hoverinfo": "skip"}
    gray |= {"line": {"color": GRAY, "width": 1}, "opacity": 0.6, "x": [], "y": []}
    named = []
    for place in range(10):
        y = [round(line[place], 2) for line in shares]
        if place in colors:
            line = {"color": colors[place], "width": 3 if place == label else 2}
            curve = {"type": "scatter", "mode": "lines", "name": str(place), "x": x, "y": y, "line": line}
            named.append(curve | {"hovertemplate": "%{y:.1f} %"})
        else:  # one curve with gaps is drawn faster than nine
            gray["x"] += [*x, None]
            gray["y"] += [*y, None]
    return {
        "data": [gray, *named],
        "layout": {
            **frame(height=150, left=42, right=18, top=8, bottom=22),
            "xaxis": _epochs_axis(epochs),
            "yaxis": AXIS | {"range": [-2, 102], "tickvals": [0, 50, 100], "ticktext": ["0", "50", "100 %"]},
            "showlegend": False,
            "hovermode": "x unified",
            "annotations": _named_ends(named) if x else [],
            "shapes": _mark(at, steps),
        },
    }


def _named_ends(traces: Sequence[Figure]) -> list[Figure]:
    """Return a label at the end of each curve; two labels that would overlap move apart."""
    low, high = min(trace["y"][-1] for trace in traces), max(trace["y"][-1] for trace in traces)
    apart = max(0.0, (14 - (high - low)) / 2) if len(traces) > 1 else 0.0
    names = []
    for place, trace in enumerate(traces):
        end = trace["y"][-1]
        above = end > low if high > low else place == 0
        y = min(95.0, max(5.0, end + (apart if above else -apart)))
        font = {"color": trace["line"]["color"], "size": 14, "weight": 700}
        names.append({"x": trace["x"][-1], "y": y, "text": trace["name"], "font": font} | _BESIDE)
    return names


# --- parts of these charts ------------------------------------------------------------------------------------

_PERCENT: Figure = {"title": {"text": "accuracy, %"}, "range": [0, 102]}
_ABOVE: Figure = {"showarrow": False, "xref": "paper", "yref": "paper", "x": 0, "y": 1, "yanchor": "bottom"}
_BESIDE: Figure = {"showarrow": False, "xanchor": "left", "xshift": 3, "yanchor": "middle"}


def _epochs_axis(epochs: int) -> Figure:
    title = {"text": "epoch %{x:.2f}"}
    return AXIS | {"range": [0, epochs * 1.02], "unifiedhovertitle": title, "nticks": 8}


def _loss_axis(losses: Array, log: bool) -> Figure:
    """Return the loss axis, from 0 or in whole decades; it changes only for losses outside it."""
    title = {"title": {"text": "loss"}}
    top = float(losses.max(initial=0.0))
    if not log:
        return AXIS | title | {"range": [0, max(2.5, min(10.0, top * 1.05))]}
    least = float(losses[losses > 0].min(initial=1.0))
    low = max(-6, min(-3, math.floor(math.log10(least))))
    decades = [10.0**power for power in range(low, 2)]
    ticks = {
        "tickvals": decades,
        "ticktext": [f"{decade:.{max(0, -place)}f}" for place, decade in enumerate(decades, low)],
    }
    return AXIS | title | {"type": "log", "range": [low, 1.0 if top > 5 else 0.7]} | ticks


def _guessing(level: float) -> Figure:
    label = {"text": "guessing", "textposition": "end", "font": {"size": 11, "color": NEUTRAL}, "padding": 1}
    return _line(x0=0, x1=1, y0=level, y1=level, xref="paper", dash="dot") | {"label": label}


def _mark(at: int | None, steps: int) -> list[Figure]:
    if at is None:
        return []
    x = at / max(steps, 1)
    return [_line(x0=x, x1=x, y0=0, y1=1, yref="paper", dash="solid")]


def _line(dash: str, **ends: float | str) -> Figure:
    return {"type": "line", "line": {"color": NEUTRAL, "width": 1.2, "dash": dash}, **ends}


def _curve(name: str, curve: Curve, steps: int, style: Figure, **more: Any) -> Figure:
    at, values = (thinned(part, MAX_POINTS) for part in curve)
    return {
        "type": "scatter",
        "name": name,
        "x": np.round(at / max(steps, 1), 4).tolist(),
        "y": np.round(values, 6).tolist(),
        "customdata": np.round(at).astype(int).tolist(),
        **style,
        **more,
    }


# --- series ---------------------------------------------------------------------------------------------------


def column(history: Sequence[Line], kind: str, key: str, factor: float = 1.0) -> Curve:
    """Return the steps and the values of `key`, times `factor`, from the lines of a kind ("batch" or "epoch")."""
    known = [
        (line["step"], line[key]) for line in history if line.get("kind") == kind and key in line and "step" in line
    ]
    table = np.array(known, float).reshape(-1, 2)
    return table[:, 0], table[:, 1] * factor


def smoothed(values: Array, weight: float) -> Array:
    """Return the exponential mean, in which the past has `weight`, from 0 to below 1.

    It is corrected for its start as in TensorBoard: the first mean is the first value, not one near 0.
    """
    if not weight:
        return values
    mean, missing, means = 0.0, 1.0, []
    for value in values.tolist():
        mean = weight * mean + (1 - weight) * value
        missing *= weight
        means.append(mean / (1 - missing))
    return np.array(means)


def thinned(values: Array, most: int) -> Array:
    """Return at most `most` means over stretches of equal length, followed by the last value.

    The length is a power of two and stretches keep their starts, so that a growing curve does not flicker.
    """
    stretch = _stretch(len(values), most)
    if stretch == 1:
        return values
    whole = len(values) // stretch * stretch
    means: Array = values[:whole].reshape(-1, stretch).mean(1)
    return np.append(means, values[-1])


def sampled(lines: Sequence[Line], most: int) -> list[Line]:
    """Return at most `most` lines at equal distances, followed by the last line."""
    stretch = _stretch(len(lines), most)
    return list(lines) if stretch == 1 else [*lines[stretch - 1 : -1 : stretch], lines[-1]]


def _stretch(number: int, most: int) -> int:
    stretch = 1
    while number > most * stretch:
        stretch *= 2
    return stretch
