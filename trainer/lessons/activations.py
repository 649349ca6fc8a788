"""Activation functions in NumPy, by Keras's names, and the chart of their curves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.config.limits import choice_label
from trainer.figures.palette import BLUE, GRAY, GREEN, NEUTRAL, ORANGE, PURPLE, SKY, VERMILLION
from trainer.figures.plotly import AXIS, Figure, frame

Floats = NDArray[np.float64]
MAX_SUM = 4.0  # the curves show sums from -MAX_SUM to MAX_SUM


def sigmoid(sums: Floats) -> Floats:
    """Return the sigmoid of an array of any shape: values between 0 and 1."""
    return np.asarray(1 / (1 + np.exp(-sums)), np.float64)


def _gelu(sums: Floats) -> Floats:
    return np.asarray(sums * [(1 + math.erf(value / math.sqrt(2))) / 2 for value in sums], np.float64)


ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "linear": lambda sums: sums,
    "relu": lambda sums: np.maximum(sums, 0),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "elu": lambda sums: np.where(sums > 0, sums, np.expm1(np.minimum(sums, 0))),
    "gelu": _gelu,
    "swish": lambda sums: sums * sigmoid(sums),
    "leaky_relu": lambda sums: np.where(sums > 0, sums, 0.2 * sums),
}
DESCRIPTIONS = {
    "linear": "leaves the sum unchanged: several linear layers can do no more than one",
    "relu": "keeps positive sums and replaces negative ones with 0: simple, and the usual choice",
    "sigmoid": "squeezes every sum between 0 and 1: far from 0 the curve is flat, so little is learned there",
    "tanh": "squeezes every sum between −1 and 1",
    "elu": "like relu, but bends smoothly below 0 and never falls below −1",
    "gelu": "a smooth relu, common in language models",
    "swish": "also a smooth relu: the sum times its sigmoid",
    "leaky_relu": "like relu, but keeps a fifth of each negative sum",
}
_STYLES = dict(
    zip(
        ACTIVATIONS,
        (
            (NEUTRAL, "solid"),
            (BLUE, "solid"),
            (VERMILLION, "solid"),
            (GREEN, "dash"),
            (ORANGE, "dot"),
            (PURPLE, "dashdot"),
            (SKY, "dash"),
            (GRAY, "dot"),
        ),
        strict=True,
    )
)


def activation_value(name: str, unit_sum: float) -> float:
    """Return the output of an activation function for one sum."""
    return float(ACTIVATIONS[name](np.array([unit_sum]))[0])


def function_curves(names: Sequence[str], marked_sum: float) -> Figure:
    """Draw activation functions on the same axes, with a dot on each curve at `marked_sum`."""
    sums = np.linspace(-MAX_SUM, MAX_SUM, 81)
    traces: list[Figure] = []
    for name in names:
        label, (color, dash) = choice_label("activation", name), _STYLES[name]
        y = ACTIVATIONS[name](sums).round(4).tolist()
        curve: Figure = {"type": "scatter", "mode": "lines", "name": label, "x": sums.round(2).tolist(), "y": y}
        traces.append(curve | {"line": {"color": color, "width": 2.5, "dash": dash}, "hovertemplate": "%{y:.2f}"})
    for name in names:
        dot: Figure = {
            "type": "scatter",
            "mode": "markers",
            "name": choice_label("activation", name),
            "showlegend": False,
        }
        dot |= {"x": [marked_sum], "y": [round(activation_value(name, marked_sum), 4)], "hoverinfo": "skip"}
        traces.append(dot | {"marker": {"color": _STYLES[name][0], "size": 10}})
    axis = AXIS | {"range": [-MAX_SUM, MAX_SUM], "dtick": 1}
    marker_line = {"type": "line", "x0": marked_sum, "x1": marked_sum, "y0": 0, "y1": 1, "yref": "paper"}
    return {
        "data": traces,
        "layout": {
            **frame(height=270, left=44, right=10, top=44, bottom=40),
            "xaxis": axis | {"title": {"text": "sum"}, "zeroline": True, "zerolinecolor": NEUTRAL},
            "yaxis": axis
            | {"range": [-1.5, MAX_SUM], "title": {"text": "output"}, "zeroline": True}
            | {"zerolinecolor": NEUTRAL},
            "legend": {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "bgcolor": "rgba(0, 0, 0, 0)"},
            "shapes": [marker_line | {"line": {"color": NEUTRAL, "width": 1.2, "dash": "dot"}}],
            "hovermode": "x",
        },
    }
