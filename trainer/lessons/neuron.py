"""One neuron that tells squares from circles in a plane: its sum, its output, how it learns, and its picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trainer.figures.palette import BLUE, NEUTRAL, VERMILLION
from trainer.figures.plotly import AXIS, Figure, frame
from trainer.lessons.activations import sigmoid

Floats = NDArray[np.float64]
STEP, SIGMOID = "step", "sigmoid"  # what a neuron may make of its sum
MOST = 6.0  # the largest weight or bias, either way
_GROUP = 20  # points of each kind
_GRID = {STEP: 81, SIGMOID: 25}  # places a side at which the picture shows the output: a step is sharp


@dataclass(frozen=True, eq=False)
class Points:
    """Points of a plane: places (n, 2), each within -1..1; labels (n,), 1 for a square and 0 for a circle."""

    places: Floats
    labels: NDArray[np.int64]


def _groups(middles: list[tuple[float, float, int]], spread: float, seed: int) -> Points:
    """Scatter points around middles (x, y, label)."""
    rng = np.random.default_rng(seed)
    each = 2 * _GROUP // len(middles)
    places = [np.array([x, y]) + rng.normal(0, spread, (each, 2)) for x, y, _ in middles]
    labels = np.repeat([label for *_, label in middles], each)
    return Points(np.clip(np.concatenate(places), -0.97, 0.97), labels)


SETS = {
    "Two groups": _groups([(0.5, 0.35, 1), (-0.4, -0.4, 0)], 0.17, seed=2),
    "They overlap": _groups([(0.3, 0.2, 1), (-0.2, -0.2, 0)], 0.3, seed=5),
    "Crosswise": _groups([(0.5, 0.5, 1), (-0.5, -0.5, 1), (-0.5, 0.5, 0), (0.5, -0.5, 0)], 0.14, seed=1),
}


@dataclass(frozen=True)
class Neuron:
    """Two weights and a bias."""

    weight_1: float = 0.0
    weight_2: float = 0.0
    bias: float = 0.0

    def sums(self, places: Floats) -> Floats:
        """Return weight_1 * x + weight_2 * y + bias of places (n, 2), as (n,)."""
        return np.asarray(places @ np.array([self.weight_1, self.weight_2]) + self.bias, np.float64)

    def outputs(self, places: Floats, kind: str) -> Floats:
        """Return what becomes of the sums, 0..1: a step at 0, or a sigmoid."""
        sums = self.sums(places)
        return (sums > 0).astype(np.float64) if kind == STEP else sigmoid(sums)

    def right(self, points: Points) -> NDArray[np.bool_]:
        """Tell which points lie on their side of the line; those on the line itself count as circles."""
        return np.asarray((self.sums(points.places) > 0) == (points.labels == 1))

    def corrected(self, points: Points, after: int = -1, rate: float = 0.5) -> tuple[Neuron, int | None]:
        """Learn by Rosenblatt's perceptron rule from the next misread point after place `after`, or from none.

        The point is added to the weights where it is a square, and taken away where it is a circle. Return the neuron
        and the point's place.
        """
        wrong = np.flatnonzero(~self.right(points))
        if not len(wrong):
            return self, None
        place = int(wrong[np.searchsorted(wrong, after, side="right") % len(wrong)])
        sign = rate if points.labels[place] else -rate
        return self._moved(sign * points.places[place], sign), place

    def descended(self, points: Points, rate: float = 2.0) -> Neuron:
        """Take one step of gradient descent on the cross-entropy of all points, with sigmoid output."""
        errors = points.labels - self.outputs(points.places, SIGMOID)
        return self._moved(rate * (errors @ points.places) / len(errors), rate * float(errors.mean()))

    def _moved(self, weights: Floats, bias: float) -> Neuron:
        moved = [self.weight_1 + weights[0], self.weight_2 + weights[1], self.bias + bias]
        first, second, third = (round(float(np.clip(value, -MOST, MOST)), 3) for value in moved)
        return replace(self, weight_1=first, weight_2=second, bias=third)


def plane(neuron: Neuron, points: Points, kind: str) -> Figure:
    """Draw the points, the neuron's line and, as a tint, its output everywhere: blue 1, vermillion 0."""
    side = _GRID[kind]
    ends = np.linspace(-1, 1, side).round(4)
    everywhere = np.stack(np.meshgrid(ends, ends), axis=-1).reshape(-1, 2)
    outputs = neuron.outputs(everywhere, kind).reshape(side, side).round(3)
    right = neuron.right(points)
    tint: Figure = {"type": "heatmap", "x": ends.tolist(), "y": ends.tolist(), "z": outputs.tolist()}
    tint |= {
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "hoverinfo": "skip",
        "zsmooth": False if kind == STEP else "best",
        "opacity": 0.35,
    }
    tint |= {"colorscale": [[0, VERMILLION], [0.5, "rgba(128, 128, 128, 0)"], [1, BLUE]]}
    traces = [tint]
    for label, name, color, symbol in ((1, "squares", BLUE, "square"), (0, "circles", VERMILLION, "circle")):
        mine = points.labels == label
        style: Figure = {"color": color, "symbol": symbol, "size": 11, "line": {"width": 1, "color": "#fff"}}
        traces.append(_dots(points.places[mine], name, style))
    traces.append(_dots(points.places[~right], "misread", {"color": NEUTRAL, "symbol": "x-thin-open", "size": 17}))
    traces[-1]["marker"]["line"] = {"width": 2.5, "color": NEUTRAL}
    axis = AXIS | {"range": [-1, 1], "tickvals": [-1, 1]}
    return {
        "data": traces,
        "layout": {
            **frame(height=370, left=34, right=10, top=34, bottom=34),
            "xaxis": axis | {"title": {"text": "x", "standoff": 0}},
            "yaxis": axis | {"title": {"text": "y", "standoff": 0}},
            "legend": {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "bgcolor": "rgba(0, 0, 0, 0)"},
            "shapes": _line(neuron),
            "hovermode": False,
        },
    }


def _dots(places: Floats, name: str, marker: Figure) -> Figure:
    x, y = places.round(3).T.tolist() if len(places) else ([], [])
    return {"type": "scatter", "mode": "markers", "name": name, "x": x, "y": y, "marker": marker}


def _line(neuron: Neuron) -> list[Figure]:
    """Draw where the sum is 0, as far as it lies in the picture; nowhere without weights."""
    weights = np.array([neuron.weight_1, neuron.weight_2])
    length = float(weights @ weights)
    if not length:
        return []
    middle = -neuron.bias * weights / length
    along = 4 * np.array([-weights[1], weights[0]]) / np.sqrt(length)
    (x0, y0), (x1, y1) = (middle - along).tolist(), (middle + along).tolist()
    return [{"type": "line", "x0": x0, "y0": y0, "x1": x1, "y1": y1, "line": {"color": NEUTRAL, "width": 3}}]
