"""Training of a network with Keras's own `fit`, with hooks to report, control and checkpoint it.

Keras takes seconds to import, so each function imports it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.config.limits import LIMITS
from trainer.config.training import TrainingConfig
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.fit_callbacks import FitCallbacks
from trainer.networks.hooks import Hooks, Outcome
from trainer.networks.train_step import LabeledImages, training_model

if TYPE_CHECKING:
    import keras

REPORTS_PER_EPOCH = 25  # about
WATCH_SECONDS = 0.25  # between two looks for an end


def training_count(config: TrainingConfig, examples: int, extra: int | None = None) -> int:
    """Return the number of training images per epoch, for a data set with `examples` training images.

    These are its first ones, less the validation split (as Keras splits), and `extra` ones, by default the config's
    synthetic digits and own drawings.
    """
    return config.split(examples)[0] + (config.synthetic_examples + config.own_examples if extra is None else extra)


def steps_per_epoch(config: TrainingConfig, examples: int, extra: int | None = None) -> int:
    """Return the number of steps per epoch, for the images of `training_count`."""
    return math.ceil(training_count(config, examples, extra) / config.batch_size)


def steps_per_report(config: TrainingConfig, examples: int, extra: int | None = None) -> int:
    """Return the number of steps from one report to the next."""
    return math.ceil(steps_per_epoch(config, examples, extra) / REPORTS_PER_EPOCH)


def fit(
    network: keras.Model,
    config: TrainingConfig,
    images: np.ndarray,
    labels: np.ndarray,
    hooks: Hooks | None = None,
    extra: LabeledImages | None = None,
    start: Checkpoint | None = None,
) -> Outcome:
    """Train a network made by `model.build(config, len(images))`.

    Its history equals plain Keras `fit`'s, to the last digit. images: (n, 28, 28) float32, 0 paper .. 1 ink, or in the
    data set's shape; labels: (n,) integers; extra: the config's synthetic digits and own drawings, likewise. `hooks`
    are called about 25 times an epoch and at its end; they may read the network's weights. An end takes effect after
    the current step. From the checkpoint `start`, the training continues to the same end as without the interruption.
    Raises UserError if `start` belongs to another training.
    """
    from keras import callbacks

    count, _ = config.split(len(images))
    training = images[:count], labels[:count]
    validation = images[count : config.training_examples], labels[count : config.training_examples]
    if extra:
        training = np.concatenate([training[0], extra[0]]), np.concatenate([training[1], extra[1]])
    steps_per_call = steps_per_report(config, len(images), len(extra[1]) if extra else None)
    model, data = training_model(network, config, training, validation, steps_per_call)
    hooks = hooks or Hooks()
    fit_callbacks = FitCallbacks(model, config, len(training[1]), steps_per_call, hooks, start)
    try:
        if fit_callbacks.epochs < fit_callbacks.total_epochs:
            with _watched(hooks, model):
                model.fit(
                    **data,
                    initial_epoch=fit_callbacks.epochs,
                    epochs=int(LIMITS["epochs"].high),  # the callbacks end it at the number of epochs requested by then
                    callbacks=[callbacks.LambdaCallback(**fit_callbacks.callbacks)],
                    verbose=0,
                )
    finally:
        model.close()
    return fit_callbacks.outcome


@contextmanager
def _watched(hooks: Hooks, model: Any) -> Iterator[None]:
    """During this block, interrupt the model as soon as the hooks ask for an end: a report may be minutes away."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(WATCH_SECONDS):
            if hooks.ended():
                model.interrupt()
                return

    thread = threading.Thread(target=watch, name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
