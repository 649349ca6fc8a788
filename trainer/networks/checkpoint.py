"""Checkpoint of a training: everything it needs to continue as if it had never been interrupted, as an npz file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from trainer import UserError
from trainer.storage.arrays import write_arrays
from trainer.storage.files import Record, json_line, open_regular_file, parse_lines

WEIGHTS_PREFIX = "network"  # of the names of the network's own arrays: network/dense_2/0
SCALARS = {"epoch": int, "step": int, "seconds": float, "learning_rate": float}
EPOCH_LINE = "epoch_line"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a training between two steps."""

    epoch: int  # epochs finished
    step: int  # steps done, over all epochs
    seconds: float
    learning_rate: float  # the highest of the schedule
    arrays: dict[str, np.ndarray]  # of the network, the optimizer, the metrics, early stopping, random generators
    epoch_line: Record = field(default_factory=dict)  # the history's line of the epoch that ended here, if one did

    @property
    def weights(self) -> dict[str, list[np.ndarray]]:
        """Return the network's weights by layer name, as `model.weights` does."""
        weights: dict[str, list[np.ndarray]] = {}
        for name, array in self.arrays.items():
            part, _, place = name.partition("/")
            if part == WEIGHTS_PREFIX:
                weights.setdefault(place.rpartition("/")[0], []).append(array)
        return weights

    def save(self, path: Path) -> None:
        """Write an npz file, completely or not at all. Raises OSError."""
        scalars = {name: getattr(self, name) for name in SCALARS}
        line = {EPOCH_LINE: np.array(json_line(self.epoch_line).decode())} if self.epoch_line else {}
        write_arrays(path, {**scalars, **line, **self.arrays})

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read what `save` wrote, without unpickling. Raises UserError for anything else."""
        try:
            with open_regular_file(path) as file, np.load(file, allow_pickle=False) as content:
                arrays = dict(content.items())
            numbers = {name: kind(arrays.pop(name)) for name, kind in SCALARS.items()}
            lines = parse_lines(str(arrays.pop(EPOCH_LINE, "")).encode())
        except Exception as error:  # zipfile and NumPy raise a dozen kinds of errors for a damaged file
            raise _damaged(path, error) from None
        return cls(arrays=arrays, epoch_line=lines[0] if lines else {}, **numbers)


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(
        f"{path.name} must be a training's complete checkpoint (got {type(error).__name__}): train the network again."
    )
