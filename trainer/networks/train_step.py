"""How does a network learn a step? Its layers behind those that augment, fed as suits Keras's backend.

Whatever the way, Keras's own `fit` runs it and its history is the same. Keras takes seconds to import, so each function
imports it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.config.limits import CLASSES
from trainer.config.training import TrainingConfig

if TYPE_CHECKING:
    import keras

Digits = tuple[np.ndarray, np.ndarray]  # images (n, 28, 28) float32, 0 paper .. 1 ink, and labels (n,), whole numbers


def learner(
    network: keras.Model, config: TrainingConfig, learned: Digits, aside: Digits, together: int
) -> tuple[Any, dict[str, Any]]:
    """Return a Keras model of the network's own layers that learns, and the data that its `fit` takes.

    It learns from `learned`, is validated on `aside`, and calls back after `together` steps each. As an epoch begins,
    of which `done` steps were done before, `begin_epoch(epoch, done)` must be called, and in the end `close()`.
    """
    import keras

    return (_tables if keras.config.backend() == "tensorflow" else _batches)(network, config, learned, aside, together)


def _tables(
    network: keras.Model, config: TrainingConfig, learned: Digits, aside: Digits, together: int
) -> tuple[Any, dict[str, Any]]:
    """Take numbers of steps for data: each call does the next ones in a graph, with slices of tables in memory.

    This is several times as fast as plain `fit` where the network is small.
    """
    import keras
    import tensorflow as tf

    def variable(array: Any) -> Any:
        return tf.Variable(array, trainable=False, shape=tf.TensorShape([None, *array.shape[1:]]) if array.ndim else ())

    size, count = config.batch_size, len(learned[1])
    steps, test_steps = math.ceil(count / size), math.ceil(len(aside[1]) / size)
    # The operations of Keras's own pipeline, since TensorFlow derives their seed from their place in it. Keras begins
    # it anew for each epoch, so that with a global seed all epochs have this order.
    shuffled = tf.data.Dataset.range(1).map(lambda _: tf.random.shuffle(tf.range(count, dtype=tf.int64)))
    order = next(iter(shuffled))
    table, test_table = [variable(tf.gather(array, order)) for array in learned], [variable(array) for array in aside]
    begin = variable(np.int64(0))

    class Learner(keras.Sequential):  # type: ignore[misc]
        def begin_epoch(self, epoch: int, done: int) -> None:
            begin.assign(done)

        def close(self) -> None:
            for array in (*table, *test_table):  # TensorFlow forgets neither a graph nor what it refers to
                array.assign(tf.zeros((0, *array.shape[1:]), array.dtype))

        def train_step(self, first: Any) -> Any:
            return self.repeat(super().train_step, table, count, tf.maximum(first, begin), first + together)

        def test_step(self, first: Any) -> Any:
            return self.repeat(super().test_step, test_table, len(aside[1]), first, first + together)

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            self.logits = y_pred.op.inputs[0]  # of the softmax at each network's end
            return {}

        def repeat(self, do: Callable[[Any], Any], table: list[Any], images: int, first: Any, end: Any) -> Any:
            """Do the steps from `first` to `end`, and compare what they said with the labels all at once."""

            def body(step: Any, logits: Any) -> Any:
                batch = tuple(array[step * size : (step + 1) * size] for array in table)
                if images % size == 0:  # then TensorFlow works out once what follows from a batch's size
                    for array in batch:
                        array.set_shape((size, *array.shape[1:]))
                do(batch)
                return step + 1, logits.write(tf.cast(step - first, tf.int32), self.logits)

            end = tf.minimum(end, math.ceil(images / size))
            left = tf.cast(tf.maximum(end - first, 0), tf.int32)  # 0 where they were done before an interruption
            logits = tf.TensorArray(tf.float32, left, infer_shape=False, element_shape=(None, CLASSES))
            _, logits = tf.while_loop(lambda step, logits: step < end, body, [first, logits])
            labels = table[1][first * size : end * size]
            return super().compute_metrics(None, labels, tf.nn.softmax(logits.concat()))

    data = {"x": tf.data.Dataset.range(0, steps, together), "shuffle": False}
    if test_steps:
        data["validation_data"] = tf.data.Dataset.range(0, test_steps, together)
    return _compiled(Learner, network, config, jit_compile=False), data


def _batches(
    network: keras.Model, config: TrainingConfig, learned: Digits, aside: Digits, together: int
) -> tuple[Any, dict[str, Any]]:
    """Take the images themselves, which Keras shuffles by NumPy's random numbers and hands over batch by batch."""
    import keras

    class Learner(keras.Sequential):  # type: ignore[misc]
        shuffles = passed = 0

        def begin_epoch(self, epoch: int, done: int) -> None:
            for _ in range(self.shuffles, epoch):
                np.random.permutation(len(learned[1]))
            self.shuffles, self.passed = epoch + 1, done  # Keras shuffles for this epoch

        def close(self) -> None:
            """Do nothing: nothing is kept."""

        def make_train_function(self, force: bool = False) -> None:
            super().make_train_function(force)
            learn = self.train_function  # type: ignore[has-type]

            def learn_or_pass(state: Any, batches: Any) -> Any:
                if self.passed <= 0:
                    return learn(state, batches)
                self.passed -= sum(1 for _ in zip(range(together), batches, strict=False))
                return {"loss": 0.0, "accuracy": 0.0}, state

            self.train_function = learn_or_pass

    data: dict[str, Any] = {"x": learned[0], "y": learned[1], "batch_size": config.batch_size}
    if len(aside[1]):
        data["validation_data"] = aside
    return _compiled(Learner, network, config, steps_per_execution=together), data


def _compiled(kind: Any, network: keras.Model, config: TrainingConfig, **arguments: Any) -> Any:
    import keras

    before = [_augmentation(config)] if config.augmented else []
    model = kind([keras.Input(network.input_shape[1:]), *before, *network.layers])
    accuracy = keras.metrics.SparseCategoricalAccuracy("accuracy")
    model.compile(optimizer=network.optimizer, loss=network.loss, metrics=[accuracy], **arguments)
    # once it was used, Keras names the accuracy's variables, which belong to a checkpoint; an epoch begins at 0 again
    keras.Sequential.compute_metrics(model, None, keras.ops.zeros(1), keras.ops.zeros((1, CLASSES)))
    return model


def _augmentation(config: TrainingConfig) -> keras.Layer:
    """Return a layer that moves, turns and resizes each image at random, in one resampling, while it learns."""
    import keras
    from keras import ops

    class Augmentation(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name="augmentation")
            self.seed = keras.random.SeedGenerator(config.seed)

        def call(self, images: Any, training: bool = False) -> Any:
            if not training:
                return images
            numbers = keras.random.uniform((4, ops.shape(images)[0]), -1.0, 1.0, seed=self.seed)
            turn, size = numbers[0] * math.radians(config.rotation), 1.0 + numbers[1] * config.zoom
            cosine, sine = ops.cos(turn) / size, ops.sin(turn) / size
            # each pixel takes the ink of another place: moved back, then turned and resized about the middle
            across, down = ((extent - 1) / 2 for extent in images.shape[2:0:-1])
            x, y = across + numbers[2] * config.shift, down + numbers[3] * config.shift
            rows = (cosine, -sine, across - cosine * x + sine * y, sine, cosine, down - sine * x - cosine * y)
            places = ops.stack([*rows, ops.zeros_like(turn), ops.zeros_like(turn)], axis=1)
            colour = len(images.shape) == 4
            moved = ops.image.affine_transform(
                images if colour else images[..., None], places, fill_value=0.0, data_format="channels_last"
            )
            return moved if colour else moved[..., 0]

    return Augmentation()
