"""How far a training is and how long it still takes: from the lines it has written, or before its first one.

Before it has begun its work is estimated, in seconds of a machine with two processor cores. What other trainings took,
per second of their work, tells how fast this machine is; best those of the same network.
"""

from __future__ import annotations

import heapq
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainer.config.training import TrainingConfig
from trainer.runs.store import RunStore
from trainer.storage.files import Record
from trainer.text import counted

RECENT = 26  # lines, about an epoch, that tell the pace of now
EXAMPLES = 60_000  # of a data set for training, MNIST's
NEWEST = 60  # runs that tell the pace
ENOUGH = 5  # of the same network, after which no other is looked at
# Measured on two cores: a multiplication of a weight with a number, forth and back; an update; beginning and testing.
_DENSE, _CONVOLUTION, _UPDATE, _AROUND = 3.2e-11, 1.2e-10, 2e-4, 3.0
_MOVED = 1.5  # a digit that is moved, turned or resized takes about so much longer


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


# --- before its first line -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Forecast:
    """Seconds until all of some trainings are done, and what they are told by: the same network, others or nothing."""

    seconds: float
    by: str  # "same", "others" or "rough"
    runs: int  # that told the pace

    @property
    def words(self) -> str:
        """Say what the forecast relies on."""
        trainings = counted(self.runs, "training")
        return {
            "same": f"Told by {trainings} of the same network on this server",
            "others": f"Told by the network's work and the pace of {trainings} of others on this server",
            "rough": "A rough guess by the work of the network, since nothing was trained here yet",
        }[self.by]


def work(config: TrainingConfig, epochs: float | None = None, examples: int | None = None) -> float:
    """Return the seconds that a machine with two cores trains for; `examples` are those of an epoch, where known."""
    if examples is None:
        examples = config.split(EXAMPLES)[0] + config.synthetic_examples + config.own_examples
    a_digit = 0.0
    for row in config.table:
        if row.layer.has_kernel:
            places = math.prod(row.output_shape[:-1])  # at which the kernel is used
            a_digit += (_CONVOLUTION if row.layer.images_only else _DENSE) * places * row.parameters
    if config.augmented:
        a_digit *= _MOVED
    updates = math.ceil(examples / config.batch_size)
    return (config.epochs if epochs is None else epochs) * (examples * a_digit + updates * _UPDATE)


def forecast(
    configs: Sequence[TrainingConfig], store: RunStore, slots: int, done: Sequence[float] | None = None
) -> Forecast:
    """Estimate how long trainings still take, `slots` at once, where nothing else is trained.

    done: the epochs of each that are over, where some have begun.
    """
    layers = {config.layers for config in configs}
    same: list[float] = []
    others: list[float] = []
    for run in store.runs()[:NEWEST]:
        view = run.read()
        config = view.config
        if config is None or len(same) >= ENOUGH:
            continue
        if pace := _pace(view.state.examples, config, store.history(run)):
            (same if config.layers in layers else others).append(pace)
    paces = same or others
    pace = statistics.median(paces) if paces else 1.0
    by = "same" if same else "others" if others else "rough"
    left = zip(configs, done or [0.0] * len(configs), strict=True)
    each = [
        min(config.time_limit, pace * work(config, max(0.0, config.epochs - epochs))) + _AROUND
        for config, epochs in left
    ]
    return Forecast(_span(each, slots), by, len(paces))


def _pace(examples: int, config: TrainingConfig, history: Sequence[Record]) -> float:
    """Return the seconds that a training took for each second of its work, or 0 while that is unknown.

    They count from its first line on: what comes before is the same for few digits and for many.
    """
    times = [(line.get("step"), line.get("seconds")) for line in history]
    known = [(step, seconds) for step, seconds in times if isinstance(step, int) and isinstance(seconds, (int, float))]
    if len(known) < 2 or not examples:
        return 0.0
    updates, seconds = known[-1][0] - known[0][0], known[-1][1] - known[0][1]
    an_update = work(config, 1, examples) / math.ceil(examples / config.batch_size)
    return seconds / (updates * an_update) if updates > 0 and seconds > 0 else 0.0


def _span(each: Sequence[float], slots: int) -> float:
    """Return when the last of some trainings ends, where each begins as soon as a place is free."""
    free = [0.0] * max(1, slots)
    for seconds in each:
        heapq.heappush(free, heapq.heappop(free) + seconds)
    return max(free)
