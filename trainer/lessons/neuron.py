"""A neuron that separates squares from circles in a plane: its output, two learning rules, and its chart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trainer.figures.palette import NEUTRAL
from trainer.figures.plotly import Figure
from trainer.lessons.activations import sigmoid
from trainer.lessons.plane import Points, grid, plane_chart

Floats = NDArray[np.float64]
STEP, SIGMOID = "step", "sigmoid"  # the activations of the neuron
MAX_WEIGHT = 6.0  # of weights and bias, in either direction
_POINTS_PER_CLASS = 20
_GRID = {STEP: 81, SIGMOID: 25}  # points per side at which the chart shows the output: a step needs a fine grid


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


def neuron_chart(neuron: Neuron, points: Points, kind: str) -> Figure:
    """Draw the points, the neuron's line, and its output as a tint of the plane."""
    outputs = neuron.outputs(grid(_GRID[kind]), kind)
    figure = plane_chart(points, neuron.correct(points), outputs, smooth=kind == SIGMOID)
    figure["layout"]["shapes"] = _line(neuron)
    return figure


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
