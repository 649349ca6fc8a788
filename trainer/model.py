"""The network: build, train, test and save it; the one module that knows Keras.

Keras takes seconds to import, so each function imports it. All is written in `keras.*` and runs on TensorFlow or JAX
(`KERAS_BACKEND`); what differs between the two stands in `device`.
"""

from __future__ import annotations

import functools
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer import export
from trainer.config import Adam, TrainingConfig, learning_rate_at
from trainer.layers import BatchNormalization, Conv2D, Dense, Dropout, MaxPooling2D, Reshape, Row
from trainer.limits import CLASSES, INPUT_SHAPES
from trainer.runs import write_whole

if TYPE_CHECKING:
    import keras

LINES = 25  # reports an epoch, about
BATCH = 500  # images, where nothing is learnt


@functools.cache
def device() -> str:
    """Return what networks train on, "CPU" or the GPU's name, and keep a GPU's memory free for others.

    Must be called before the first use of Keras, as `build` does.
    """
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX would take three quarters of a GPU at once
    import keras

    if keras.config.backend() == "jax":
        import jax  # type: ignore[import-not-found, unused-ignore]

        first = jax.devices()[0]
        return "CPU" if first.platform == "cpu" else str(first.device_kind)
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)  # TensorFlow would take all of it
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")) if gpus else "CPU"


# --- build ----------------------------------------------------------------------------------------------------


def training_count(config: TrainingConfig, examples: int) -> int:
    """Count those of `examples` that are learnt from: the first ones, less the validation split, as Keras splits."""
    return math.floor(min(examples, config.training_examples) * (1.0 - config.validation_split))


def steps_per_epoch(config: TrainingConfig, examples: int) -> int:
    """Count the updates of an epoch where the data set has `examples` for training."""
    return math.ceil(training_count(config, examples) / config.batch_size)


def build(config: TrainingConfig, examples: int = 60_000) -> keras.Model:
    """Return the compiled network of a config, with the weights that its seed gives.

    Its layers have the names of `config.table`. The data set has `examples` for training: the learning rate's
    schedule and the number of updates between two reports depend on it.
    """
    device()
    import keras

    keras.utils.set_random_seed(config.seed)
    image = keras.Input(INPUT_SHAPES[config.dataset], name="image")
    model = keras.Sequential([image, *(_layer(row, config.kernel_initializer) for row in config.table)])
    steps = steps_per_epoch(config, examples)
    optimizer = getattr(keras.optimizers, type(config.optimizer).__name__)
    model.compile(
        optimizer=optimizer(learning_rate=_learning_rate(config, steps * config.epochs), **vars(config.optimizer)),
        loss="sparse_categorical_crossentropy",
        metrics=[keras.metrics.SparseCategoricalAccuracy("accuracy")],
        steps_per_execution=math.ceil(steps / LINES),  # the hooks then cost next to nothing; the history is the same
    )
    # made here, and the metric's own above, the variables don't make TensorFlow trace the training step twice
    model.optimizer.build(model.trainable_variables)
    return model


def _layer(row: Row, kernel_initializer: str) -> keras.Layer:
    import keras

    arguments = dict(vars(row.layer))
    match row.layer:
        case Reshape():
            arguments["target_shape"] = row.output_shape
        case Dense() | Conv2D():
            arguments["kernel_initializer"] = "glorot_uniform" if row.name == "output" else kernel_initializer
    return getattr(keras.layers, type(row.layer).__name__)(name=row.name, **arguments)


def _learning_rate(config: TrainingConfig, steps: int) -> Any:
    """Return what a Keras optimizer takes: a number, or `learning_rate_at` written for tensors."""
    if config.schedule == "constant":
        return config.learning_rate
    import keras

    highest, rise = config.learning_rate, max(1.0, 0.2 * steps)

    class OneCycle(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        def __call__(self, step: Any) -> Any:
            step = keras.ops.cast(step, "float32")
            up = highest * (0.1 + 0.9 * step / rise)
            down = highest * keras.ops.maximum(0.0, steps - step) / max(1.0, steps - rise)
            return keras.ops.where(step < rise, up, down)

    return OneCycle()


# --- train, test and save -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """How a training ended: what was done, and whether it was stopped or its loss was no number any more.

    `hook_seconds` were spent on reports.
    """

    epochs: int
    steps: int
    stopped: bool
    diverged: bool
    hook_seconds: float


def fit(
    model: keras.Model,
    config: TrainingConfig,
    images: np.ndarray,
    labels: np.ndarray,
    report: Callable[[dict[str, Any]], None] = lambda line: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Train a network made by `build(config, len(images))`; its history is plain Keras `fit`'s, to the last digit.

    images: (n, 28, 28) float32, 0 paper .. 1 ink; labels: (n,) whole numbers. About 25 times an epoch `report` gets
    a line of kind "batch", with means since the line before, and after each epoch one of kind "epoch"; a value that
    is not finite is left out. `report` may read the network's weights. `should_stop` is asked as often, while
    validating too: an epoch whose updates were all done then has its line without validation.
    """
    count = min(len(images), config.training_examples)
    reporter = _reporter(config, len(images), report, should_stop)
    model.fit(
        images[:count],
        labels[:count],
        batch_size=config.batch_size,
        epochs=config.epochs,
        validation_split=config.validation_split,
        callbacks=[reporter],
        verbose=0,
    )
    outcome: Outcome = reporter.outcome()
    return outcome


def _reporter(
    config: TrainingConfig, examples: int, report: Callable[[dict[str, Any]], None], should_stop: Callable[[], bool]
) -> Any:
    """Return the Keras callback of `fit`."""
    import keras

    steps, count = steps_per_epoch(config, examples), training_count(config, examples)

    class Reporter(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.epoch = self.epochs = self.step = 0
            self.stopped = self.diverged = False
            self.hook_seconds = 0.0
            self.start = time.perf_counter()

        def outcome(self) -> Outcome:
            return Outcome(self.epochs, self.step, self.stopped, self.diverged, self.hook_seconds)

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epoch, self.seen, self.sums = epoch, 0, {"loss": 0.0, "accuracy": 0.0}

        def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
            start = time.perf_counter()
            done = min(batch + 1, steps)  # the last execution of an epoch may be cut short, Keras's count is not
            self.step = self.epoch * steps + done
            seen = min(done * config.batch_size, count)
            sums = {name: logs[name] * seen for name in self.sums}  # logs are means since the epoch began
            self.diverged = not math.isfinite(logs["loss"])
            self._ask()
            self._report("batch", {name: (sums[name] - self.sums[name]) / (seen - self.seen) for name in sums})
            self.seen, self.sums = seen, sums
            self.hook_seconds += time.perf_counter() - start

        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            start = time.perf_counter()
            self._ask()
            self.hook_seconds += time.perf_counter() - start

        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            start = time.perf_counter()
            if self.step == (epoch + 1) * steps and not self.diverged:
                self.epochs = epoch + 1
                if self.stopped:  # then validation saw a part of its images only
                    logs = {name: value for name, value in logs.items() if not name.startswith("val_")}
                self._report("epoch", logs)
            self.hook_seconds += time.perf_counter() - start

        def _report(self, kind: str, values: dict[str, float]) -> None:
            line = {"kind": kind, "epoch": self.epoch + 1, "step": self.step}
            values = {
                **values,
                "learning_rate": learning_rate_at(config, self.step - 1, steps * config.epochs),
                "seconds": round(time.perf_counter() - self.start, 3),
            }
            report(line | {name: float(value) for name, value in values.items() if math.isfinite(value)})

        def _ask(self) -> None:
            self.stopped = self.stopped or (not self.diverged and should_stop())
            model = self.model  # asking for it brings its weights up to date on JAX
            if self.stopped or self.diverged:
                model.stop_training = True
                model.stop_evaluating = True  # else a whole validation would follow

    return Reporter()


def evaluate(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return loss and accuracy on images (n, 28, 28) float32 and their labels (n,)."""
    loss, accuracy = model.evaluate(images, labels, batch_size=BATCH, verbose=0)
    return float(loss), float(accuracy)


def probabilities(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return (n, 10) float32 for images (n, 28, 28) float32."""
    # predict would unroll steps_per_execution batches into one graph
    parts = [model.predict_on_batch(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
    return np.concatenate(parts)


def save(model: keras.Model, path: Path) -> None:
    """Write a `.keras` file, whole or not at all, that Keras loads without this project.

    It holds no optimizer. Raises OSError where the file cannot be written.
    """
    import keras

    bare = keras.Sequential.from_config(model.get_config())
    bare.set_weights(model.get_weights())
    write_whole(path, functools.partial(keras.saving.save_model, bare))  # Keras would cut the old file short in place


def warm_up() -> None:
    """Use once what a training uses, so that the first one starts as fast as the others."""
    images, labels = np.zeros((200, *INPUT_SHAPES["mnist"]), "float32"), np.arange(200) % CLASSES
    convolution = (Conv2D(2), BatchNormalization(), MaxPooling2D(), Dropout())
    for config in (
        TrainingConfig(layers=(Dense(2),), epochs=1),
        TrainingConfig(layers=convolution, optimizer=Adam(), schedule="one_cycle", epochs=1),
    ):
        model = build(config, len(images))
        fit(model, config, images, labels)
        evaluate(model, images, labels)
        export.to_onnx(model, config)
