"""What must a training know to go on, as if it had never been interrupted? Arrays in a file; nothing is unpickled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer import UserError
from trainer.storage.arrays import write_arrays
from trainer.storage.files import opened

WEIGHTS = "network"  # begins the names of the network's own arrays: network/dense_2/0
NUMBERS = {"epoch": int, "step": int, "seconds": float, "learning_rate": float}


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A training as it stands between two updates."""

    epoch: int  # finished
    step: int  # updates done, over all epochs
    seconds: float
    learning_rate: float  # the highest of the schedule
    arrays: dict[str, np.ndarray]  # of the network, the optimizer, the metrics, early stopping and all chance

    @property
    def weights(self) -> dict[str, list[np.ndarray]]:
        """Return the network's weights by the layers' names, as `model.weights` does."""
        weights: dict[str, list[np.ndarray]] = {}
        for name, array in self.arrays.items():
            part, _, place = name.partition("/")
            if part == WEIGHTS:
                weights.setdefault(place.rpartition("/")[0], []).append(array)
        return weights

    def save(self, path: Path) -> None:
        """Write an .npz file, whole or not at all. Raises OSError."""
        write_arrays(path, {**{name: getattr(self, name) for name in NUMBERS}, **self.arrays})

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read what `save` wrote. Raises UserError for anything else."""
        try:
            with opened(path) as file, np.load(file, allow_pickle=False) as content:
                arrays = dict(content.items())
            numbers = {name: kind(arrays.pop(name)) for name, kind in NUMBERS.items()}
        except Exception as error:  # zipfile and NumPy raise a dozen kinds for a damaged file
            raise _damaged(path, error) from None
        return cls(arrays=arrays, **numbers)


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(
        f"{path.name} must be a training's whole checkpoint (got {type(error).__name__}): train the network again."
    )
