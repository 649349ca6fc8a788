"""The Keras model of a config: build, evaluate, predict, weights, save.

Keras takes seconds to import, so each function imports it. Everything uses `keras.*` and runs on TensorFlow or JAX
(`KERAS_BACKEND`); `device` holds what differs between the two.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.layer_table import LayerRow
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Dropout, MaxPooling2D
from trainer.config.limits import CLASSES
from trainer.config.optimizers import Adam
from trainer.config.training import TrainingConfig
from trainer.networks import keras_file, onnx_writer
from trainer.networks.fitting import fit, steps_per_epoch, steps_per_report
from trainer.networks.inference import Network
from trainer.storage.files import write_atomically

if TYPE_CHECKING:
    import keras

BATCH = 500  # images, for evaluation and prediction


@functools.cache
def device() -> str:
    """Return the device that trains networks, "CPU" or the GPU's name, and let a GPU's memory grow as needed.

    Must be called before the first use of Keras; `build` does.
    """
    os.environ.setdefault(
        "XLA_PYTHON_CLIENT_PREALLOCATE", "false"
    )  # otherwise JAX takes three quarters of a GPU's memory at once
    import keras

    if keras.config.backend() == "jax":
        import jax  # type: ignore[import-not-found, unused-ignore]

        first = jax.devices()[0]
        return "CPU" if first.platform == "cpu" else str(first.device_kind)
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    try:
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)  # otherwise TensorFlow takes all of it
    except RuntimeError:  # the GPU does not work: use the CPU
        gpus = []
        tf.config.set_visible_devices([], "GPU")
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")) if gpus else "CPU"


# --- build ----------------------------------------------------------------------------------------------------


def build(config: TrainingConfig, examples: int = 60_000, extra: int | None = None) -> keras.Model:
    """Return the compiled network of a config, its weights initialized from the config's seed.

    The layers have the names of `config.table`. examples: training images in the data set, and `extra` beside them,
    by default those of the config; the learning rate's schedule depends on their number.
    """
    device()
    import keras

    keras.utils.set_random_seed(config.seed)
    image = keras.Input(dataset_info.info(config.dataset).shape, name="image")
    model = keras.Sequential([image, *(_layer(row, config) for row in config.table)])
    model.compile(
        optimizer=_optimizer(config, steps_per_epoch(config, examples, extra) * config.epochs),
        loss=_mean_squared_error if config.loss == "mean_squared_error" else f"sparse_{config.loss}",
        metrics=[keras.metrics.SparseCategoricalAccuracy("accuracy")],
        steps_per_execution=steps_per_report(config, examples, extra),
    )
    # created here, like the metric's above, the variables don't make TensorFlow trace the training step twice
    model.optimizer.build(model.trainable_variables)
    return model


def _layer(row: LayerRow, config: TrainingConfig) -> keras.Layer:
    import keras

    arguments = row.layer.keras_arguments(row.output_shape)
    output = row.name == "output"
    if row.layer.has_kernel:
        arguments["kernel_initializer"] = "glorot_uniform" if output else config.kernel_initializer
        if config.l2:
            arguments["kernel_regularizer"] = keras.regularizers.L2(config.l2)
    dtype = "float32" if output else config.dtype  # bfloat16's 8 bits are too coarse for probabilities
    return getattr(keras.layers, type(row.layer).__name__)(name=row.name, dtype=dtype, **arguments)


def _mean_squared_error(labels: Any, probabilities: Any) -> Any:
    """Return the mean squared error between one-hot labels and probabilities."""
    import keras

    target = keras.ops.one_hot(keras.ops.cast(labels, "int32"), CLASSES)
    return keras.losses.mean_squared_error(target, probabilities)


def crossentropy_with_none(labels: Any, probabilities: Any) -> Any:
    """Return the cross-entropy; for the label CLASSES (no digit), with ten equal probabilities as the target.

    Source of the idea: Hendrycks et al., Deep Anomaly Detection with Outlier Exposure, 2019.
    """
    import keras

    labels = keras.ops.cast(labels, "int32")
    no_digit = keras.ops.cast(keras.ops.equal(labels, CLASSES), "float32")[:, None]
    target = keras.ops.one_hot(labels, CLASSES) + no_digit / CLASSES
    return keras.losses.categorical_crossentropy(target, probabilities)


def _optimizer(config: TrainingConfig, steps: int) -> keras.Optimizer:
    """Return the optimizer for a training of `steps` steps; its variable "learning_rate" is the schedule's highest."""
    import keras
    from keras import ops

    class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        """The variable learning rate times `schedule_factor`, written for tensors."""

        def __call__(self, step: Any) -> Any:
            done, rise = ops.cast(step, "float32"), max(1.0, 0.2 * steps)
            match config.schedule:
                case "constant":
                    return self.highest * 1.0
                case "one_cycle":
                    down = (steps - done) / max(1.0, steps - rise)
                    factor = ops.where(done < rise, 0.1 + 0.9 * done / rise, down)
                case "cosine":
                    factor = 0.5 * (1.0 + ops.cos(math.pi * done / max(1, steps)))
                case "step":  # in integers, so that the boundaries do not depend on rounding
                    factor = ops.where(2 * step < steps, 1.0, ops.where(4 * step < 3 * steps, 0.1, 0.01))
            return self.highest * ops.where(step < steps, factor, 0.01)

    schedule = Schedule()
    optimizer = getattr(keras.optimizers, type(config.optimizer).__name__)(schedule, **vars(config.optimizer))
    constant = keras.initializers.Constant(config.learning_rate)
    schedule.highest = optimizer.add_variable((), constant, name="learning_rate")
    return optimizer


# --- evaluate, inspect and save -------------------------------------------------------------------------------


def evaluate(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    progress: Callable[[float], None] = lambda share: None,
    batch_size: int = BATCH,
) -> tuple[float, float]:
    """Return loss and accuracy on images (n, 28, 28) float32 and their labels (n,).

    progress: called after each batch with the share that is done. An exception that it raises ends the evaluation.
    """
    from keras import callbacks

    def report(batch: int, logs: object = None) -> None:
        progress(min(1.0, (batch + 1) * batch_size / len(labels)))

    model.jit_compile = False  # XLA would compile anew for the last batch
    model.steps_per_execution = 1  # otherwise Keras would report many batches at once
    each = [callbacks.LambdaCallback(on_test_batch_end=report)]
    loss, accuracy = model.evaluate(images, labels, batch_size=batch_size, verbose=0, callbacks=each)
    return float(loss), float(accuracy)


def probabilities(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return (n, 10) float32 for images (n, 28, 28) float32."""
    # `predict` would unroll steps_per_execution batches into one graph
    parts = [model.predict_on_batch(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
    return np.concatenate(parts)


def weights(model: keras.Model) -> dict[str, list[np.ndarray]]:
    """Return a copy of each layer's weights by layer name, in Keras's order."""
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}


def assign(model: keras.Model, values: Mapping[str, Sequence[np.ndarray]]) -> None:
    """Set the weights that `weights` returned for another network. Raises UserError if the layers differ."""
    if _shapes(weights(model)) != _shapes(values):
        raise UserError("The network to continue from must have the same layers as this one: choose another one.")
    for layer in model.layers:
        layer.set_weights(values.get(layer.name, ()))


def _shapes(values: Mapping[str, Sequence[np.ndarray]]) -> dict[str, list[tuple[int, ...]]]:
    return {name: [array.shape for array in arrays] for name, arrays in values.items()}


def first_weights(
    weights: Mapping[str, Sequence[np.ndarray]], config: TrainingConfig, max_units: int = 32
) -> np.ndarray | None:
    """Return the first layer's weights as images, float32: (n, 28, 28) for Dense on pixels, (n, k, k) for Conv2D.

    They are averaged over the input channels. None if the weights do not belong to pixels.
    """
    row = next(row for row in config.table if row.parameters)
    units: np.ndarray = np.moveaxis(weights[row.name][0], -1, 0)[:max_units]
    pixels = dataset_info.info(config.dataset).shape
    if row.layer.has_kernel and row.layer.images_only:
        return np.asarray(units.mean(axis=-1))
    if row.layer.has_kernel and row.input_shape == (math.prod(pixels),):
        weights_of_pixels = units.reshape(-1, *pixels)
        return weights_of_pixels if len(pixels) == 2 else np.asarray(weights_of_pixels.mean(axis=-1))
    return None


def save(model: keras.Model, path: Path, network_hash: str = "") -> None:
    """Write a `.keras` file in float32 that Keras loads without this project, completely or not at all.

    It holds no optimizer. network_hash: of the ONNX file with the same weights, for `keras_file.matching_file`. Raises
    OSError if the file cannot be written.
    """
    import keras

    layers = [type(layer).from_config({**layer.get_config(), "dtype": "float32"}) for layer in model.layers]
    bare = keras.Sequential([keras.Input(model.input_shape[1:], name="image"), *layers])
    bare.set_weights(model.get_weights())

    def write(temporary: Path) -> None:
        keras.saving.save_model(bare, temporary)
        keras_file.mark(temporary, network_hash)

    write_atomically(path, write)  # Keras would truncate the old file in place


def warm_up() -> None:
    """Use everything once that a training uses, so that the first one starts as fast as the others."""
    images, labels = np.zeros((200, 28, 28), "float32"), np.arange(200) % CLASSES
    convolution = (Conv2D(2), BatchNormalization(), MaxPooling2D(), Dropout())
    for config in (
        TrainingConfig(layers=(Dense(2),), epochs=1),
        TrainingConfig(layers=convolution, optimizer=Adam(), schedule="one_cycle", epochs=1),
    ):
        model = build(config, len(images))
        fit(model, config, images, labels)
        evaluate(model, images, labels)
        Network(onnx_writer.to_onnx(weights(model), config)).probabilities(images)
