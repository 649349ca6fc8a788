"""What a unit makes of its sum: the activation functions, by Keras's names, and their curves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.figures.palette import BLUE, GREEN, GREY, NEUTRAL, ORANGE, PURPLE, SKY, VERMILLION
from trainer.figures.plotly import AXIS, Figure, frame

Floats = NDArray[np.float64]
REACH = 4.0  # of the sums that the curves show, either way


def sigmoid(sums: Floats) -> Floats:
    """Squeeze numbers, of any shape, between 0 and 1."""
    return np.asarray(1 / (1 + np.exp(-sums)), np.float64)


def _gelu(sums: Floats) -> Floats:
    return np.asarray(sums * [(1 + math.erf(value / math.sqrt(2))) / 2 for value in sums], np.float64)


FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "linear": lambda sums: sums,
    "relu": lambda sums: np.maximum(sums, 0),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "elu": lambda sums: np.where(sums > 0, sums, np.expm1(np.minimum(sums, 0))),
    "gelu": _gelu,
    "swish": lambda sums: sums * sigmoid(sums),
    "leaky_relu": lambda sums: np.where(sums > 0, sums, 0.2 * sums),
}
NOTES = {
    "linear": "lets every sum through as it is: layers of it are no more than one layer",
    "relu": "keeps what is above 0 and makes 0 of the rest: simple, and the usual choice",
    "sigmoid": "squeezes every sum between 0 and 1: far from 0 it is flat, and little is learned there",
    "tanh": "squeezes every sum between −1 and 1",
    "elu": "relu with a soft end below 0, never below −1",
    "gelu": "a rounded relu, usual in networks that read text",
    "swish": "a rounded relu as well: the sum times its sigmoid",
    "leaky_relu": "relu that lets a fifth of what is below 0 through",
}
_STYLES = dict(
    zip(
        FUNCTIONS,
        (
            (NEUTRAL, "solid"),
            (BLUE, "solid"),
            (VERMILLION, "solid"),
            (GREEN, "dash"),
            (ORANGE, "dot"),
            (PURPLE, "dashdot"),
            (SKY, "dash"),
            (GREY, "dot"),
        ),
        strict=True,
    )
)


def value(name: str, total: float) -> float:
    """Return what an activation function makes of one sum."""
    return float(FUNCTIONS[name](np.array([total]))[0])


def function_curves(names: Sequence[str], at: float) -> Figure:
    """Draw activation functions over the same axes, and what each makes of the sum `at`."""
    sums = np.linspace(-REACH, REACH, 81)
    traces: list[Figure] = []
    for name in names:
        color, dash = _STYLES[name]
        y = FUNCTIONS[name](sums).round(4).tolist()
        curve: Figure = {"type": "scatter", "mode": "lines", "name": name, "x": sums.round(2).tolist(), "y": y}
        traces.append(curve | {"line": {"color": color, "width": 2.5, "dash": dash}, "hovertemplate": "%{y:.2f}"})
    for name in names:
        dot: Figure = {"type": "scatter", "mode": "markers", "name": f"{name}, here", "showlegend": False}
        dot |= {"x": [at], "y": [round(value(name, at), 4)], "hoverinfo": "skip"}
        traces.append(dot | {"marker": {"color": _STYLES[name][0], "size": 10}})
    axis = AXIS | {"range": [-REACH, REACH], "dtick": 1}
    here = {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper"}
    return {
        "data": traces,
        "layout": {
            **frame(height=270, left=44, right=10, top=44, bottom=40),
            "xaxis": axis | {"title": {"text": "sum that comes in"}, "zeroline": True, "zerolinecolor": NEUTRAL},
            "yaxis": axis
            | {"range": [-1.5, REACH], "title": {"text": "output"}, "zeroline": True}
            | {"zerolinecolor": NEUTRAL},
            "legend": {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "bgcolor": "rgba(0, 0, 0, 0)"},
            "shapes": [here | {"line": {"color": NEUTRAL, "width": 1.2, "dash": "dot"}}],
            "hovermode": "x",
        },
    }
