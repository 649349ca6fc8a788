"""What do the curves of a training show? Its history read for signs, each with the number that it rests on.

Thresholds were set on trainings of all presets and of some twenty mistakes, three seeds each. Standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from statistics import mean, median
from typing import Any, NamedTuple

from trainer.config.limits import CLASSES, LIMITS
from trainer.config.training import SGD, TrainingConfig

Line = Mapping[str, Any]
GUESSED = 0.15  # of the digits: what reads fewer has learned nothing
SLOW = 0.002  # by which a loss falls an epoch: less is none
GUESSING = {"categorical_crossentropy": math.log(CLASSES), "mean_squared_error": (1 - 1 / CLASSES) / CLASSES}  # losses


class Epoch(NamedTuple):
    """What a finished epoch reported; None is not known. `loss` and `accuracy` are means over the epoch."""

    number: int
    loss: float | None
    accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None


@dataclass(frozen=True)
class Evidence:
    """What is known of a training that has ended.

    history: the lines of history.jsonl; test: the accuracy on the test digits; examples: digits learned from.
    """

    config: TrainingConfig
    history: Sequence[Line]
    test: float | None
    test_loss: float | None
    examples: int | None

    @classmethod
    def of(
        cls,
        config: TrainingConfig,
        history: Iterable[object],
        test: float | None = None,
        test_loss: float | None = None,
        examples: int | None = None,
    ) -> Evidence:
        """Take what is known of a training, and leave out what can be no such thing."""
        lines = tuple(line for line in history if isinstance(line, Mapping))
        return cls(config, lines, known(test, 1), known(test_loss), examples)

    # --- what was measured ------------------------------------------------------------------------------------

    @cached_property
    def batches(self) -> list[Line]:
        return [line for line in self.history if line.get("kind") == "batch"]

    @cached_property
    def now(self) -> Evidence:
        """The same training since its learning rate was last changed."""
        if not self.steered:
            return self
        rates = [known(line.get("learning_rate")) or self.rate for line in self.history]
        changed = max((n for n, rate in enumerate(rates, 1) if abs(rate / self.rate - 1) > 0.05), default=0)
        return replace(self, config=replace(self.config, learning_rate=self.rate), history=self.history[changed:])

    @cached_property
    def epochs(self) -> list[Epoch]:
        ends = [line for line in self.history if line.get("kind") == "epoch"]
        return [
            Epoch(
                number,
                known(line.get("loss")),
                known(line.get("accuracy"), 1),
                known(line.get("val_loss")),
                known(line.get("val_accuracy"), 1),
            )
            for number, line in enumerate(ends, 1)
        ]

    @cached_property
    def validated(self) -> list[Epoch]:
        return [epoch for epoch in self.epochs if epoch.val_loss is not None]

    @cached_property
    def best(self) -> Epoch | None:
        """The epoch of the lowest validation loss."""
        return min(self.validated, key=lambda epoch: epoch.val_loss or 0.0, default=None)

    @cached_property
    def kept(self) -> Epoch | None:
        """The epoch whose weights the network has: with early stopping the best one."""
        return self.best if self.config.patience and self.best else self.epochs[-1] if self.epochs else None

    @property
    def train(self) -> float | None:
        return self.kept.accuracy if self.kept else None

    @property
    def validation(self) -> float | None:
        """Its accuracy; where the last epoch was cut before it was validated, that of the epoch before."""
        if self.kept and self.kept.val_accuracy is not None:
            return self.kept.val_accuracy
        return next((e.val_accuracy for e in reversed(self.epochs) if e.val_accuracy is not None), None)

    @cached_property
    def validation_count(self) -> int:
        config = self.config
        learned = (self.examples or 0) - config.synthetic_examples - config.own_examples
        used = round(learned / (1 - config.validation_split)) if learned > 0 else config.training_examples
        return config.split(used)[1]

    @cached_property
    def watched(self) -> list[float]:
        """The losses that tell how it goes: validation's, or where there are none, training's."""
        losses = [epoch.val_loss for epoch in self.validated] or [epoch.loss for epoch in self.epochs]
        return [loss for loss in losses if loss is not None]

    @cached_property
    def losses(self) -> list[float]:
        return [epoch.loss for epoch in self.epochs if epoch.loss is not None]

    @property
    def seconds(self) -> float:
        return max((seconds for line in self.history if (seconds := known(line.get("seconds")))), default=0.0)

    @cached_property
    def rates(self) -> list[float]:
        return [rate for line in self.batches if (rate := known(line.get("learning_rate")))]

    @cached_property
    def reading(self) -> float | None:
        """The best that is known of how well it reads."""
        return max((share for share in (self.train, self.validation, self.test) if share is not None), default=None)

    # --- signs ------------------------------------------------------------------------------------------------

    @property
    def diverged(self) -> bool:
        """Whether its last loss was no number."""
        return bool(self.batches) and known(self.batches[-1].get("loss")) is None

    @property
    def guessing(self) -> float:
        """The loss of guessing; beyond all numbers where L2 adds to the losses."""
        return math.inf if self.config.l2 else GUESSING[self.config.loss]

    @property
    def learned_nothing(self) -> bool:
        return self.reading is not None and self.reading < GUESSED

    @property
    def sensible_rate(self) -> float:
        """A learning rate that does for nearly every network of this size."""
        optimizer = self.config.optimizer
        if isinstance(optimizer, SGD):
            return 0.1 * (1 - optimizer.momentum)
        return optimizer.usual_learning_rate

    @cached_property
    def rate(self) -> float:
        """The learning rate that it had at the end, or the highest of a schedule."""
        asked, limit = self.config.learning_rate, LIMITS["learning_rate"]
        last = float(f"{self.rates[-1]:.3g}") if self.rates else asked
        changed = self.config.schedule == "constant" and abs(last / asked - 1) > 0.05
        return last if changed and limit.low <= last <= limit.high else asked

    @property
    def steered(self) -> bool:
        """Whether the learning rate was changed while it ran."""
        return self.rate != self.config.learning_rate

    @cached_property
    def peak(self) -> float:
        return max((loss for line in self.batches if (loss := known(line.get("loss"))) is not None), default=0.0)

    @property
    def steps_too_large(self) -> bool:
        """Whether its loss shot up beyond guessing's, or its learning rate is out of all proportion."""
        return self.diverged or self.peak > 2 * self.guessing or self.rate > 10 * self.sensible_rate

    @property
    def too_sure(self) -> bool:
        """Whether its mistakes are sure ones: the loss a mistake is 3 to 4 in a training that goes well."""
        if not self.kept or self.kept.loss is None or self.train is None:
            return False
        if self.config.l2 or self.config.loss != "categorical_crossentropy":  # then a loss says less about mistakes
            return False
        return self.train < 0.98 and self.kept.loss > 5 * (1 - self.train)

    @property
    def unstable(self) -> bool:
        stuck = bool(self.watched) and self.steps_too_large and (self.reading or 0) < 0.9 and self.fall < 0.01
        return stuck or self.jumps

    @property
    def jumps(self) -> bool:
        """Whether its loss rose about as often and as far as it fell, in the second half."""
        half = self.watched[len(self.watched) // 2 :]
        rises = [max(0.0, after - before) for before, after in pairwise(half)]
        return len(half) >= 3 and mean(rises) > 0.1 * median(half) and mean(rises) > 0.02 * GUESSING[self.config.loss]

    @cached_property
    def fall(self) -> float:
        """The share by which the watched loss fell an epoch, over the last fifth; 0 where an earlier one was lower."""
        losses = self.watched
        if len(losses) < 2:  # then only the batches of one epoch can tell
            losses = [loss for line in self.batches if (loss := known(line.get("loss"))) is not None]
            half = len(losses) // 2
            return max(0.0, 1 - mean(losses[half:]) / mean(losses[:half])) if half and mean(losses[:half]) else 0.0
        last = max(1, len(losses) // 5)
        before, now = losses[-1 - last], losses[-1]
        if not before or now > min(losses):
            return 0.0
        return 1 - math.pow(now / before, 1 / last)

    @property
    def slow(self) -> bool:
        """Whether its first epoch brought it less than half of the way from guessing."""
        return bool(self.losses) and self.losses[0] > self.guessing / 2

    @property
    def completed(self) -> bool:
        """Whether the schedule has brought the learning rate to its end."""
        return self.config.schedule != "constant" and len(self.epochs) >= self.config.epochs

    @property
    def still_learning(self) -> bool:
        best = max((share for share in (self.validation, self.test) if share is not None), default=self.train)
        far = bool(self.watched) and self.watched[-1] > self.guessing / 2
        return not self.completed and self.fall >= (SLOW if far else 0.01) and (best is None or best < 0.99)

    @cached_property
    def gap(self) -> float:
        """By how much it reads its training digits better than others, as a share; what chance can do is taken off."""
        if self.train is None:
            return 0.0
        gaps = [0.0]
        if self.validation is not None:
            chance = math.sqrt(self.validation * (1 - self.validation) / max(1, self.validation_count))
            gaps.append(self.train - self.validation - 2 * chance)
        if self.test is not None:
            gaps.append(self.train - self.test)
        return max(gaps)

    @cached_property
    def turned_up(self) -> bool:
        """Whether the validation loss has risen since its best epoch while training's went on down."""
        if not self.best or self.best.loss is None or not self.losses:
            return False
        since = [epoch.val_loss or 0.0 for epoch in self.validated if epoch.number > self.best.number]
        rose = len(since) >= 2 and median(since[-3:]) > 1.05 * (self.best.val_loss or 0.0)
        return rose and self.losses[-1] < 0.9 * self.best.loss

    @property
    def worsened(self) -> bool:
        """Whether it read the validation digits better in its best epoch than at its end."""
        best = (self.best and self.best.val_accuracy) or 0.0
        return self.turned_up and best > (self.validation or 0.0) + 0.005

    @property
    def overfits(self) -> bool:
        if self.train is None:
            return False
        mistakes = self.gap + (1 - self.train)  # of digits that it has not learned from
        by_heart = self.gap >= 0.02 or (self.gap >= 0.01 and mistakes >= 3 * (1 - self.train))
        return by_heart or (self.turned_up and self.gap >= 0.005)

    @property
    def verdict(self) -> str:
        if not self.diverged and (not self.epochs or self.reading is None):
            return "too early"
        if self.learned_nothing and not self.diverged:
            return "still learning" if self.fall >= SLOW and not self.now.steps_too_large else "nothing learned"
        if self.diverged or self.now.unstable or (self.too_sure and not self.steered):
            return "unstable"
        if self.overfits:
            return "overfits"
        if self.still_learning:
            return "still learning"
        return "underfits" if (self.reading or 0) < 0.95 else "good"


def known(value: object, high: float = math.inf) -> float | None:
    """Return a finite number from 0 to `high` as it is, anything else as None."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= high and value < 1e300:
        return float(value)
    return None
