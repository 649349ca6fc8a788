"""Gradient descent on one small batch, in NumPy: what a step does to the weights, and how the error goes back.

The arithmetic is that of Keras: Dense layers, relu between them, softmax at the end, cross-entropy, plain SGD.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.config.limits import CLASSES
from trainer.drawing.normalize import SIZE
from trainer.figures.palette import BLUE, NEUTRAL
from trainer.figures.plotly import AXIS, Figure, frame
from trainer.networks.losses import cross_entropy, one_hot, softmax

Floats = NDArray[np.float32]
Layers = tuple[tuple[Floats, Floats], ...]  # each layer's kernel (inputs, units) and bias (units,)
PIXELS = SIZE * SIZE
HIDDEN = 16  # units


@dataclass(frozen=True, eq=False)
class Pass:
    """One way forth and back through the network.

    activations: of each layer, the first being the images: (n, inputs). errors: of each layer's sums, (n, units), the
    last being probabilities minus one-hot; not yet divided by n. gradients: of the mean loss, as the layers are.
    """

    activations: tuple[Floats, ...]
    probabilities: Floats
    errors: tuple[Floats, ...]
    gradients: Layers
    loss: float
    accuracy: float


@dataclass(frozen=True, eq=False)
class Descent:
    """A network on its way down: its layers, those before the last step, and the loss at each step so far."""

    layers: Layers
    before: Layers
    losses: tuple[float, ...]  # at the beginning and after each step

    @property
    def steps(self) -> int:
        return len(self.losses) - 1

    @property
    def change(self) -> Layers:
        """Return by how much the last step changed each number."""
        pairs = zip(self.layers, self.before, strict=True)
        return tuple((new[0] - old[0], new[1] - old[1]) for new, old in pairs)


def begin(images: Floats, labels: NDArray[np.integer], hidden: bool = False, seed: int = 0) -> Descent:
    """Begin on a batch: images (n, 784) in 0..1, labels (n,).

    One layer begins with all weights 0, so that it says 10 % for every digit; with a hidden layer that would never
    change, so the weights are drawn at random as Keras does (glorot_uniform).
    """
    if not hidden:
        layers: Layers = ((_zeros(PIXELS, CLASSES), _zeros(CLASSES)),)
    else:
        rng = np.random.default_rng(seed)
        sizes = ((PIXELS, HIDDEN), (HIDDEN, CLASSES))
        layers = tuple((_glorot(rng, *size), _zeros(size[1])) for size in sizes)
    return Descent(layers, layers, (passed(layers, images, labels).loss,))


def passed(layers: Layers, images: Floats, labels: NDArray[np.integer]) -> Pass:
    """Send a batch forth through the layers, and its error back."""
    activations = [np.asarray(images, np.float32)]
    for place, (kernel, bias) in enumerate(layers):
        sums = activations[-1] @ kernel + bias
        activations.append(np.maximum(sums, 0) if place < len(layers) - 1 else sums)
    probabilities = softmax(activations.pop()).astype(np.float32)
    error: Floats = probabilities - one_hot(labels).astype(np.float32)
    errors: list[Floats] = [error]
    gradients: list[tuple[Floats, Floats]] = []
    for place in reversed(range(len(layers))):
        inputs = activations[place]
        gradients.append((inputs.T @ error / np.float32(len(inputs)), error.mean(axis=0)))
        if place:
            error = (error @ layers[place][0].T) * (inputs > 0)  # relu lets through where it was above 0
            errors.append(error)
    loss = float(cross_entropy(probabilities.astype(np.float64), labels).mean())
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    return Pass(tuple(activations), probabilities, tuple(reversed(errors)), tuple(reversed(gradients)), loss, accuracy)


def step(
    descent: Descent, images: Floats, labels: NDArray[np.integer], learning_rate: float, steps: int = 1
) -> Descent:
    """Take steps against the gradient: each number moves by the learning rate times its gradient, down."""
    layers, before, losses = descent.layers, descent.before, list(descent.losses)
    gradients = passed(layers, images, labels).gradients
    for _ in range(steps):
        before = layers
        layers = tuple(
            (kernel - np.float32(learning_rate) * to_kernel, bias - np.float32(learning_rate) * to_bias)
            for (kernel, bias), (to_kernel, to_bias) in zip(layers, gradients, strict=True)
        )
        after = passed(layers, images, labels)
        gradients = after.gradients
        losses.append(after.loss)
    return Descent(layers, before, tuple(losses))


def _zeros(*shape: int) -> Floats:
    return np.zeros(shape, np.float32)


def _glorot(rng: np.random.Generator, inputs: int, units: int) -> Floats:
    most = np.sqrt(6 / (inputs + units))
    return rng.uniform(-most, most, (inputs, units)).astype(np.float32)


# --- figures --------------------------------------------------------------------------------------------------


def descent_curve(losses: tuple[float, ...]) -> Figure:
    """Draw the loss over the steps; what guessing costs is a dotted line. The axes grow by whole tens of steps."""
    finite = [loss if np.isfinite(loss) else None for loss in losses]
    top = max(3.0, 1.08 * max((loss for loss in finite if loss is not None), default=0.0))
    curve: Figure = {"type": "scatter", "mode": "lines+markers", "name": "loss", "x": [*range(len(losses))]}
    curve |= {"y": [loss if loss is None else round(loss, 4) for loss in finite]}
    curve |= {"line": {"color": BLUE, "width": 2}, "marker": {"size": 6 if len(losses) < 40 else 3, "color": BLUE}}
    guess = float(np.log(CLASSES))
    text: Figure = {"text": "guessing", "textposition": "end", "font": {"size": 11, "color": NEUTRAL}, "padding": 1}
    level: Figure = {"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": guess, "y1": guess, "label": text}
    return {
        "data": [curve | {"hovertemplate": "step %{x}: %{y:.4f}<extra></extra>"}],
        "layout": {
            **frame(height=230, left=44, right=10, top=8, bottom=38),
            "xaxis": AXIS
            | {"range": [-0.3, max(10, -(-(len(losses) - 1) // 10) * 10) + 0.3]}
            | {"title": {"text": "step"}, "nticks": 6},
            "yaxis": AXIS | {"range": [0, top], "title": {"text": "loss of the 32"}, "nticks": 5},
            "shapes": [level | {"line": {"color": NEUTRAL, "width": 1.2, "dash": "dot"}}],
            "showlegend": False,
        },
    }
