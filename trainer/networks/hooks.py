"""Hooks that a training calls while it runs, the control they return, and the training's outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from trainer.networks.checkpoint import Checkpoint


@dataclass(frozen=True)
class Control:
    """Changes to a running training. None means: as in the config, or as before it was resumed.

    An end is final: every later control has it, too. `stop` counts an epoch that was cut off during validation, without
    its validation results; `pause` leaves it unfinished, so that the resumed training validates again.
    """

    end: Literal["", "stop", "pause"] = ""
    epochs: int | None = None  # total
    learning_rate: float | None = None  # the highest of the schedule, whose shape stays


class Hooks:
    """What a training calls while it runs; override what you need. Their time counts as the training's."""

    def report(self, line: dict[str, Any]) -> None:
        """Receive a line of kind "batch", with means since the last one, or "epoch"; non-finite values are left out."""

    def control(self) -> Control:
        """Return how to continue; called before each batch line, as often in validation, and before each epoch line."""
        return Control()

    def ended(self) -> bool:
        """Tell whether `control` asks for an end; called by another thread, also between two lines."""
        return False

    def checkpoint(self, make: Callable[[], Checkpoint]) -> None:
        """Save the checkpoint that `make` returns; called before each epoch line and when a training is ended."""


@dataclass(frozen=True)
class Outcome:
    """How a training ended, including all that was done before it was resumed."""

    epochs: int
    steps: int
    stopped: bool  # by the control
    diverged: bool  # its loss became NaN or infinite
    early: bool  # by early stopping
    best_epoch: int | None  # the epoch whose weights the network has now, with early stopping
    hook_seconds: float  # spent in hooks
