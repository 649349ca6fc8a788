"""Progress of a training and the time it still takes, from its history or, before that, from earlier runs.

Before a training has started, its work is estimated in seconds of a machine with two processor cores. The time that
other runs took for their work, best those of the same network, tells how fast this machine is.
"""

from __future__ import annotations

import heapq
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trainer.config.training import TrainingConfig
from trainer.runs.store import RunStore
from trainer.storage.files import Record
from trainer.text import counted

RECENT_LINES = 26  # about an epoch, from which the current pace is computed
USUAL_EXAMPLES = 60_000  # training digits of MNIST
MAX_RUNS_READ = 60  # newest runs whose pace is read
ENOUGH_RUNS = 5  # of the same network: no more runs are read
# Seconds, measured on two cores: one weight multiplied forward and backward; one step; starting and testing.
_DENSE_SECONDS, _CONVOLUTION_SECONDS, _STEP_SECONDS, _OVERHEAD_SECONDS = 3.2e-11, 1.2e-10, 2e-4, 3.0
_AUGMENTATION_FACTOR = 1.5  # a digit that is shifted, rotated or zoomed takes about this much longer


def epochs_done(history: Iterable[Mapping[str, Any]]) -> int:
    """Count the epochs that have ended, from the lines of history.jsonl."""
    return sum(line.get("kind") == "epoch" for line in history)


@dataclass(frozen=True)
class Progress:
    """How far a training is."""

    epoch: int
    epochs: int
    step: int  # over all epochs, from 1
    steps: int  # per epoch
    seconds_left: float | None  # None while unknown
    digits_per_second: float | None  # None while unknown

    @property
    def share(self) -> float:
        """Return the share of all steps that are done, 0 to 1."""
        return min(1.0, self.step / max(1, self.epochs * self.steps))


def progress(
    history: Sequence[Mapping[str, Any]], steps: int, examples: int, epochs: int, begun: int = 0
) -> Progress | None:
    """Return how far a training is, or None before its first line.

    steps: per epoch; examples: digits in an epoch; epochs: requested in total; begun: steps done when the current
    worker started, since the pace of an earlier worker says little.
    """
    needed = {"epoch", "step", "seconds"}
    batches = [line for line in history[-4 * RECENT_LINES :] if line.get("kind") == "batch" and needed <= line.keys()]
    if not batches or not steps:
        return None
    newest = batches[-1]
    recent = [line for line in batches[-RECENT_LINES:] if line["step"] > begun] or [newest]
    done, seconds = newest["step"] - recent[0]["step"], newest["seconds"] - recent[0]["seconds"]
    if not done and not begun:
        done, seconds = newest["step"], newest["seconds"]
    step_seconds = seconds / done if done and seconds > 0 else None
    left = max(0, epochs * steps - newest["step"])
    return Progress(
        newest["epoch"],
        epochs,
        newest["step"],
        steps,
        None if step_seconds is None else left * step_seconds,
        None if step_seconds is None else examples / steps / step_seconds,
    )


# --- before the first line ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Forecast:
    """Estimated time until a set of trainings is done."""

    seconds: float
    source: Literal["same", "others", "none"]  # runs of the same network, of other networks, no runs
    runs: int  # that the estimate is based on

    @property
    def basis(self) -> str:
        """Say what the estimate is based on, without a final full stop."""
        runs = counted(self.runs, "earlier run")
        return {
            "same": f"Estimated from {runs}",
            "others": f"Estimated from {runs} of other networks",
            "none": "A rough estimate: no network has been trained on this server yet",
        }[self.source]


def work(config: TrainingConfig, epochs: float | None = None, examples: int | None = None) -> float:
    """Return the seconds of training on a machine with two cores.

    epochs: in place of the config's; examples: digits in an epoch, if known.
    """
    if examples is None:
        examples = config.split(USUAL_EXAMPLES)[0] + config.synthetic_examples + config.own_examples
    digit_seconds = 0.0
    for row in config.table:
        if row.layer.has_kernel:
            places = math.prod(row.output_shape[:-1])  # where the kernel is applied
            weight_seconds = _CONVOLUTION_SECONDS if row.layer.images_only else _DENSE_SECONDS
            digit_seconds += weight_seconds * places * row.parameters
    if config.augmented:
        digit_seconds *= _AUGMENTATION_FACTOR
    steps = math.ceil(examples / config.batch_size)
    return (config.epochs if epochs is None else epochs) * (examples * digit_seconds + steps * _STEP_SECONDS)


def forecast(
    configs: Sequence[TrainingConfig], store: RunStore, slots: int, done: Sequence[float] | None = None
) -> Forecast:
    """Estimate how long a set of trainings still takes, `slots` at the same time, with nothing else being trained.

    done: epochs of each training that are over.
    """
    layers = {config.layers for config in configs}
    same: list[float] = []
    others: list[float] = []
    for run in store.runs()[:MAX_RUNS_READ]:
        view = run.read()
        config = view.config
        if config is None or len(same) >= ENOUGH_RUNS:
            continue
        if pace := _pace(view.state.examples, config, store.history(run)):
            (same if config.layers in layers else others).append(pace)
    paces = same or others
    pace = statistics.median(paces) if paces else 1.0
    left = zip(configs, done or [0.0] * len(configs), strict=True)
    seconds = [
        min(config.time_limit, pace * work(config, max(0.0, config.epochs - epochs))) + _OVERHEAD_SECONDS
        for config, epochs in left
    ]
    return Forecast(_last_end(seconds, slots), "same" if same else "others" if others else "none", len(paces))


def _pace(examples: int, config: TrainingConfig, history: Sequence[Record]) -> float:
    """Return the seconds that a run took for each second of its estimated work, or 0 if unknown.

    Time counts from the first line: what comes before takes as long for few digits as for many.
    """
    times = [(line.get("step"), line.get("seconds")) for line in history]
    known = [(step, seconds) for step, seconds in times if isinstance(step, int) and isinstance(seconds, (int, float))]
    if len(known) < 2 or not examples:
        return 0.0
    steps, seconds = known[-1][0] - known[0][0], known[-1][1] - known[0][1]
    step_work = work(config, 1, examples) / math.ceil(examples / config.batch_size)
    return seconds / (steps * step_work) if steps > 0 and seconds > 0 else 0.0


def _last_end(durations: Sequence[float], slots: int) -> float:
    """Return when the last training ends if each starts as soon as a slot is free."""
    free = [0.0] * max(1, slots)
    for seconds in durations:
        heapq.heappush(free, heapq.heappop(free) + seconds)
    return max(free)
