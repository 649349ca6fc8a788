"""State of a run (state.json), written by the one process that currently owns the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import msgspec

from trainer.storage.files import Record
from trainer.text import printable

ENDED = ("finished", "stopped", "failed", "interrupted")
LIVE = ("queued", "running")
PHASES = (*LIVE, "paused", *ENDED)
TRAINING, TESTING = "training", "testing the network"  # activities of a running job
_MAX_NUMBER = 1e15  # no training reaches a larger one

Number = float | int  # JSON may have 3 or 3.0, and whole numbers of any size

UNTESTED: Mapping[str, Any] = {  # the fields of a network that has not been tested yet
    **dict.fromkeys(("test_loss", "test_accuracy", "val_loss", "val_accuracy", "train_loss", "train_accuracy")),
    "val_count": 0,
    "train_count": 0,
    "right_after": None,
}


@dataclass(frozen=True)
class State:
    """State of a run."""

    phase: str  # one of PHASES, or "damaged" if state.json cannot be read
    activity: str = ""  # of a running job, as text for the page
    error: str = ""  # one sentence
    note: str = ""  # why it ended early, if that is not an error
    owner: str = ""  # hash of the owner's token
    device: str = ""
    data: str = ""  # source of the data set
    data_hash: str = ""
    examples: int = 0  # training digits in an epoch, without the validation split
    steps: int = 0  # per epoch
    begun: int = 0  # steps done when the current or last worker started
    seconds: Number = 0.0  # of training
    hook_seconds: Number = 0.0  # part of `seconds` spent on reporting
    drawings: int = 0  # its owner's drawings that it also learns from
    right_before: int | None = None  # drawings that the parent network reads correctly
    right_after: int | None = None  # drawings that the trained network reads correctly
    # Of the final network, read alike after the training: on all test images, and on as many, or fewer, of the others.
    test_loss: Number | None = None
    test_accuracy: Number | None = None
    val_loss: Number | None = None
    val_accuracy: Number | None = None
    val_count: int = 0  # validation images
    train_loss: Number | None = None
    train_accuracy: Number | None = None
    train_count: int = 0  # training images of the data set

    @classmethod
    def parse(cls, values: Record) -> State:
        """Return the state in a JSON object; unknown keys, from other versions, are ignored.

        Impossible numbers (negative, NaN, an accuracy above 1) become the field's default. Raises ValueError if a field
        has another type or the phase is unknown.
        """
        state = msgspec.convert(values, cls, strict=True)
        if state.phase not in PHASES:
            raise ValueError(f"phase must be one of {', '.join(PHASES)} (got {state.phase!r})")
        return replace(state, **_cleaned(state))

    @property
    def live(self) -> bool:
        """Tell whether the run is queued or running."""
        return self.phase in LIVE

    @property
    def ended(self) -> bool:
        return self.phase in (*ENDED, "damaged")


def _cleaned(state: State) -> dict[str, Any]:
    """Return replacements for fields: printable texts, and defaults for impossible numbers."""
    cleaned: dict[str, Any] = {}
    for item in fields(State):
        value = getattr(state, item.name)
        if isinstance(value, str):
            cleaned[item.name] = printable(value)
        elif value is not None and not 0 <= value <= (1.0 if item.name.endswith("accuracy") else _MAX_NUMBER):
            cleaned[item.name] = item.default
    return cleaned
