"""What a member's newest run does, in a few words for the teacher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainer.runs.index import RunRow
from trainer.text import percent

STUCK = "Stuck: the loss is not a number"


@dataclass(frozen=True)
class Status:
    """What a run does."""

    kind: str  # "nothing", "stuck", or a phase (see runs.state)
    text: str


def has_diverged(history: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the last loss of a training was NaN or infinite, which its history leaves out."""
    newest = next((line for line in reversed(history) if line.get("kind") == "batch"), None)
    return newest is not None and "loss" not in newest


def status(
    row: RunRow | None, history: Sequence[Mapping[str, Any]] = (), position: int = 0, is_frozen: bool = False
) -> Status:
    """Describe a member's newest run. position: among the waiting runs, from 1, or 0."""
    if row is None:
        return Status("nothing", "Nothing yet")
    if row.phase in ("running", "paused", "finished", "stopped") and has_diverged(history):
        return Status("stuck", STUCK)
    accuracy = _accuracy(row, history)
    texts = {
        "queued": ("Waits: training is frozen" if is_frozen else f"Waits, number {position}" if position else "Starts"),
        "running": _joined(f"Epoch {min(row.epochs + 1, row.planned)} of {row.planned}", accuracy),
        "paused": _joined(f"Paused after {row.epochs} of {row.planned}", accuracy),
        "finished": f"Finished: {accuracy}" if accuracy else "Finished",
        "stopped": f"Stopped: {accuracy}" if accuracy else "Stopped",
    }
    return Status(row.phase, texts.get(row.phase, row.phase.capitalize()))


def _accuracy(row: RunRow, history: Sequence[Mapping[str, Any]]) -> str:
    """Return the accuracy on the test digits or, before that, the newest one on validation or training digits."""
    if row.test_accuracy is not None:
        return percent(row.test_accuracy)
    if row.val_accuracy is not None:
        return percent(row.val_accuracy)
    newest: Mapping[str, Any] = next((line for line in reversed(history) if "accuracy" in line), {})
    return percent(newest.get("accuracy"))


def _joined(words: str, accuracy: str) -> str:
    return f"{words}, {accuracy}" if accuracy else words
