"""What happens while a network learns? Keras's own `fit`, reported, steered, cut short and continued.

Keras takes seconds to import, so each function imports it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from trainer import UserError
from trainer.config.limits import LIMITS
from trainer.config.training import TrainingConfig, schedule_factor
from trainer.networks.checkpoint import NUMBERS, WEIGHTS, Checkpoint
from trainer.networks.train_step import Digits, learner

if TYPE_CHECKING:
    import keras

LINES = 25  # reports an epoch, about
MEANS = ("loss", "accuracy")  # since the epoch began, as Keras counts
REMEMBERED = ("wait", "best", "best_epoch")  # by early stopping, besides the best weights


def training_count(config: TrainingConfig, examples: int) -> int:
    """Count the digits of an epoch where the data set has `examples` for training.

    They are its first ones, less the validation split, as Keras splits, the synthetic ones, and the visitor's own.
    """
    return config.split(examples)[0] + config.synthetic_examples + config.own_examples


def steps_per_epoch(config: TrainingConfig, examples: int) -> int:
    """Count the updates of an epoch where the data set has `examples` for training."""
    return math.ceil(training_count(config, examples) / config.batch_size)


def steps_per_line(config: TrainingConfig, examples: int) -> int:
    """Count the updates from one report to the next."""
    return math.ceil(steps_per_epoch(config, examples) / LINES)


# --- what a training says and is told -------------------------------------------------------------------------


@dataclass(frozen=True)
class Control:
    """How a training is to go on from now; None is as the config says, or as it was before it was continued.

    Both ends come within a batch line. `stop` counts an epoch that was cut while validating, without validation;
    `pause` leaves it unfinished, so that a continued training validates again.
    """

    end: Literal["", "stop", "pause"] = ""
    epochs: int | None = None  # in all
    learning_rate: float | None = None  # the highest of the schedule, whose shape goes on


class Hooks:
    """What a training calls while it runs; override what you need. Their time is the training's."""

    def report(self, line: dict[str, Any]) -> None:
        """Take a line of kind "batch", with means since the line before, or "epoch"; values are finite or left out."""

    def control(self) -> Control:
        """Return how to go on; called before each batch line, as often in validation, and before each epoch's line."""
        return Control()

    def checkpoint(self, make: Callable[[], Checkpoint]) -> None:
        """Keep what is made, to continue from; called before each epoch's line and where a training is ended."""


@dataclass(frozen=True)
class Outcome:
    """How a training ended, all that was done before it was continued included."""

    epochs: int
    steps: int
    stopped: bool  # by the control
    diverged: bool  # its loss was no number any more
    early: bool  # by early stopping
    best_epoch: int | None  # whose weights the network has now, where there is early stopping
    hook_seconds: float  # spent in hooks


# --- train ----------------------------------------------------------------------------------------------------


def fit(
    network: keras.Model,
    config: TrainingConfig,
    images: np.ndarray,
    labels: np.ndarray,
    hooks: Hooks | None = None,
    extra: Digits | None = None,
    start: Checkpoint | None = None,
) -> Outcome:
    """Train a network made by `model.build(config, len(images))`.

    Its history is plain Keras `fit`'s, to the last digit. images: (n, 28, 28) float32, 0 paper .. 1 ink; labels: (n,)
    whole numbers; `extra`: the config's synthetic and own digits, alike. `hooks` are called about 25 times an epoch and
    at each one's end; they may read the network's weights. With `start` the training goes on from there, to the end
    that it would have had without the interruption. Raises UserError where `start` is of another training.
    """
    from keras import callbacks

    count, _ = config.split(len(images))
    learned = images[:count], labels[:count]
    aside = images[count : config.training_examples], labels[count : config.training_examples]
    if extra:
        learned = np.concatenate([learned[0], extra[0]]), np.concatenate([learned[1], extra[1]])
    together = steps_per_line(config, len(images))
    model, data = learner(network, config, learned, aside, together)
    follower = _Follower(model, config, len(learned[1]), together, hooks or Hooks(), start)
    try:
        if follower.epochs < follower.wanted:
            model.fit(
                **data,
                initial_epoch=follower.epochs,
                epochs=int(LIMITS["epochs"].high),  # the follower ends it when as many are done as are wanted by then
                callbacks=[callbacks.LambdaCallback(**follower.callbacks)],
                verbose=0,
            )
    finally:
        model.close()
    return follower.outcome


class _Follower:
    """Stands between Keras and the hooks: what it does on Keras's calls is in `callbacks`."""

    def __init__(
        self, model: Any, config: TrainingConfig, count: int, together: int, hooks: Hooks, start: Checkpoint | None
    ) -> None:
        from keras import callbacks

        self.model, self.config, self.count, self.hooks, self.start = model, config, count, hooks, start
        self.steps, self.together = math.ceil(count / config.batch_size), together  # an epoch, a line
        self.variables = _of_network(model) | _named("optimizer", model.optimizer.variables)
        self.metrics = _named("metrics", model.metrics_variables)
        self.rate = next(variable for variable in model.optimizer.variables if variable.name == "learning_rate")
        self.stopping = callbacks.EarlyStopping("val_loss", patience=config.patience, restore_best_weights=True)
        self.epochs, self.step, seconds, self.learning_rate = 0, 0, 0.0, config.learning_rate
        if start:
            self._check(start)
            self.epochs, self.step, seconds, self.learning_rate = (getattr(start, name) for name in NUMBERS)
            _assign(self.variables, start.arrays)
        self.begun = time.perf_counter() - seconds
        self.hook_seconds = 0.0
        self.end, self.diverged = "", False
        self.trained: dict[str, np.ndarray] = {}  # what the metrics came to in training, while they validate
        self._ask()

    @property
    def callbacks(self) -> dict[str, Callable[..., None]]:
        return {name: getattr(self, name) for name in dir(self) if name.startswith("on_")}

    @property
    def outcome(self) -> Outcome:
        early = self.stopping.stopped_epoch > 0
        best = None if self.stopping.best_weights is None else self.stopping.best_epoch + 1
        return Outcome(self.epochs, self.step, bool(self.end), self.diverged, early, best, self.hook_seconds)

    # --- what Keras calls -------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        self.stopping.set_model(self.model)
        self.stopping.on_train_begin()
        if self.start and "best/0" in self.start.arrays:
            for name in REMEMBERED:
                setattr(self.stopping, name, self.start.arrays[f"stopping/{name}"].item())
            self.stopping.best_weights = [self.start.arrays[name] for name in _named("best", self.model.weights)]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        done = self.step - epoch * self.steps  # more than 0 where this epoch was interrupted
        self.model.begin_epoch(epoch, done)
        self.epoch, self.passed = epoch, 0
        self.seen, self.sums = min(done * self.config.batch_size, self.count), dict.fromkeys(MEANS, 0.0)
        if self.start and done:
            _assign(self.metrics, self.start.arrays)
            self.sums = {name: self.start.arrays[f"sums/{name}"].item() for name in MEANS}

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        self.passed = min(self.passed + self.together, self.steps)
        if self.epoch * self.steps + self.passed <= self.step:
            return  # done before the interruption
        with self._timed():
            self.step = self.epoch * self.steps + self.passed
            line = self._line("batch", self._means_since(self.passed, logs))
            self.diverged = not math.isfinite(logs["loss"])
            self.end = "" if self.diverged else self._ask()
            self.hooks.report(line)
            if self.end:
                self.hooks.checkpoint(self._checkpoint)
            if self.diverged or self.end:  # Keras takes its time over each attribute that is set
                self.model.stop_training = True

    def on_test_begin(self, logs: Any = None) -> None:
        self.trained = _copies(self.metrics)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        with self._timed():
            if not self.diverged and not self.end:
                self.end = self._ask()
                if self.end == "pause":
                    self.hooks.checkpoint(self._checkpoint)
            if self.diverged or self.end:  # else a whole validation would follow the stop
                self.model.stop_training = self.model.stop_evaluating = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.trained = {}
        if self.step < (epoch + 1) * self.steps or self.diverged or self.end == "pause":
            return
        with self._timed():
            self.epochs = epoch + 1
            if self.end:  # then validation saw a part of its images only
                logs = {name: value for name, value in logs.items() if not name.startswith("val_")}
            elif self.config.patience:
                self.stopping.on_epoch_end(epoch, logs)
            line = self._line("epoch", logs)
            end = self.end or self._ask()
            self.hooks.checkpoint(self._checkpoint)
            self.hooks.report(line)
            over = self.stopping.stopped_epoch > 0 or self.epochs >= self.wanted
            self.end = self.end if over else end
            if over or end:
                self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        self.stopping.on_train_end()

    # --- what the hooks say and get ---------------------------------------------------------------------------

    @contextmanager
    def _timed(self) -> Iterator[None]:
        start = time.perf_counter()
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()  # while it trains on JAX, the variables are empty
        yield
        self.hook_seconds += time.perf_counter() - start

    def _ask(self) -> str:
        control = self.hooks.control()
        self.wanted = self.config.epochs if control.epochs is None else control.epochs
        if control.learning_rate is not None and control.learning_rate != self.learning_rate:
            self.learning_rate = control.learning_rate
            self.rate.assign(control.learning_rate)
        return control.end

    def _means_since(self, done: int, means: dict[str, float]) -> dict[str, float]:
        """Turn means since the epoch began, which `done` steps ago, into means since the last call."""
        seen, sums = min(done * self.config.batch_size, self.count), self.sums
        self.sums = {name: means[name] * seen for name in MEANS}
        new, self.seen = seen - self.seen, seen
        return {name: (self.sums[name] - sums[name]) / new for name in MEANS}

    def _line(self, kind: str, values: dict[str, float]) -> dict[str, Any]:
        factor = schedule_factor(self.config.schedule, self.step - 1, self.steps * self.config.epochs)
        seconds = round(time.perf_counter() - self.begun, 3)
        values = {**values, "learning_rate": self.learning_rate * factor, "seconds": seconds}
        line = {"kind": kind, "epoch": self.epoch + 1, "step": self.step}
        return line | {name: float(value) for name, value in values.items() if math.isfinite(value)}

    def _checkpoint(self) -> Checkpoint:
        arrays = _copies(self.variables) | (self.trained or _copies(self.metrics))
        arrays |= {f"sums/{name}": np.array(self.sums[name]) for name in MEANS}
        if self.stopping.best_weights is not None:
            arrays |= {f"stopping/{name}": np.array(getattr(self.stopping, name)) for name in REMEMBERED}
            arrays |= _named("best", self.stopping.best_weights)
        return Checkpoint(self.epochs, self.step, time.perf_counter() - self.begun, self.learning_rate, arrays)

    def _check(self, start: Checkpoint) -> None:
        """Raise UserError where a checkpoint is not of this training."""
        wanted = _kinds(self.variables | self.metrics | {f"sums/{name}": np.array(0.0) for name in MEANS})
        if "best/0" in start.arrays:
            remembered = {f"stopping/{name}": np.array(0.0 if name == "best" else 0) for name in REMEMBERED}
            wanted |= _kinds(_named("best", self.model.weights)) | _kinds(remembered)
        if _kinds(start.arrays) != wanted or not 0 <= start.step - start.epoch * self.steps <= self.steps:
            raise UserError(
                "The checkpoint must be of this very training (got another one's): train the network again."
            )


def _of_network(model: Any) -> dict[str, Any]:
    """Return each layer's weights, in Keras's order, and what chance comes from."""
    weights = {f"{WEIGHTS}/{layer.name}/{n}": value for layer in model.layers for n, value in enumerate(layer.weights)}
    known = {id(variable) for variable in weights.values()}
    return weights | _named("chance", [variable for variable in model.variables if id(variable) not in known])


def _named(part: str, values: Sequence[Any]) -> dict[str, Any]:
    return {f"{part}/{place}": value for place, value in enumerate(values)}


def _copies(variables: dict[str, Any]) -> dict[str, np.ndarray]:
    from keras import ops

    return {name: np.array(ops.convert_to_numpy(variable)) for name, variable in variables.items()}


def _assign(variables: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    for name, variable in variables.items():
        variable.assign(arrays[name])


def _kinds(arrays: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
    return {name: (tuple(array.shape), str(array.dtype)) for name, array in arrays.items()}
