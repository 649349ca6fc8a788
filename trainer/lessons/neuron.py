"""A neuron that separates squares from circles in a plane: its output, two learning rules, and its chart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trainer.figures.palette import BLUE, NEUTRAL, VERMILLION
from trainer.figures.plotly import AXIS, Figure, frame
from trainer.lessons.activations import sigmoid

Floats = NDArray[np.float64]
STEP, SIGMOID = "step", "sigmoid"  # the activations of the neuron
MAX_WEIGHT = 6.0  # of weights and bias, in either direction
_POINTS_PER_CLASS = 20
_GRID = {STEP: 81, SIGMOID: 25}  # points per side at which the chart shows the output: a step needs a fine grid


@dataclass(frozen=True, eq=False)
class Points:
    """Points in a plane: positions (n, 2), each in -1..1; labels (n,), 1 for a square and 0 for a circle."""

    positions: Floats
    labels: NDArray[np.int64]


def _groups(centers: list[tuple[float, float, int]], spread: float, seed: int) -> Points:
    """Scatter points around centers (x, y, label)."""
    rng = np.random.default_rng(seed)
    each = 2 * _POINTS_PER_CLASS // len(centers)
    positions = [np.array([x, y]) + rng.normal(0, spread, (each, 2)) for x, y, _ in centers]
    labels = np.repeat([label for *_, label in centers], each)
    return Points(np.clip(np.concatenate(positions), -0.97, 0.97), labels)


POINT_SETS = {
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

    def sums(self, positions: Floats) -> Floats:
        """Return weight_1 * x + weight_2 * y + bias for positions (n, 2), as (n,)."""
        return np.asarray(positions @ np.array([self.weight_1, self.weight_2]) + self.bias, np.float64)

    def outputs(self, positions: Floats, kind: str) -> Floats:
        """Return the outputs, 0..1, for positions (n, 2), with a step or a sigmoid activation."""
        sums = self.sums(positions)
        return (sums > 0).astype(np.float64) if kind == STEP else sigmoid(sums)

    def correct(self, points: Points) -> NDArray[np.bool_]:
        """Return which points lie on the correct side of the line; points on the line count as circles."""
        return np.asarray((self.sums(points.positions) > 0) == (points.labels == 1))

    def perceptron_step(self, points: Points, after: int = -1, rate: float = 0.5) -> tuple[Neuron, int | None]:
        """Apply Rosenblatt's perceptron rule to the next misclassified point after index `after`.

        A square is added to the weights, a circle is subtracted. Returns the neuron and the point's index, or None if
        no point is misclassified.
        """
        misclassified = np.flatnonzero(~self.correct(points))
        if not len(misclassified):
            return self, None
        index = int(misclassified[np.searchsorted(misclassified, after, side="right") % len(misclassified)])
        change = rate if points.labels[index] else -rate
        return self._moved(change * points.positions[index], change), index

    def gradient_step(self, points: Points, rate: float = 2.0) -> Neuron:
        """Take one step of gradient descent on the mean cross-entropy of all points, with a sigmoid output."""
        errors = points.labels - self.outputs(points.positions, SIGMOID)
        return self._moved(rate * (errors @ points.positions) / len(errors), rate * float(errors.mean()))

    def _moved(self, weights: Floats, bias: float) -> Neuron:
        moved = [self.weight_1 + weights[0], self.weight_2 + weights[1], self.bias + bias]
        first, second, third = (round(float(np.clip(value, -MAX_WEIGHT, MAX_WEIGHT)), 3) for value in moved)
        return replace(self, weight_1=first, weight_2=second, bias=third)


def plane_chart(neuron: Neuron, points: Points, kind: str) -> Figure:
    """Draw the points, the neuron's line, and its output as a background tint: blue for 1, vermillion for 0."""
    side = _GRID[kind]
    ticks = np.linspace(-1, 1, side).round(4)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    outputs = neuron.outputs(grid, kind).reshape(side, side).round(3)
    correct = neuron.correct(points)
    tint: Figure = {"type": "heatmap", "x": ticks.tolist(), "y": ticks.tolist(), "z": outputs.tolist()}
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
        of_class = points.labels == label
        style: Figure = {"color": color, "symbol": symbol, "size": 11, "line": {"width": 1, "color": "#fff"}}
        traces.append(_dots(points.positions[of_class], name, style))
    traces.append(
        _dots(points.positions[~correct], "misclassified", {"color": NEUTRAL, "symbol": "x-thin-open", "size": 17})
    )
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


def _dots(positions: Floats, name: str, marker: Figure) -> Figure:
    x, y = positions.round(3).T.tolist() if len(positions) else ([], [])
    return {"type": "scatter", "mode": "markers", "name": name, "x": x, "y": y, "marker": marker}


def _line(neuron: Neuron) -> list[Figure]:
    """Return the line where the sum is 0, long enough to cross the chart; none if both weights are 0."""
    weights = np.array([neuron.weight_1, neuron.weight_2])
    length = float(weights @ weights)
    if not length:
        return []
    middle = -neuron.bias * weights / length
    along = 4 * np.array([-weights[1], weights[0]]) / np.sqrt(length)
    (x0, y0), (x1, y1) = (middle - along).tolist(), (middle + along).tolist()
    return [{"type": "line", "x0": x0, "y0": y0, "x1": x1, "y1": y1, "line": {"color": NEUTRAL, "width": 3}}]
