"""How long will a training take, before it has begun? By what trainings took here, and by the network's work.

The work of a training is counted in seconds of a machine with two processor cores. What other trainings took, per
second of their work, tells how fast this machine is; best those of the same network.
"""

from __future__ import annotations

import heapq
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from trainer.config import TrainingConfig
from trainer.files import Record
from trainer.runs import RunStore

EXAMPLES = 60_000  # of a data set for training, MNIST's
NEWEST = 60  # runs that tell the pace
ENOUGH = 5  # of the same network, after which no other is looked at
# Measured on two cores: a multiplication of a weight with a number, forth and back; an update; beginning and testing.
_DENSE, _CONVOLUTION, _UPDATE, _AROUND = 3.2e-11, 1.2e-10, 2e-4, 3.0
_MOVED = 1.5  # a digit that is moved, turned or resized takes about so much longer


@dataclass(frozen=True)
class Forecast:
    """Seconds until all of some trainings are done, and what they are told by: the same network, others or nothing."""

    seconds: float
    by: str  # "same", "others" or "rough"
    runs: int  # that told the pace

    @property
    def words(self) -> str:
        """Say what the forecast relies on."""
        return {
            "same": f"Told by {_trainings(self.runs)} of the same network on this server",
            "others": f"Told by the network's work and the pace of {_trainings(self.runs)} of others on this server",
            "rough": "A rough guess by the work of the network, since nothing was trained here yet",
        }[self.by]


def _trainings(number: int) -> str:
    return "one training" if number == 1 else f"{number} trainings"


def work(config: TrainingConfig, epochs: float | None = None, examples: int | None = None) -> float:
    """Return the seconds that a machine with two cores trains for; `examples` are those of an epoch, where known."""
    if examples is None:
        own = math.floor(min(EXAMPLES, config.training_examples) * (1.0 - config.validation_split))
        examples = own + config.synthetic_examples + config.own_examples
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
        config = run.config
        if config is None or len(same) >= ENOUGH:
            continue
        if pace := _pace(run.state.examples, config, store.history(run)):
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


def about(seconds: float) -> str:
    """Return a duration with no more digits than a forecast deserves: `about 40 s`, `about 3 min`, `about 2 h`."""
    if seconds < 90:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h".replace(".0 h", " h")
