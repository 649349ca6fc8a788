"""State of a run: state.json, written by the one process that now owns the run."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import msgspec

from trainer.storage.files import Record
from trainer.text import plain

ENDED = ("finished", "stopped", "failed", "interrupted")
LIVE = ("queued", "running")
PHASES = (*LIVE, "paused", *ENDED)
_MAX_NUMBER = 1e15  # of any number of a state: no training has a larger one

Number = float | int  # as JSON has it: 3 and 3.0 are both seconds, and a whole number of any size is read


@dataclass(frozen=True)
class State:
    """How a run stands. `phase` is one of PHASES, or "damaged" where state.json cannot be read."""

    phase: str
    activity: str = ""  # what a running job does, in words for the page
    error: str = ""  # one sentence
    note: str = ""  # why it ended early, where that is no error
    owner: str = ""  # hash of the owner's token
    device: str = ""
    data: str = ""  # where the digits came from
    data_hash: str = ""
    examples: int = 0  # trained on, without the validation split
    steps: int = 0  # updates an epoch
    begun: int = 0  # updates done when the worker that trains, or trained last, took it up
    seconds: Number = 0.0  # of training
    hook_seconds: Number = 0.0  # of them spent on reporting
    drawings: int = 0  # of its owner's own, that it learns from as well
    right_before: int | None = None  # of them, by the network that it continues
    right_after: int | None = None
    test_loss: Number | None = None
    test_accuracy: Number | None = None

    @classmethod
    def parse(cls, values: Record) -> State:
        """Return the state that a JSON object describes; keys of other versions are ignored.

        An impossible number becomes the field's default: a negative one, NaN, or an accuracy above 1. Raises
        ValueError where a field has another type, or the phase is unknown.
        """
        state = msgspec.convert(values, cls, strict=True)
        if state.phase not in PHASES:
            raise ValueError(f"phase must be one of {', '.join(PHASES)} (got {state.phase!r})")
        return replace(state, **_cleaned(state))

    @property
    def live(self) -> bool:
        """Tell whether it waits or trains."""
        return self.phase in LIVE

    @property
    def ended(self) -> bool:
        return self.phase in (*ENDED, "damaged")


def _cleaned(state: State) -> dict[str, Any]:
    """Return the fields to change: texts without unprintable characters, defaults for impossible numbers."""
    cleaned: dict[str, Any] = {}
    for item in fields(State):
        value = getattr(state, item.name)
        if isinstance(value, str):
            cleaned[item.name] = plain(value)
        elif value is not None and not 0 <= value <= (1.0 if item.name == "test_accuracy" else _MAX_NUMBER):
            cleaned[item.name] = item.default
    return cleaned
