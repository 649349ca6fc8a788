"""Diagnosis of a training from its history and its network's scores: divergence, instability, over- and underfitting.

The thresholds were set on trainings of all presets and of about twenty typical mistakes, three seeds each.
Longer than 300 lines because each sign is a small property of one class.
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
from trainer.config.optimizers import SGD
from trainer.config.training import TrainingConfig
from trainer.runs.state import State

Line = Mapping[str, Any]
MIN_LEARNED_ACCURACY = 0.15  # below it a network has learned nothing
MIN_LOSS_FALL = 0.002  # share by which the loss falls per epoch; anything less counts as flat
# The value of each loss function when all classes are equally probable.
GUESSING_LOSSES = {"categorical_crossentropy": math.log(CLASSES), "mean_squared_error": (1 - 1 / CLASSES) / CLASSES}


class Epoch(NamedTuple):
    """Results of a finished epoch; None where unknown. `loss` and `accuracy` are means over the epoch."""

    number: int
    loss: float | None
    accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None


@dataclass(frozen=True)
class Diagnosis:
    """Diagnosis of a training that has ended.

    history: the lines of history.jsonl. state: the run's, with the scores of the final network.
    """

    config: TrainingConfig
    history: Sequence[Line]
    state: State

    @classmethod
    def of(cls, config: TrainingConfig, history: Iterable[object], state: State) -> Diagnosis:
        """Return the diagnosis of a training; values in its lines of the wrong type or range count as unknown."""
        return cls(config, tuple(line for line in history if isinstance(line, Mapping)), state)

    # --- what was measured ------------------------------------------------------------------------------------

    @cached_property
    def batches(self) -> list[Line]:
        return [line for line in self.history if line.get("kind") == "batch"]

    @cached_property
    def since_rate_change(self) -> Diagnosis:
        """The diagnosis of the part since the learning rate was last changed."""
        if not self.rate_changed:
            return self
        rates = [known(line.get("learning_rate")) or self.learning_rate for line in self.history]
        changed = max((n for n, rate in enumerate(rates, 1) if abs(rate / self.learning_rate - 1) > 0.05), default=0)
        config = replace(self.config, learning_rate=self.learning_rate, saved=True)
        return replace(self, config=config, history=self.history[changed:])

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
    def best_epoch(self) -> Epoch | None:
        """The epoch of the lowest validation loss."""
        return min(self.validated, key=lambda epoch: epoch.val_loss or 0.0, default=None)

    @cached_property
    def saved_epoch(self) -> Epoch | None:
        """The epoch whose weights the network has: the best one with early stopping, otherwise the last."""
        return self.best_epoch if self.config.patience and self.best_epoch else self.epochs[-1] if self.epochs else None

    @property
    def compared(self) -> bool:
        """Whether the final network has read training digits as it has read the test digits; in old runs it has not."""
        return self.state.train_accuracy is not None

    @property
    def test_accuracy(self) -> float | None:
        return self.state.test_accuracy

    @property
    def learning_accuracy(self) -> float | None:
        """The training accuracy as Keras reports it: a mean over the saved epoch, while the weights change."""
        return self.saved_epoch.accuracy if self.saved_epoch else None

    @property
    def train_accuracy(self) -> float | None:
        """The final network's training accuracy, or, if it is unknown, `learning_accuracy`, which is usually lower."""
        return self.state.train_accuracy if self.compared else self.learning_accuracy

    @property
    def train_loss(self) -> float | None:
        """The training loss that belongs to `train_accuracy`."""
        return self.state.train_loss if self.compared else self.saved_epoch.loss if self.saved_epoch else None

    @property
    def validation_accuracy(self) -> float | None:
        """The final network's validation accuracy, or, if it is unknown, that of the last validated or saved epoch."""
        if self.state.val_accuracy is not None:
            return self.state.val_accuracy
        if self.saved_epoch and self.saved_epoch.val_accuracy is not None:
            return self.saved_epoch.val_accuracy
        return next((e.val_accuracy for e in reversed(self.epochs) if e.val_accuracy is not None), None)

    @cached_property
    def learned_count(self) -> int:
        """The number of the data set's images in the training part, 0 if it is unknown."""
        return max(0, self.state.examples - self.config.synthetic_examples - self.config.own_examples)

    @cached_property
    def validation_count(self) -> int:
        """The number of images in the validation part."""
        config, learned = self.config, self.learned_count
        used = round(learned / (1 - config.validation_split)) if learned > 0 else config.training_examples
        return config.split(used)[1]

    @cached_property
    def watched_losses(self) -> list[float]:
        """The validation loss of each epoch, or the training loss without validation digits."""
        losses = [epoch.val_loss for epoch in self.validated] or [epoch.loss for epoch in self.epochs]
        return [loss for loss in losses if loss is not None]

    @cached_property
    def train_losses(self) -> list[float]:
        return [epoch.loss for epoch in self.epochs if epoch.loss is not None]

    @property
    def seconds(self) -> float:
        return max((seconds for line in self.history if (seconds := known(line.get("seconds")))), default=0.0)

    @cached_property
    def batch_rates(self) -> list[float]:
        return [rate for line in self.batches if (rate := known(line.get("learning_rate")))]

    @cached_property
    def best_accuracy(self) -> float | None:
        """The highest of the training, validation and test accuracies; None if all are unknown."""
        shares = (self.train_accuracy, self.validation_accuracy, self.test_accuracy)
        return max((share for share in shares if share is not None), default=None)

    # --- signs ------------------------------------------------------------------------------------------------

    @property
    def diverged(self) -> bool:
        """Whether the last loss was NaN or infinite."""
        return bool(self.batches) and known(self.batches[-1].get("loss")) is None

    @property
    def guessing_loss(self) -> float:
        """The loss of guessing; infinite with L2, whose penalty is part of the reported losses."""
        return math.inf if self.config.l2 else GUESSING_LOSSES[self.config.loss]

    @property
    def learned_nothing(self) -> bool:
        return self.best_accuracy is not None and self.best_accuracy < MIN_LEARNED_ACCURACY

    @property
    def sensible_rate(self) -> float:
        """A learning rate that works for nearly every network of this size."""
        optimizer = self.config.optimizer
        if isinstance(optimizer, SGD):
            return 0.1 * (1 - optimizer.momentum)
        return optimizer.default_learning_rate

    @cached_property
    def learning_rate(self) -> float:
        """The learning rate at the end, or the highest one of a schedule."""
        asked, limit = self.config.learning_rate, LIMITS["learning_rate"]
        last = float(f"{self.batch_rates[-1]:.3g}") if self.batch_rates else asked
        changed = self.config.schedule == "constant" and abs(last / asked - 1) > 0.05
        return last if changed and limit.low <= last <= limit.high else asked

    @property
    def rate_changed(self) -> bool:
        """Whether somebody changed the learning rate during the training."""
        return self.learning_rate != self.config.learning_rate

    @cached_property
    def highest_loss(self) -> float:
        return max((loss for line in self.batches if (loss := known(line.get("loss"))) is not None), default=0.0)

    @property
    def steps_too_large(self) -> bool:
        """Whether the loss rose far above that of guessing, or the learning rate is far too high."""
        rose = self.highest_loss > 2 * self.guessing_loss
        return self.diverged or rose or self.learning_rate > 10 * self.sensible_rate

    @property
    def overconfident(self) -> bool:
        """Whether mistakes are made with high confidence: the loss per mistake is 3 to 4 in a healthy training."""
        if self.train_loss is None or self.train_accuracy is None:
            return False
        if self.config.l2 or self.config.loss != "categorical_crossentropy":  # these losses say less about mistakes
            return False
        return self.train_accuracy < 0.98 and self.train_loss > 5 * (1 - self.train_accuracy)

    @property
    def unstable(self) -> bool:
        poor = (self.best_accuracy or 0) < 0.9
        stuck = bool(self.watched_losses) and self.steps_too_large and poor and self.loss_fall < 0.01
        return stuck or self.loss_jumps

    @property
    def loss_jumps(self) -> bool:
        """Whether the loss rose about as often and as far as it fell in the second half."""
        half = self.watched_losses[len(self.watched_losses) // 2 :]
        if len(half) < 3:
            return False
        rise = mean(max(0.0, after - before) for before, after in pairwise(half))
        return rise > 0.1 * median(half) and rise > 0.02 * GUESSING_LOSSES[self.config.loss]

    @cached_property
    def loss_fall(self) -> float:
        """The share by which the watched loss fell per epoch over the last fifth; 0 if an earlier loss was lower."""
        losses = self.watched_losses
        if len(losses) < 2:  # only the batches of one epoch can tell
            losses = [loss for line in self.batches if (loss := known(line.get("loss"))) is not None]
            half = len(losses) // 2
            return max(0.0, 1 - mean(losses[half:]) / mean(losses[:half])) if half and mean(losses[:half]) else 0.0
        last = max(1, len(losses) // 5)
        before, now = losses[-1 - last], losses[-1]
        if not before or now > min(losses):
            return 0.0
        return 1 - math.pow(now / before, 1 / last)

    @property
    def slow_start(self) -> bool:
        """Whether the loss was still above half of guessing's after the first epoch."""
        return bool(self.train_losses) and self.train_losses[0] > self.guessing_loss / 2

    @property
    def schedule_completed(self) -> bool:
        """Whether the learning rate schedule reached its end."""
        return self.config.schedule != "constant" and len(self.epochs) >= self.config.epochs

    @property
    def still_learning(self) -> bool:
        shares = (self.validation_accuracy, self.test_accuracy)
        best = max((share for share in shares if share is not None), default=self.train_accuracy)
        if self.schedule_completed or (best is not None and best >= 0.99):
            return False
        far = bool(self.watched_losses) and self.watched_losses[-1] > self.guessing_loss / 2
        return self.loss_fall >= (MIN_LOSS_FALL if far else 0.01)

    @cached_property
    def accuracy_gap(self) -> float:
        """Training accuracy minus validation or test accuracy, less two standard errors of the validation accuracy."""
        if self.train_accuracy is None:
            return 0.0
        gaps = [0.0]
        if (share := self.validation_accuracy) is not None:
            error = math.sqrt(share * (1 - share) / max(1, self.state.val_count or self.validation_count))
            gaps.append(self.train_accuracy - share - 2 * error)
        if self.test_accuracy is not None:
            gaps.append(self.train_accuracy - self.test_accuracy)
        return max(gaps)

    @cached_property
    def validation_loss_rose(self) -> bool:
        """Whether the validation loss rose after its best epoch while the training loss kept falling."""
        if not self.best_epoch or self.best_epoch.loss is None or not self.train_losses:
            return False
        since = [epoch.val_loss or 0.0 for epoch in self.validated if epoch.number > self.best_epoch.number]
        rose = len(since) >= 2 and median(since[-3:]) > 1.05 * (self.best_epoch.val_loss or 0.0)
        return rose and self.train_losses[-1] < 0.9 * self.best_epoch.loss

    @property
    def worsened(self) -> bool:
        """Whether the validation accuracy was higher in the best epoch than at the end."""
        best = (self.best_epoch and self.best_epoch.val_accuracy) or 0.0
        return self.validation_loss_rose and best > (self.validation_accuracy or 0.0) + 0.005

    @property
    def overfits(self) -> bool:
        if self.train_accuracy is None:
            return False
        gap, train_mistakes = self.accuracy_gap, 1 - self.train_accuracy
        memorized = gap >= 0.02 or (gap >= 0.01 and gap + train_mistakes >= 3 * train_mistakes)
        return memorized or (self.validation_loss_rose and gap >= 0.005)

    @property
    def verdict(self) -> str:
        if not self.diverged and (not self.epochs or self.best_accuracy is None):
            return "too early"
        if self.learned_nothing and not self.diverged:
            falling = self.loss_fall >= MIN_LOSS_FALL and not self.since_rate_change.steps_too_large
            return "still learning" if falling else "nothing learned"
        if self.diverged or self.since_rate_change.unstable or (self.overconfident and not self.rate_changed):
            return "unstable"
        if self.overfits:
            return "overfits"
        if self.still_learning:
            return "still learning"
        return "underfits" if (self.best_accuracy or 0) < 0.95 else "good"


def known(value: object, high: float = math.inf) -> float | None:
    """Return a finite number from 0 to `high` unchanged, and None for anything else."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= high and value < 1e300:
        return float(value)
    return None
