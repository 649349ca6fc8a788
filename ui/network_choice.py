"""A network that can be selected, and its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.dataset_info import DatasetInfo
from trainer.config.training import TrainingConfig
from trainer.networks.inference import Network
from trainer.runs.parent import SHIPPED
from trainer.runs.run import Run
from trainer.shipped import network as shipped
from trainer.storage.memory import cached
from ui import load_control

MISSING = "The network's file must exist (it has been deleted): choose another network."


@dataclass(frozen=True)
class NetworkChoice:
    """A network that can be selected: the ready-made one, or a run's, whose file is replaced while it trains."""

    id: str
    name: str
    accuracy: float | None  # on the test digits
    dataset: str  # a name in dataset_info
    path: Path  # of its ONNX file
    folder: Path  # of its evaluation and the features of its training images

    @property
    def config(self) -> TrainingConfig:
        """Return its configuration. Raises UserError if config.json was damaged after it was listed."""
        if config := self._config:
            return config
        raise UserError("The network's config.json must be readable (got a damaged file): choose another network.")

    @property
    def readable(self) -> bool:
        return self._config is not None

    @property
    def _config(self) -> TrainingConfig | None:
        return shipped.CONFIG if self.id == SHIPPED else Run(self.folder).config

    @property
    def info(self) -> DatasetInfo:
        """Return the description of the data set that it was trained on."""
        return dataset_info.info(self.dataset)

    @property
    def data_hash(self) -> str:
        """Return the hash of the data set whose training part it learned from, "" if it is unknown."""
        return shipped.card().data["MNIST"] if self.id == SHIPPED else Run(self.folder).state.data_hash

    @property
    def network(self) -> Network:
        """Return the network in its present state. Raises UserError if its file is missing or damaged."""
        if self.id == SHIPPED:
            return shipped.network()
        return load_control.in_turns(_load(self.path, self.changed, self.config), self.config)

    @property
    def changed(self) -> int:
        """Return when its file was last replaced, in nanoseconds. Raises UserError if the file is missing."""
        try:
            return self.path.lstat().st_mtime_ns
        except OSError:
            raise UserError(MISSING) from None


@cached(300_000_000, size=lambda network: network.memory, key=lambda path, changed, config: (path, changed))
def _load(path: Path, changed: int, config: TrainingConfig) -> Network:  # 40 MB at most
    network = Network(path)
    network.check(config)
    return network
