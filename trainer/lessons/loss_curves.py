"""Charts of the two losses over the true class's probability, and of ten probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainer.config.limits import CLASSES
from trainer.figures.palette import BLUE, GRAY, NEUTRAL, VERMILLION
from trainer.figures.plotly import AXIS, Figure, frame, literal
from trainer.networks.losses import Floats, cross_entropy, squared_error

MIN_PROBABILITY = 0.001  # of the true class, the smallest that the curves show


def answer_probabilities(label: int, share: float) -> Floats:
    """Return probabilities (10,): `share` for the label, and equal parts of the rest for the other nine."""
    probabilities = np.full(CLASSES, (1 - share) / (CLASSES - 1))
    probabilities[label] = share
    return probabilities


# --- figures --------------------------------------------------------------------------------------------------


def probability_columns(probabilities: Sequence[float], classes: Sequence[str], height: int = 260) -> Figure:
    """Draw ten columns, 0 to 100 %, each with its value above it; the highest is blue."""
    shares = [100 * float(value) for value in probabilities]
    best = max(range(len(shares)), key=shares.__getitem__)
    texts = [f"{share:.0f}" if share >= 9.95 else f"{share:.1f}" for share in shares]
    bars: Figure = {"type": "bar", "x": [*range(len(shares))], "y": shares, "text": texts, "textposition": "outside"}
    bars |= {"marker": {"color": [BLUE if place == best else GRAY for place in range(len(shares))]}}
    ticks = {"tickvals": [*range(len(shares))], "ticktext": [literal(name) for name in classes]}
    return {
        "data": [bars | {"cliponaxis": False, "hoverinfo": "skip"}],
        "layout": {
            **frame(height=height, left=50, right=8, top=20, bottom=24),
            "xaxis": AXIS | ticks | {"range": [-0.6, len(shares) - 0.4]},
            "yaxis": AXIS | {"range": [0, 105], "tickvals": [0, 50, 100], "title": {"text": "probability, %"}},
            "bargap": 0.2,
        },
    }


def loss_curve(kind: str, share: float) -> Figure:
    """Draw a loss ("cross-entropy" or "squared error") over the true class's probability, with a dot at `share`."""
    shares = np.concatenate([np.geomspace(MIN_PROBABILITY, 0.1, 25), np.linspace(0.12, 1 - MIN_PROBABILITY, 40)])
    label = np.array([0])
    loss, top, color = (cross_entropy, 7.0, BLUE) if kind == "cross-entropy" else (squared_error, 0.14, VERMILLION)
    curve = [round(float(loss(answer_probabilities(0, at)[None], label)[0]), 5) for at in shares]
    value = float(loss(answer_probabilities(0, share)[None], label)[0])
    guess = float(loss(answer_probabilities(0, 1 / CLASSES)[None], label)[0])
    line: Figure = {"type": "scatter", "mode": "lines", "x": (100 * shares).round(2).tolist(), "y": curve}
    dot: Figure = {"type": "scatter", "mode": "markers", "x": [100 * share], "y": [value]}
    text: Figure = {"text": "guessing", "textposition": "end", "font": {"size": 11, "color": NEUTRAL}, "padding": 1}
    level: Figure = {"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": guess, "y1": guess, "label": text}
    return {
        "data": [
            line | {"line": {"color": color, "width": 2.5}, "hovertemplate": "%{x:.1f} %: %{y:.3f}<extra></extra>"},
            dot | {"marker": {"color": color, "size": 13}, "hoverinfo": "skip"},
        ],
        "layout": {
            **frame(height=205, left=50, right=10, top=10, bottom=40),
            "xaxis": AXIS | {"range": [-2, 102], "title": {"text": "probability of the true digit, %"}},
            "yaxis": AXIS | {"range": [0, top], "title": {"text": kind}, "nticks": 6},
            "shapes": [level | {"line": {"color": NEUTRAL, "width": 1.2, "dash": "dot"}}],
            "showlegend": False,
        },
    }
