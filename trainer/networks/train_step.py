"""The model whose `fit` trains a network: augmentation before its layers, fed as suits Keras's backend.

On either backend Keras's own `fit` runs it, and its history is the same. Keras takes seconds to import, so each
function imports it.
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

LabeledImages = tuple[np.ndarray, np.ndarray]  # images (n, 28, 28) float32, 0 paper .. 1 ink, and integer labels (n,)


def training_model(
    network: keras.Model,
    config: TrainingConfig,
    training: LabeledImages,
    validation: LabeledImages,
    steps_per_call: int,
) -> tuple[Any, dict[str, Any]]:
    """Return a Keras model that shares the network's layers, and the arguments of its `fit`.

    Keras calls the batch callbacks after every `steps_per_call` steps. When an epoch begins, of which `done` steps were
    done before, call `begin_epoch(epoch, done)`, and in the end `close()`. Any thread may call `interrupt()`: then the
    current call ends after its current step, and `steps_done()` tells how many of the epoch's steps are done.
    """
    import keras

    make = _graph_model if keras.config.backend() == "tensorflow" else _batch_model
    return make(network, config, training, validation, steps_per_call)


def _graph_model(
    network: keras.Model,
    config: TrainingConfig,
    training: LabeledImages,
    validation: LabeledImages,
    steps_per_call: int,
) -> tuple[Any, dict[str, Any]]:
    """Return a model whose data are step numbers: each call runs the next steps in one graph, on slices of tables.

    For small networks this is several times as fast as plain `fit`.
    """
    import keras
    import tensorflow as tf

    def variable(array: Any) -> Any:
        return tf.Variable(array, trainable=False, shape=tf.TensorShape([None, *array.shape[1:]]) if array.ndim else ())

    size, count = config.batch_size, len(training[1])
    steps, test_steps = math.ceil(count / size), math.ceil(len(validation[1]) / size)
    # These are the operations of Keras's own pipeline, because TensorFlow derives their seed from their place in it.
    # Keras starts the pipeline again for each epoch, so with a global seed all epochs have this order.
    shuffled = tf.data.Dataset.range(1).map(lambda _: tf.random.shuffle(tf.range(count, dtype=tf.int64)))
    order = next(iter(shuffled))
    table, test_table = (
        [variable(tf.gather(array, order)) for array in training],
        [variable(array) for array in validation],
    )
    begin, reached = variable(np.int64(0)), variable(np.int64(0))  # steps of the epoch
    with tf.device("CPU:0"):  # which also decides whether a loop goes on
        interrupted = variable(np.bool_(False))

    class TrainingModel(keras.Sequential):  # type: ignore[misc]
        def begin_epoch(self, epoch: int, done: int) -> None:
            begin.assign(done)

        def interrupt(self) -> None:
            interrupted.assign(True)

        def steps_done(self, expected: int) -> int:
            return int(reached.numpy())

        def close(self) -> None:
            for array in (*table, *test_table):  # TensorFlow never frees a graph or what it refers to
                array.assign(tf.zeros((0, *array.shape[1:]), array.dtype))

        def train_step(self, first: Any) -> Any:
            first, end = tf.maximum(first, begin), first + steps_per_call
            done, metrics = self.repeat(super().train_step, table, count, first, end)
            reached.assign(done)
            return metrics

        def test_step(self, first: Any) -> Any:
            return self.repeat(super().test_step, test_table, len(validation[1]), first, first + steps_per_call)[1]

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            self.logits = y_pred.op.inputs[0]  # the input of the softmax at each network's end
            return {}

        def repeat(
            self, run_step: Callable[[Any], Any], table: list[Any], images: int, first: Any, end: Any
        ) -> tuple[Any, Any]:
            """Run the steps from `first` to `end`, then compute the metrics of all their predictions at once.

            Returns the step it reached, which is less than `end` if it was interrupted, and the metrics.
            """

            def body(step: Any, logits: Any) -> Any:
                batch = tuple(array[step * size : (step + 1) * size] for array in table)
                if images % size == 0:  # lets TensorFlow infer once what depends on the batch size
                    for array in batch:
                        array.set_shape((size, *array.shape[1:]))
                run_step(batch)
                return step + 1, logits.write(tf.cast(step - first, tf.int32), self.logits)

            def goes_on(step: Any, logits: Any) -> Any:
                # the first step is done in any case: without one there are no metrics
                return (step < end) & ((step == first) | ~interrupted.read_value())

            end = tf.minimum(end, math.ceil(images / size))
            logits = tf.TensorArray(tf.float32, 0, dynamic_size=True, infer_shape=False, element_shape=(None, CLASSES))
            # no step is left if all were done before the training was resumed
            done, logits = tf.while_loop(goes_on, body, [first, logits])
            labels = table[1][first * size : done * size]
            return done, super().compute_metrics(None, labels, tf.nn.softmax(logits.concat()))

    data = {"x": tf.data.Dataset.range(0, steps, steps_per_call), "shuffle": False}
    if test_steps:
        data["validation_data"] = tf.data.Dataset.range(0, test_steps, steps_per_call)
    return _compiled(TrainingModel, network, config, jit_compile=False), data


def _batch_model(
    network: keras.Model,
    config: TrainingConfig,
    training: LabeledImages,
    validation: LabeledImages,
    steps_per_call: int,
) -> tuple[Any, dict[str, Any]]:
    """Return a model whose data are the images, which Keras shuffles with NumPy's random numbers."""
    import keras

    class TrainingModel(keras.Sequential):  # type: ignore[misc]
        shuffles = passed = 0

        def begin_epoch(self, epoch: int, done: int) -> None:
            for _ in range(self.shuffles, epoch):
                np.random.permutation(len(training[1]))
            self.shuffles, self.passed = epoch + 1, done  # Keras itself shuffles for this epoch

        def interrupt(self) -> None:
            """Do nothing: a call is one program, which ends by itself."""

        def steps_done(self, expected: int) -> int:
            return expected

        def close(self) -> None:
            """Do nothing: no tables are held."""

        def make_train_function(self, force: bool = False) -> None:
            super().make_train_function(force)
            train = self.train_function  # type: ignore[has-type]

            def train_or_skip(state: Any, batches: Any) -> Any:
                if self.passed <= 0:
                    return train(state, batches)
                self.passed -= sum(1 for _ in zip(range(steps_per_call), batches, strict=False))
                return {"loss": 0.0, "accuracy": 0.0}, state

            self.train_function = train_or_skip

    data: dict[str, Any] = {"x": training[0], "y": training[1], "batch_size": config.batch_size}
    if len(validation[1]):
        data["validation_data"] = validation
    return _compiled(TrainingModel, network, config, steps_per_execution=steps_per_call), data


def _compiled(model_class: Any, network: keras.Model, config: TrainingConfig, **arguments: Any) -> Any:
    import keras

    before = [_augmentation(config)] if config.augmented else []
    model = model_class([keras.Input(network.input_shape[1:]), *before, *network.layers])
    accuracy = keras.metrics.SparseCategoricalAccuracy("accuracy")
    model.compile(optimizer=network.optimizer, loss=network.loss, metrics=[accuracy], **arguments)
    # Keras creates the accuracy's variables, which belong to a checkpoint, at its first use; epochs reset them to 0
    keras.Sequential.compute_metrics(model, None, keras.ops.zeros(1), keras.ops.zeros((1, CLASSES)))
    return model


def _augmentation(config: TrainingConfig) -> keras.Layer:
    """Return a layer that shifts, rotates and zooms each image at random during training, with one resampling."""
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
            angle, scale = numbers[0] * math.radians(config.rotation), 1.0 + numbers[1] * config.zoom
            cosine, sine = ops.cos(angle) / scale, ops.sin(angle) / scale
            # each pixel takes its ink from a place that is shifted back, then rotated and zoomed about the middle
            across, down = ((extent - 1) / 2 for extent in images.shape[2:0:-1])
            x, y = across + numbers[2] * config.shift, down + numbers[3] * config.shift
            rows = (cosine, -sine, across - cosine * x + sine * y, sine, cosine, down - sine * x - cosine * y)
            places = ops.stack([*rows, ops.zeros_like(angle), ops.zeros_like(angle)], axis=1)
            color = len(images.shape) == 4
            moved = ops.image.affine_transform(
                images if color else images[..., None], places, fill_value=0.0, data_format="channels_last"
            )
            return moved if color else moved[..., 0]

    return Augmentation()
