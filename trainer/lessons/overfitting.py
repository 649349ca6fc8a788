"""Overfitting: a small network that learns noisy points in a plane, and its losses on them and on validation points.

The arithmetic is Keras's: two Dense layers with relu, a sigmoid output, binary cross-entropy, Adam, Dropout after each
hidden layer, and EarlyStopping that restores the best weights. An epoch is one step with all training points.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trainer.figures.palette import BLUE, NEUTRAL, VERMILLION
from trainer.figures.plotly import AXIS, Figure, frame
from trainer.lessons.activations import sigmoid
from trainer.lessons.plane import Points, grid, plane_chart

Floats = NDArray[np.float64]
Masks = tuple[Floats | float, ...]  # for each hidden layer (n, units), or 1
EPOCHS = 300
EXAMPLES = (20, 40, 80, 160, 320)  # training points to choose from
UNITS = (3, 32)  # of each hidden layer
VALIDATION_EXAMPLES = 400
NOISE = 0.1  # the share of points with the wrong label
DROPOUT, SHIFT, PATIENCE = 0.3, 0.12, 40  # rate, standard deviation of the augmentation's shifts, and epochs
LEARNING_RATE, _BETAS, _EPSILON = 0.02, (0.9, 0.999), 1e-7  # of Adam
_SIDE = 41  # points per side at which the chart shows the output
_MAX_LOSS = 1.5  # in the chart


@dataclass(frozen=True)
class Experiment:
    """What is trained, and which remedies against overfitting are used."""

    examples: int = 40
    units: int = UNITS[-1]
    dropout: bool = False
    augmentation: bool = False
    early_stopping: bool = False


class Network:
    """Two hidden layers and an output unit; all kernels and biases are views of one vector of parameters."""

    def __init__(self, units: int, parameters: Floats | None = None):
        shapes = ((2, units), (units,), (units, units), (units,), (units, 1), (1,))
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
        self.units = units
        self.parameters = np.zeros(int(ends[-1])) if parameters is None else parameters
        pieces = np.split(self.parameters, ends[:-1])
        parts = [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]
        self.kernels, self.biases = parts[::2], parts[1::2]

    def outputs(self, positions: Floats, masks: Masks = (1.0, 1.0)) -> Floats:
        """Return the probability of a square, 0..1, at each position (n, 2); `masks` multiply the hidden outputs."""
        return self._forward(positions, masks)[-1][:, 0]

    def gradient(self, points: Points, masks: Masks = (1.0, 1.0)) -> Floats:
        """Return the gradient of the mean loss, shaped like `parameters`."""
        *inputs, outputs = self._forward(points.positions, masks)
        error = (outputs - points.labels[:, None]) / len(outputs)
        gradient = Network(self.units)
        for place in (2, 1, 0):
            gradient.kernels[place][:] = inputs[place].T @ error
            gradient.biases[place][:] = error.sum(axis=0)
            if place:
                error = (error @ self.kernels[place].T) * (inputs[place] > 0) * masks[place - 1]
        return gradient.parameters

    def _forward(self, positions: Floats, masks: Masks) -> list[Floats]:
        """Return the inputs of each layer, and the outputs (n, 1)."""
        values = [positions]
        for kernel, bias, mask in zip(self.kernels, self.biases, masks, strict=False):
            values.append(np.maximum(values[-1] @ kernel + bias, 0) * mask)
        return [*values, sigmoid(values[-1] @ self.kernels[-1] + self.biases[-1])]


@dataclass(frozen=True, eq=False)
class Training:
    """A training: losses and accuracies after 0, 1, 2 ... epochs, and the parameters then.

    losses, accuracies: (epochs + 1, 2), of the training and the validation points, without dropout.
    """

    experiment: Experiment
    points: Points
    losses: Floats
    accuracies: Floats
    parameters: tuple[Floats, ...]

    @property
    def epochs(self) -> int:
        return len(self.losses) - 1

    @property
    def best(self) -> int:
        """Return the epoch after which the validation loss was lowest."""
        return int(self.losses[:, 1].argmin())

    def network(self, epoch: int) -> Network:
        return Network(self.experiment.units, self.parameters[epoch])


def border(x: Floats) -> Floats:
    """Return the height of the true border between squares (above) and circles."""
    return np.asarray(0.45 * np.sin(3.5 * x), np.float64)


def noisy_points(count: int, seed: int) -> Points:
    """Scatter points over the plane, labeled by the side of the border on which they lie; some labels are wrong."""
    rng = np.random.default_rng(seed)
    drawn = rng.uniform(size=(count, 3))  # point by point: more points include the fewer
    positions = 1.94 * drawn[:, :2] - 0.97
    above = positions[:, 1] > border(positions[:, 0])
    return Points(positions, (above != (drawn[:, 2] < NOISE)).astype(np.int64))


VALIDATION = noisy_points(VALIDATION_EXAMPLES, seed=1)


@lru_cache(maxsize=16)  # a class looks at the same few
def train(experiment: Experiment) -> Training:
    """Train a network; the same experiment always gives the same result."""
    rng = np.random.default_rng(3)
    points = noisy_points(experiment.examples, seed=0)
    network = Network(experiment.units)
    for kernel in network.kernels:
        limit = np.sqrt(6 / sum(kernel.shape))  # Keras's Glorot uniform
        kernel[:] = rng.uniform(-limit, limit, kernel.shape)
    mean, square = np.zeros_like(network.parameters), np.zeros_like(network.parameters)
    losses: list[list[float]] = []
    accuracies: list[list[float]] = []
    parameters: list[Floats] = []
    for epoch in range(EPOCHS + 1):
        measured = [measure(network, one) for one in (points, VALIDATION)]
        losses.append([loss for loss, _ in measured])
        accuracies.append([accuracy for _, accuracy in measured])
        parameters.append(network.parameters.astype(np.float32))
        if experiment.early_stopping and epoch - int(np.argmin(losses, axis=0)[1]) >= PATIENCE:
            break
        gradient = network.gradient(*_perturbed(points, experiment, rng))
        mean += (1 - _BETAS[0]) * (gradient - mean)
        square += (1 - _BETAS[1]) * (gradient**2 - square)
        rate = LEARNING_RATE * np.sqrt(1 - _BETAS[1] ** (epoch + 1)) / (1 - _BETAS[0] ** (epoch + 1))
        network.parameters -= rate * mean / (np.sqrt(square) + _EPSILON)
    return Training(experiment, points, np.array(losses), np.array(accuracies), tuple(parameters))


def verdict(training: Training, epoch: int) -> str:
    """Return a sentence on what the two losses after an epoch say."""
    loss, validation_loss = training.losses[epoch]
    if epoch > training.best and validation_loss > 1.15 * training.losses[training.best, 1]:
        return f"It overfits: since epoch {training.best} it has memorized its points and become worse on new ones."
    if loss > 0.5:
        return "It has not learned much yet."
    if validation_loss > loss + 0.2:
        return "It knows its own points better than new ones, but still gets no worse on those."
    return "It does about as well on new points as on its own."


def measure(network: Network, points: Points) -> tuple[float, float]:
    """Return the mean loss, binary cross-entropy, and the accuracy."""
    outputs = np.clip(network.outputs(points.positions), 1e-7, 1 - 1e-7)
    right = np.where(points.labels == 1, outputs, 1 - outputs)
    return float(-np.log(right).mean()), float((right > 0.5).mean())


def _perturbed(points: Points, experiment: Experiment, rng: np.random.Generator) -> tuple[Points, Masks]:
    """Return the points of the next epoch, shifted by augmentation, and the masks of dropout."""
    if experiment.augmentation:
        points = Points(points.positions + rng.normal(0, SHIFT, points.positions.shape), points.labels)
    if not experiment.dropout:
        return points, (1.0, 1.0)
    shape = 2, len(points.labels), experiment.units
    first, second = (rng.random(shape) >= DROPOUT) / (1 - DROPOUT)
    return points, (first, second)


# --- figures --------------------------------------------------------------------------------------------------


def border_chart(training: Training, epoch: int) -> Figure:
    """Draw the training points, the network's output after an epoch, and the true border."""
    network, points = training.network(epoch), training.points
    correct = (network.outputs(points.positions) > 0.5) == (points.labels == 1)
    figure = plane_chart(points, correct, network.outputs(grid(_SIDE)))
    x = np.linspace(-1, 1, 41)
    line: Figure = {"color": NEUTRAL, "width": 2, "dash": "dash"}
    curve: Figure = {"type": "scatter", "mode": "lines", "name": "true border", "line": line}
    figure["data"].append(curve | {"x": x.round(3).tolist(), "y": border(x).round(3).tolist()})
    return figure


def loss_chart(training: Training, epoch: int) -> Figure:
    """Draw both losses over the epochs, with a line at `epoch`. Larger losses than the chart's are cut off."""
    epochs = [*range(len(training.losses))]
    traces: list[Figure] = []
    for name, losses, color, dash in zip(
        ("training", "validation"), training.losses.T, (BLUE, VERMILLION), ("solid", "dash"), strict=True
    ):
        line: Figure = {"color": color, "width": 2.5, "dash": dash}
        curve: Figure = {"type": "scatter", "mode": "lines", "name": name, "line": line}
        curve |= {"x": epochs, "y": losses.round(4).tolist(), "hovertemplate": "%{y:.3f}"}
        traces.append(curve)
    best: Figure = {"type": "scatter", "mode": "markers", "name": "best epoch", "hoverinfo": "skip"}
    best |= {"x": [training.best], "y": [round(float(training.losses[training.best, 1]), 4)]}
    traces.append(best | {"marker": {"symbol": "star", "size": 14, "color": VERMILLION}})
    mark: Figure = {"type": "line", "x0": epoch, "x1": epoch, "y0": 0, "y1": 1, "yref": "paper"}
    return {
        "data": traces,
        "layout": {
            **frame(height=300, left=44, right=10, top=34, bottom=38),
            "xaxis": AXIS | {"range": [-4, EPOCHS + 4], "title": {"text": "epoch"}, "nticks": 6},
            "yaxis": AXIS | {"range": [0, _MAX_LOSS], "title": {"text": "loss"}, "nticks": 6},
            "legend": {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "bgcolor": "rgba(0, 0, 0, 0)"},
            "shapes": [mark | {"line": {"color": NEUTRAL, "width": 1.5, "dash": "dot"}}],
            "hovermode": "x",
        },
    }
