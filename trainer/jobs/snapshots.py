"""Snapshots of a network during its training: the first layer's weights, and a sketch of all layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from trainer.config.training import TrainingConfig
from trainer.networks import model, onnx_writer
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.inference import Network
from trainer.networks.sketch import sketch
from trainer.runs.history import sketched_digit
from trainer.runs.run import SKETCHES, SNAPSHOTS, Run
from trainer.storage.arrays import write_arrays

MAX_SNAPSHOTS = 16


def snapshot(
    config: TrainingConfig,
    weights: Mapping[str, Sequence[np.ndarray]],
    digits: np.ndarray,
    network: Network | None = None,
) -> tuple[np.ndarray | None, np.ndarray]:
    """Return the first layer's weights as images, if they can be shown, and a sketch of the network reading a digit.

    digits: the watched test digits. network: that of the weights, if there is one already.
    """
    network = network or Network(onnx_writer.to_onnx(weights, config))
    outputs = network.layers(digits[sketched_digit(len(digits))][None])
    return model.first_weights(weights, config), sketch(config.table, weights, outputs)


class Snapshots:
    """Evenly spaced snapshots; when there are too many, every second one is dropped."""

    def __init__(self, run: Run, start: Checkpoint | None) -> None:
        self._run = run
        self._steps: list[int] = []
        self._taken: list[tuple[np.ndarray | None, np.ndarray]] = []  # weights, if they can be shown, and sketches
        if start and (sketches := run.sketches()):
            weights = dict(zip(*saved, strict=True)) if (saved := run.snapshots()) else {}
            for step, sketch in zip(*sketches, strict=True):
                if step <= start.step:
                    self._steps.append(int(step))
                    self._taken.append((weights.get(step), sketch))

    def due(self, step: int, steps: int) -> bool:
        """Tell whether a snapshot is due at a step of so many in the whole training."""
        return bool(self._steps) and step - self._steps[-1] >= steps / (MAX_SNAPSHOTS - 1)

    def end(self, step: int, weights: np.ndarray | None, sketch: np.ndarray) -> None:
        """Take the last snapshot, in place of the previous one if there are too many."""
        if len(self._steps) >= MAX_SNAPSHOTS and self._steps[-1] != step:
            self._steps.pop()
            self._taken.pop()
        self.take(step, weights, sketch)

    def take(self, step: int, weights: np.ndarray | None, sketch: np.ndarray) -> None:
        """Save a sketch, and weights if the first layer has any that can be shown; the files are replaced each time."""
        if self._steps[-1:] == [step]:
            return
        if len(self._steps) >= MAX_SNAPSHOTS:
            self._steps, self._taken = self._steps[::2], self._taken[::2]
        self._steps.append(step)
        with np.errstate(over="ignore"):  # the weights may be very large if the training diverges
            self._taken.append((None if weights is None else weights.astype(np.float16), sketch))
        sketches = [sketch for _, sketch in self._taken]
        self._write(SKETCHES, self._steps, sketches)
        shown = [(step, taken) for step, (taken, _) in zip(self._steps, self._taken, strict=True) if taken is not None]
        if shown:
            self._write(SNAPSHOTS, [step for step, _ in shown], [taken for _, taken in shown])

    def _write(self, file: tuple[str, str], steps: list[int], arrays: list[np.ndarray]) -> None:
        name, array = file
        write_arrays(self._run.path / name, {"steps": np.array(steps), array: np.stack(arrays)})
