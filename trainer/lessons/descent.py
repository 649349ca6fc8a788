"""Gradient descent on one small batch, in NumPy: the forward and backward pass, a step, and the loss curve.

The arithmetic is Keras's: Dense layers with relu between them, softmax, cross-entropy and plain SGD.
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
Layers = tuple[tuple[Floats, Floats], ...]  # kernel (inputs, units) and bias (units,) of each layer
PIXELS = SIZE * SIZE
HIDDEN_UNITS = 16


@dataclass(frozen=True, eq=False)
class Pass:
    """One forward and backward pass of a batch of n images.

    activations: the inputs of each layer, (n, inputs), the images first. errors: the gradient of each image's loss with
    respect to each layer's sums, (n, units); the last are probabilities minus one-hot labels. gradients: of the mean
    loss, shaped like the layers.
    """

    activations: tuple[Floats, ...]
    probabilities: Floats
    errors: tuple[Floats, ...]
    gradients: Layers
    loss: float
    accuracy: float


@dataclass(frozen=True, eq=False)
class Descent:
    """A network in training: its layers, its layers before the last step, and the loss after each step."""

    layers: Layers
    before: Layers
    losses: tuple[float, ...]  # before the first step and after each one

    @property
    def steps(self) -> int:
        return len(self.losses) - 1

    @property
    def change(self) -> Layers:
        """Return the change that the last step made to each weight and bias."""
        pairs = zip(self.layers, self.before, strict=True)
        return tuple((new[0] - old[0], new[1] - old[1]) for new, old in pairs)


def start(images: Floats, labels: NDArray[np.integer], hidden: bool = False, seed: int = 0) -> Descent:
    """Return an untrained network for a batch: images (n, 784) in 0..1, labels (n,).

    A single layer starts with all weights 0, which gives every digit 10 %. A hidden layer with weights 0 would never
    change, so its weights are random, as in Keras (Glorot uniform).
    """
    if not hidden:
        layers: Layers = ((_zeros(PIXELS, CLASSES), _zeros(CLASSES)),)
    else:
        rng = np.random.default_rng(seed)
        sizes = ((PIXELS, HIDDEN_UNITS), (HIDDEN_UNITS, CLASSES))
        layers = tuple((_glorot(rng, *size), _zeros(size[1])) for size in sizes)
    return Descent(layers, layers, (forward_backward(layers, images, labels).loss,))


def forward_backward(layers: Layers, images: Floats, labels: NDArray[np.integer]) -> Pass:
    """Run a batch forward through the layers and its errors backward."""
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
            error = (error @ layers[place][0].T) * (inputs > 0)  # the derivative of relu is 1 above 0, else 0
            errors.append(error)
    loss = float(cross_entropy(probabilities.astype(np.float64), labels).mean())
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    return Pass(tuple(activations), probabilities, tuple(reversed(errors)), tuple(reversed(gradients)), loss, accuracy)


def step(
    descent: Descent, images: Floats, labels: NDArray[np.integer], learning_rate: float, steps: int = 1
) -> Descent:
    """Take steps: subtract the learning rate times the gradient from each weight and bias."""
    rate, layers, before, losses = np.float32(learning_rate), descent.layers, descent.before, list(descent.losses)
    gradients = forward_backward(layers, images, labels).gradients
    for _ in range(steps):
        before = layers
        layers = tuple(
            (kernel - rate * kernel_gradient, bias - rate * bias_gradient)
            for (kernel, bias), (kernel_gradient, bias_gradient) in zip(layers, gradients, strict=True)
        )
        after = forward_backward(layers, images, labels)
        gradients = after.gradients
        losses.append(after.loss)
    return Descent(layers, before, tuple(losses))


def _zeros(*shape: int) -> Floats:
    return np.zeros(shape, np.float32)


def _glorot(rng: np.random.Generator, inputs: int, units: int) -> Floats:
    limit = np.sqrt(6 / (inputs + units))
    return rng.uniform(-limit, limit, (inputs, units)).astype(np.float32)


# --- figures --------------------------------------------------------------------------------------------------


def descent_curve(losses: tuple[float, ...]) -> Figure:
    """Draw the loss over the steps, with the loss of guessing as a dotted line. The x-axis grows by tens of steps."""
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
            "yaxis": AXIS | {"range": [0, top], "title": {"text": "loss"}, "nticks": 5},
            "shapes": [level | {"line": {"color": NEUTRAL, "width": 1.2, "dash": "dot"}}],
            "showlegend": False,
        },
    }
