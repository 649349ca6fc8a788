"""Snapshots of the first layer's weights during a training (snapshots.npz)."""

from __future__ import annotations

import numpy as np

from trainer.networks.checkpoint import Checkpoint
from trainer.runs.run import Run
from trainer.storage.arrays import write_arrays

MAX_SNAPSHOTS = 16


class Snapshots:
    """Evenly spaced snapshots; when there are too many, every second one is dropped."""

    def __init__(self, run: Run, start: Checkpoint | None) -> None:
        self._path = run.path / "snapshots.npz"
        self._steps: list[int] = []
        self._weights: list[np.ndarray] = []
        if start and (saved := run.snapshots()):
            before = [(int(step), weights) for step, weights in zip(*saved, strict=True) if step <= start.step]
            self._steps, self._weights = [step for step, _ in before], [weights for _, weights in before]

    def due(self, step: int, steps: int) -> bool:
        """Tell whether a snapshot is due at a step of so many in the whole training."""
        return bool(self._steps) and step - self._steps[-1] >= steps / (MAX_SNAPSHOTS - 1)

    def end(self, step: int, weights: np.ndarray | None) -> None:
        """Take the last snapshot, in place of the previous one if there are too many."""
        if len(self._steps) >= MAX_SNAPSHOTS and self._steps[-1] != step:
            self._steps.pop()
            self._weights.pop()
        self.take(step, weights)

    def take(self, step: int, weights: np.ndarray | None) -> None:
        """Save weights, if the first layer has any that can be shown; the whole file is replaced each time."""
        if weights is None or self._steps[-1:] == [step]:
            return
        if len(self._steps) >= MAX_SNAPSHOTS:
            self._steps, self._weights = self._steps[::2], self._weights[::2]
        self._steps.append(step)
        with np.errstate(over="ignore"):  # the weights may be very large if the training diverges
            self._weights.append(weights.astype(np.float16))
        write_arrays(self._path, {"steps": np.array(self._steps), "weights": np.stack(self._weights)})
