"""How far is a training, and how long will it take? Computed from the lines that it has written so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RECENT = 26  # lines, about an epoch, that tell the pace of now


def epochs_done(history: Iterable[Mapping[str, Any]]) -> int:
    """Count the epochs that the lines of history.jsonl tell the end of."""
    return sum(line.get("kind") == "epoch" for line in history)


@dataclass(frozen=True)
class Progress:
    """`step` counts updates over all epochs, from 1; `seconds_left` and `digits_a_second` are None while unknown."""

    epoch: int
    epochs: int
    step: int
    steps: int  # an epoch
    seconds_left: float | None
    digits_a_second: float | None

    @property
    def share(self) -> float:
        return min(1.0, self.step / max(1, self.epochs * self.steps))


def progress(
    history: Sequence[Mapping[str, Any]], steps: int, examples: int, epochs: int, begun: int = 0
) -> Progress | None:
    """Return how far a training is, or None before its first line.

    steps: updates an epoch; examples: digits an epoch; epochs: wanted in all; begun: updates done when the worker that
    now trains took it up, since the pace of another one says little.
    """
    known = {"epoch", "step", "seconds"}
    batches = [line for line in history[-4 * RECENT :] if line.get("kind") == "batch" and known <= line.keys()]
    if not batches or not steps:
        return None
    newest = batches[-1]
    recent = [line for line in batches[-RECENT:] if line["step"] > begun] or [newest]
    updates, seconds = newest["step"] - recent[0]["step"], newest["seconds"] - recent[0]["seconds"]
    if not updates and not begun:
        updates, seconds = newest["step"], newest["seconds"]
    pace = seconds / updates if updates and seconds > 0 else None
    left = max(0, epochs * steps - newest["step"])
    return Progress(
        newest["epoch"],
        epochs,
        newest["step"],
        steps,
        None if pace is None else left * pace,
        None if pace is None else examples / steps / pace,
    )
