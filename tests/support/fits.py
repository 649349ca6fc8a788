"""Data and configs that tests of networks train with, and a recorder of the hooks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from trainer.config.layers import Activation, BatchNormalization, Conv2D, Dense, Dropout
from trainer.config.optimizers import Adam
from trainer.config.training import TrainingConfig
from trainer.networks import fitting, model
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.hooks import Control, Hooks, Outcome

rng = np.random.default_rng(0)
IMAGES = rng.random((330, 28, 28), dtype=np.float32)
LABELS = rng.integers(0, 10, 330).astype(np.uint8)
IMAGES[np.arange(330), LABELS] = 1.0  # a pattern to learn: a line at the label's height

SMALL = TrainingConfig(layers=(Dense(8),), batch_size=32, epochs=2, validation_split=0.1, seed=3)
CONVOLUTION = replace(
    SMALL,
    layers=(Conv2D(4, 3, use_bias=False, activation="linear"), BatchNormalization(0.9), Activation("relu"), Dropout()),
    optimizer=Adam(beta_2=0.99),
    learning_rate=0.002,
)

INTERRUPTED = replace(
    CONVOLUTION,
    epochs=3,
    schedule="cosine",
    batch_size=40,  # 8 reports per epoch; the last batch is partial
    patience=2,
    shift=2.0,
    rotation=10.0,
)


class Recorder(Hooks):
    """Records all hooks. `control` gets the number of times it was called before."""

    def __init__(self, control: Callable[[int], Control] = lambda asked: Control()) -> None:
        self.lines: list[dict[str, Any]] = []
        self.checkpoints: list[Checkpoint] = []
        self.asked = 0
        self._control = control

    def report(self, line: dict[str, Any]) -> None:
        self.lines.append(line)

    def control(self) -> Control:
        self.asked += 1
        return self._control(self.asked - 1)

    def checkpoint(self, make: Callable[[], Checkpoint]) -> None:
        self.checkpoints.append(make())

    @property
    def epochs(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["kind"] == "epoch"]


def end_at(asked: int, end: str = "stop") -> Callable[[int], Control]:
    return lambda before: Control(end=end if before >= asked else "")


def fit(
    config: TrainingConfig, control: Callable[[int], Control] = lambda asked: Control(), **more: Any
) -> tuple[Any, Outcome, Recorder]:
    """Train on IMAGES; return the network, the outcome and the recorder."""
    recorder = Recorder(control)
    network = model.build(config, len(IMAGES))
    outcome = fitting.fit(network, config, IMAGES, LABELS, recorder, **more)
    return network, outcome, recorder


def without_seconds(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]
