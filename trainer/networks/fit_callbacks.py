"""Callbacks of Keras's `fit` that report, control, checkpoint and resume a training through its hooks.

Keras takes seconds to import, so each function imports it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from trainer import UserError
from trainer.config.training import TrainingConfig, schedule_factor
from trainer.networks.checkpoint import SCALARS, WEIGHTS_PREFIX, Checkpoint
from trainer.networks.hooks import Hooks, Outcome

MEAN_METRICS = ("loss", "accuracy")  # Keras gives their means since the epoch began
EARLY_STOPPING_STATE = ("wait", "best", "best_epoch")  # attributes of EarlyStopping, besides the best weights


class FitCallbacks:
    """Connects Keras's `fit` with the hooks of one training. `callbacks` holds the methods that Keras calls.

    examples: training images per epoch.
    """

    def __init__(
        self,
        model: Any,
        config: TrainingConfig,
        examples: int,
        steps_per_report: int,
        hooks: Hooks,
        start: Checkpoint | None,
    ) -> None:
        from keras import callbacks

        self.model, self.config, self.examples, self.hooks, self.start = model, config, examples, hooks, start
        self.steps_per_epoch, self.steps_per_report = math.ceil(examples / config.batch_size), steps_per_report
        self.variables = _model_variables(model) | _named("optimizer", model.optimizer.variables)
        self.metrics = _named("metrics", model.metrics_variables)
        self.rate = next(variable for variable in model.optimizer.variables if variable.name == "learning_rate")
        self.stopping = callbacks.EarlyStopping("val_loss", patience=config.patience, restore_best_weights=True)
        self.epochs, self.step, seconds, self.learning_rate = 0, 0, 0.0, config.learning_rate
        if start:
            self._check_start(start)
            self.epochs, self.step, seconds, self.learning_rate = (getattr(start, name) for name in SCALARS)
            _assign(self.variables, start.arrays)
        self.begun = time.perf_counter() - seconds
        self.hook_seconds = 0.0
        self.end, self.diverged = "", False
        self.training_metrics: dict[str, np.ndarray] = {}  # their values after training, while the model validates
        self._read_control()

    @property
    def callbacks(self) -> dict[str, Callable[..., None]]:
        return {name: getattr(self, name) for name in dir(self) if name.startswith("on_")}

    @property
    def outcome(self) -> Outcome:
        early = self.stopping.stopped_epoch > 0
        best = None if self.stopping.best_weights is None else self.stopping.best_epoch + 1
        return Outcome(self.epochs, self.step, bool(self.end), self.diverged, early, best, self.hook_seconds)

    # --- called by Keras --------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        self.stopping.set_model(self.model)
        self.stopping.on_train_begin()
        if self.start and "best/0" in self.start.arrays:
            for name in EARLY_STOPPING_STATE:
                setattr(self.stopping, name, self.start.arrays[f"stopping/{name}"].item())
            self.stopping.best_weights = [self.start.arrays[name] for name in _named("best", self.model.weights)]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        done = self.step - epoch * self.steps_per_epoch  # above 0 in an epoch that was interrupted
        self.model.begin_epoch(epoch, done)
        self.epoch, self.passed = epoch, 0
        self.seen = min(done * self.config.batch_size, self.examples)
        self.sums = dict.fromkeys(MEAN_METRICS, 0.0)
        if self.start and done:
            _assign(self.metrics, self.start.arrays)
            self.sums = {name: self.start.arrays[f"sums/{name}"].item() for name in MEAN_METRICS}

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        self.passed = min(self.passed + self.steps_per_report, self.steps_per_epoch)
        if self.epoch * self.steps_per_epoch + self.passed <= self.step:
            return  # these steps were done before the interruption
        self.passed = self.model.steps_done(self.passed)
        with self._hook_time():
            self.step = self.epoch * self.steps_per_epoch + self.passed
            line = self._line("batch", self._means_since_last(self.passed, logs))
            self.diverged = not math.isfinite(logs["loss"])
            self.end = "" if self.diverged else self._read_control()
            self.hooks.report(line)
            if self.end:
                self.hooks.checkpoint(self._checkpoint)
            if self.diverged or self.end:  # setting an attribute of a Keras model is slow
                self.model.stop_training = True

    def on_test_begin(self, logs: Any = None) -> None:
        self.training_metrics = _copies(self.metrics)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        with self._hook_time():
            if not self.diverged and not self.end:
                self.end = self._read_control()
                if self.end == "pause":
                    self.hooks.checkpoint(self._checkpoint)
            if self.diverged or self.end:  # otherwise a whole validation would follow the stop
                self.model.stop_training = self.model.stop_evaluating = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.training_metrics = {}
        if self.step < (epoch + 1) * self.steps_per_epoch or self.diverged or self.end == "pause":
            return
        with self._hook_time():
            self.epochs = epoch + 1
            if self.end:  # validation was cut off
                logs = {name: value for name, value in logs.items() if not name.startswith("val_")}
            elif self.config.patience:
                self.stopping.on_epoch_end(epoch, logs)
            line = self._line("epoch", logs)
            end = self.end or self._read_control()
            self.hooks.checkpoint(self._checkpoint)
            self.hooks.report(line)
            over = self.stopping.stopped_epoch > 0 or self.epochs >= self.total_epochs
            self.end = self.end if over else end
            if over or end:
                self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        self.stopping.on_train_end()

    # --- passed to and from the hooks -------------------------------------------------------------------------

    @contextmanager
    def _hook_time(self) -> Iterator[None]:
        start = time.perf_counter()
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()  # during a training on JAX, the variables are empty
        yield
        self.hook_seconds += time.perf_counter() - start

    def _read_control(self) -> str:
        control = self.hooks.control()
        self.total_epochs = self.config.epochs if control.epochs is None else control.epochs
        if control.learning_rate is not None and control.learning_rate != self.learning_rate:
            self.learning_rate = control.learning_rate
            self.rate.assign(control.learning_rate)
        return control.end

    def _means_since_last(self, done: int, means: dict[str, float]) -> dict[str, float]:
        """Turn means over the epoch's first `done` steps into means since the last call."""
        seen, sums = min(done * self.config.batch_size, self.examples), self.sums
        self.sums = {name: means[name] * seen for name in MEAN_METRICS}
        new, self.seen = seen - self.seen, seen
        return {name: (self.sums[name] - sums[name]) / new for name in MEAN_METRICS}

    def _line(self, kind: str, values: dict[str, float]) -> dict[str, Any]:
        factor = schedule_factor(self.config.schedule, self.step - 1, self.steps_per_epoch * self.config.epochs)
        seconds = round(time.perf_counter() - self.begun, 3)
        values = {**values, "learning_rate": self.learning_rate * factor, "seconds": seconds}
        line = {"kind": kind, "epoch": self.epoch + 1, "step": self.step}
        return line | {name: float(value) for name, value in values.items() if math.isfinite(value)}

    def _checkpoint(self) -> Checkpoint:
        arrays = _copies(self.variables) | (self.training_metrics or _copies(self.metrics))
        arrays |= {f"sums/{name}": np.array(self.sums[name]) for name in MEAN_METRICS}
        if self.stopping.best_weights is not None:
            arrays |= {f"stopping/{name}": np.array(getattr(self.stopping, name)) for name in EARLY_STOPPING_STATE}
            arrays |= _named("best", self.stopping.best_weights)
        return Checkpoint(self.epochs, self.step, time.perf_counter() - self.begun, self.learning_rate, arrays)

    def _check_start(self, start: Checkpoint) -> None:
        """Raise UserError if a checkpoint belongs to another training."""
        expected = _forms(self.variables | self.metrics | {f"sums/{name}": np.array(0.0) for name in MEAN_METRICS})
        if "best/0" in start.arrays:
            stopping = {f"stopping/{name}": np.array(0.0 if name == "best" else 0) for name in EARLY_STOPPING_STATE}
            expected |= _forms(_named("best", self.model.weights)) | _forms(stopping)
        done = start.step - start.epoch * self.steps_per_epoch
        if _forms(start.arrays) != expected or not 0 <= done <= self.steps_per_epoch:
            raise UserError("The checkpoint must belong to this training (got another one's): train the network again.")


def _model_variables(model: Any) -> dict[str, Any]:
    """Return each layer's weights, in Keras's order, and the state of the random generators."""
    weights = {
        f"{WEIGHTS_PREFIX}/{layer.name}/{n}": value for layer in model.layers for n, value in enumerate(layer.weights)
    }
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


def _forms(arrays: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
    """Return the shape and dtype of each array."""
    return {name: (tuple(array.shape), str(array.dtype)) for name, array in arrays.items()}
