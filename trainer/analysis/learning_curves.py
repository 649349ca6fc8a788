"""Learning curves of one training: its history as thinned, smoothed series and as Plotly charts.

Longer than 300 lines because all charts of a training share their axes, marks and series.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import cycle, zip_longest
from typing import Any

import numpy as np

from trainer.config.training import TrainingConfig, schedule_factor
from trainer.figures.palette import BLUE, GRAY, GREEN, NEUTRAL, ORANGE, PURPLE, SKY, VERMILLION
from trainer.figures.plotly import AXIS, LEGEND_NAME, Figure, frame, literal
from trainer.text import number, shortened

Array = np.ndarray[Any, np.dtype[np.float64]]
Curve = tuple[Array, Array]  # steps, and the values at these steps
Line = Mapping[str, Any]  # of history.jsonl or readings.jsonl
MAX_POINTS, MAX_SMALL_POINTS = 400, 100  # per curve: a screen cannot show more
MAX_MARKS = 6  # newest changes that are marked
MIN_MARK_DISTANCE = 0.04  # of the axis; of two closer ones the newer is marked
ACCURACY_EDGES = (98, 95, 90, 80, 50)  # %, at which a zoomed axis may start
LOSS_EDGES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0)  # at which a zoomed axis may end

Mark = tuple[float, str]  # a step at which something was changed, and what

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
    fixed: bool = False,
    others: Sequence[tuple[str, Sequence[Line], int]] = (),
    at: int | None = None,
    marks: Sequence[Mark] = (),
    guessing: bool = True,
) -> Figure:
    """Draw one measure ("loss" or "accuracy") over the epochs: training solid, validation dashed, best epoch ringed.

    history: the lines of history.jsonl, may be empty. steps: steps per epoch. smoothing: weight of the past, from 0 to
    below 1, in an exponential mean of the training curve, corrected for its start as in TensorBoard. log: whether the
    loss has a logarithmic axis. fixed: whether the axes start at 0, the same for all runs; otherwise they zoom to
    where the values are after the first epoch, in steps, so that little jumps. others: runs to compare with, as (name,
    history, steps per epoch). at: a step to mark. marks: changes to mark. guessing: whether to draw the level of
    guessing, 10 % or a cross-entropy of ln 10.
    """
    percent, form = (100.0, "%{y:.2f} %") if measure == "accuracy" else (1.0, "%{y:.4f}")
    at_step, after_epoch = f"{form}, step %{{customdata:,}}", f"{form}, epoch %{{x:.0f}}"
    batches = column(history, "batch", measure, percent)
    ends = column(history, "epoch", measure, percent)
    training = batches if len(batches[0]) else ends  # a run from elsewhere may have epochs only
    validation = column(history, "epoch", f"val_{measure}", percent)
    solid: Figure = {"line": {"color": BLUE, "width": 1.5}, "mode": "lines", "legendgroup": "training"}
    dashed: Figure = {"line": {"color": VERMILLION, "width": 2.5, "dash": "dash"}, "mode": "lines+markers"}
    diamonds: Figure = {"marker": {"size": 6, "color": VERMILLION, "symbol": "diamond"}}
    unnamed: Figure = {"showlegend": False}
    traces = [
        _curve("training", (training[0], smoothed(training[1], smoothing)), steps, solid, hovertemplate=at_step),
        _curve("validation", validation, steps, dashed | diamonds, hovertemplate=after_epoch),
        _best(validation, measure, steps),
    ]
    if smoothing:
        traces.insert(0, _curve("training, raw", training, steps, solid | unnamed, opacity=0.3, hoverinfo="skip"))
    for (name, lines, its_steps), (color, dash) in zip(others, cycle(_COMPARED), strict=False):
        curve = column(lines, "epoch", f"val_{measure}", percent)
        if not len(curve[0]):
            curve = column(lines, "epoch", measure, percent)
        thin: Figure = {"line": {"color": color, "width": 1.2, "dash": dash}, "mode": "lines", "opacity": 0.75}
        short, hover = literal(shortened(name, LEGEND_NAME)), f"{after_epoch}<extra>{literal(name)}</extra>"
        traces.append(_curve(short, curve, its_steps, thin, hovertemplate=hover))
    seen = _settled((batches, ends, validation), steps, fixed)
    axis = _loss_axis(seen, log, fixed) if measure == "loss" else _accuracy_axis(seen, fixed)
    level = 10.0 if measure == "accuracy" else math.log(10)
    low, high = (10.0**edge for edge in axis["range"]) if axis.get("type") == "log" else axis["range"]
    guesses = (guessing or measure == "accuracy") and low <= level <= high
    shapes = [_guessing(level, measure == "loss")] if guesses else []
    return {
        "data": [trace for trace in traces if trace["x"] or trace["name"] == "training"],
        "layout": {
            **frame(height=210, left=50, right=10, top=30, bottom=40),
            "xaxis": _epochs_axis(epochs) | {"title": {"text": "epoch", "standoff": 8}},
            "yaxis": axis,
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "bgcolor": "rgba(0, 0, 0, 0)"},
            "hovermode": "x unified",
            "shapes": shapes + [_change(step, text, steps) for step, text in marks[-MAX_MARKS:]] + _mark(at, steps),
        },
    }


def changes(history: Sequence[Line], config: TrainingConfig, steps: int, epochs: int) -> list[Mark]:
    """Return when the learning rate was changed in a training, apart from its schedule, and where epochs were added."""
    found: list[Mark] = []
    rate, planned = config.learning_rate, steps * config.epochs
    for line in history:
        step, now = line.get("step"), line.get("learning_rate")
        if not isinstance(step, int) or not isinstance(now, (int, float)):
            continue
        factor = schedule_factor(config.schedule, step - 1, planned) if planned else 1.0
        if factor > 1e-6 and abs(now / factor / rate - 1) > 0.001:
            rate = now / factor
            found.append((step, f"rate {number(rate, 3)}"))
    more: list[Mark] = [(planned, "more epochs")] if epochs > config.epochs and steps else []
    marks = sorted([*found, *more])
    room = MIN_MARK_DISTANCE * steps * epochs
    return [mark for mark, after in zip_longest(marks, marks[1:]) if after is None or after[0] - mark[0] >= room]


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

_ABOVE: Figure = {"showarrow": False, "xref": "paper", "yref": "paper", "x": 0, "y": 1, "yanchor": "bottom"}
_BESIDE: Figure = {"showarrow": False, "xanchor": "left", "xshift": 3, "yanchor": "middle"}


def _epochs_axis(epochs: int) -> Figure:
    title = {"text": "epoch %{x:.2f}"}
    return AXIS | {"range": [0, epochs * 1.02], "unifiedhovertitle": title, "nticks": 8}


def _settled(curves: Sequence[Curve], steps: int, fixed: bool) -> Array:
    """Return the values that the axis must show: those after the first epoch once there is a second one, or all."""
    if fixed or len(curves[1][0]) < 2:
        return np.concatenate([values for _, values in curves])
    return np.concatenate([values[at >= steps] for at, values in curves])


def _accuracy_axis(values: Array, fixed: bool) -> Figure:
    """Return the accuracy axis in percent, from 0 or from an edge just below the lowest value."""
    least = float(values.min(initial=100.0)) if len(values) and not fixed else 0.0
    begin = next((edge for edge in ACCURACY_EDGES if least >= edge), 0)
    title = f"accuracy, % from {begin}" if begin else "accuracy, %"
    return AXIS | {"title": {"text": title}, "range": [begin, 100 + (100 - begin) * 0.02], "nticks": 6}


def _loss_axis(losses: Array, log: bool, fixed: bool) -> Figure:
    """Return the loss axis, from 0 to an edge above the highest loss, or in whole decades."""
    title = {"title": {"text": "loss"}}
    top = float(losses.max(initial=0.0))
    if not log:
        edges = () if fixed or not top else LOSS_EDGES
        high = next((edge for edge in edges if top <= edge), max(2.5, min(10.0, top * 1.05)))
        return AXIS | title | {"range": [0, high], "nticks": 6}
    least = float(losses[losses > 0].min(initial=1.0))
    low = max(-6, min(-3, math.floor(math.log10(least))))
    decades = [10.0**power for power in range(low, 2)]
    ticks = {
        "tickvals": decades,
        "ticktext": [f"{decade:.{max(0, -place)}f}" for place, decade in enumerate(decades, low)],
    }
    return AXIS | title | {"type": "log", "range": [low, 1.0 if top > 5 else 0.7]} | ticks


def _best(validation: Curve, measure: str, steps: int) -> Figure:
    """Return a ring around the best epoch's point of the validation curve, once there are two."""
    at, values = validation
    place = int(values.argmax() if measure == "accuracy" else values.argmin()) if len(values) > 1 else None
    best: Curve = (at[:0], values[:0]) if place is None else (at[place : place + 1], values[place : place + 1])
    ring: Figure = {"marker": {"size": 13, "color": VERMILLION, "symbol": "circle-open", "line": {"width": 2}}}
    ring |= {"mode": "markers", "cliponaxis": False}  # whole at the last epoch, too
    return _curve("best epoch", best, steps, ring, hovertemplate="epoch %{x:.0f}")


def _change(step: float, text: str, steps: int) -> Figure:
    """Return a dotted line where something was changed, with a word on it."""
    x = step / max(steps, 1)
    label: Figure = {"text": text, "textposition": "end", "textangle": 0, "yanchor": "top", "xanchor": "left"}
    label |= {"font": {"size": 11, "color": NEUTRAL}, "padding": 2}
    return _line(x0=x, x1=x, y0=0, y1=1, yref="paper", dash="dot") | {"label": label}


def _guessing(level: float, below: bool) -> Figure:
    label: Figure = {"text": "guessing", "textposition": "end", "font": {"size": 11, "color": NEUTRAL}, "padding": 1}
    label |= {"yanchor": "top" if below else "bottom"}
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
