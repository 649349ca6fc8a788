"""Remedies for a training: changes to its configuration, each with a sentence that explains it.

A remedy that does not apply, or whose configuration cannot be trained, yields nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from trainer import UserError
from trainer.analysis.diagnosis import Diagnosis
from trainer.config import dataset_info
from trainer.config.layer import Layer
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Dropout, Rescaling
from trainer.config.limits import LIMITS, choice_label, in_sentence
from trainer.config.optimizers import SGD, Adam
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.text import number

MIN_UNITS = 32  # a narrower layer is a bottleneck for ten classes
SATURATING = ("sigmoid", "softmax")  # activations with small gradients
MAX_TRAINING_DIGITS = int(LIMITS["training_examples"].high)


@dataclass(frozen=True)
class Suggestion:
    """A configuration to train next, and the sentence that explains it."""

    text: str
    config: TrainingConfig


def changed(config: TrainingConfig, text: str, **changes: Any) -> Iterator[Suggestion]:
    """Yield a suggestion with some settings changed, or nothing if that configuration cannot be trained."""
    try:
        yield Suggestion(text, replace(config, **changes))
    except UserError:
        return


def images(config: TrainingConfig) -> str:
    """Return what the images of a config's data set are called: "digits" or "images"."""
    return f"{dataset_info.info(config.dataset).noun}s"


def has_layer(config: TrainingConfig, kind: type[Layer]) -> bool:
    return any(isinstance(layer, kind) for layer in config.layers)


# --- steps ----------------------------------------------------------------------------------------------------


def lower_rate(diagnosis: Diagnosis, config: TrainingConfig) -> Iterator[Suggestion]:
    rate, sensible = diagnosis.learning_rate, diagnosis.sensible_rate
    rate = max(LIMITS["learning_rate"].low, sensible if rate > 3 * sensible else rate / 10)
    change = f"learning rate {number(rate)} instead of {number(diagnosis.learning_rate)}"
    yield from changed(config, f"Take smaller steps, which don't overshoot: {change}.", learning_rate=rate)


def higher_rate(diagnosis: Diagnosis, config: TrainingConfig) -> Iterator[Suggestion]:
    if diagnosis.rate_changed or diagnosis.steps_too_large:
        return
    before, sensible = diagnosis.learning_rate, diagnosis.sensible_rate
    highest = 3 * sensible if isinstance(config.optimizer, SGD) else sensible
    wanted = max(10 * before, sensible / 10) if diagnosis.slow_start else 3 * before
    rate = float(f"{min(highest, wanted):.2g}")
    if rate >= 2 * before:
        text = f"Take larger steps to learn faster: learning rate {number(rate)} instead of {number(before)}."
        yield from changed(config, text, learning_rate=rate)


def final_rate(config: TrainingConfig) -> Iterator[Suggestion]:
    """config: with the learning rate that the training ended with."""
    yield from changed(config, f"Start with the final learning rate: {number(config.learning_rate)}.")


def adam(config: TrainingConfig) -> Iterator[Suggestion]:
    if isinstance(config.optimizer, SGD):
        rate = Adam.default_learning_rate
        text = f"Let each weight have its own step size: optimizer Adam, learning rate {number(rate)}."
        yield from changed(config, text, optimizer=Adam(), learning_rate=rate)


def cross_entropy(diagnosis: Diagnosis, config: TrainingConfig) -> Iterator[Suggestion]:
    loss = "categorical_crossentropy"
    if diagnosis.slow_start and config.loss != loss:
        text = f"Penalize confident mistakes more: loss {in_sentence(choice_label('loss', loss))}."
        yield from changed(config, text, loss=loss)


def larger_batch(config: TrainingConfig) -> Iterator[Suggestion]:
    if config.batch_size <= 128:
        size = 4 * config.batch_size
        text = f"Average over more {images(config)} for steadier steps: batch size {size}."
        yield from changed(config, text, batch_size=size)


def cosine_schedule(config: TrainingConfig) -> Iterator[Suggestion]:
    if config.schedule == "constant":
        schedule = in_sentence(choice_label("schedule", "cosine"))
        text = f"Let the learning rate fall during training: schedule {schedule}."
        yield from changed(config, text, schedule="cosine")


def more_epochs(diagnosis: Diagnosis, config: TrainingConfig) -> Iterator[Suggestion]:
    done = len(diagnosis.epochs)
    epochs = min(int(LIMITS["epochs"].high), max(5, 2 * config.epochs))
    if done < config.epochs or epochs == config.epochs:
        return
    text, limit = f"Train longer: {epochs} epochs instead of {config.epochs}", config.time_limit
    needed = epochs * (diagnosis.seconds / done)
    if needed > limit:
        limit = int(min(LIMITS["time_limit"].high, 60 * math.ceil(1.2 * needed / 60)))
        text += f", with a time limit of {limit:,} s"
    yield from changed(config, f"{text}.", epochs=epochs, time_limit=limit)


def more_time(diagnosis: Diagnosis, config: TrainingConfig) -> Iterator[Suggestion]:
    limit = int(min(LIMITS["time_limit"].high, 2 * config.time_limit))
    if limit > config.time_limit and diagnosis.seconds > 0.9 * config.time_limit:
        yield from changed(config, f"Training reached its time limit: allow {limit:,} s.", time_limit=limit)


def early_stopping(diagnosis: Diagnosis, config: TrainingConfig) -> Iterator[Suggestion]:
    if diagnosis.validation_loss_rose and diagnosis.best_epoch and not config.patience:
        best = diagnosis.best_epoch.number
        text = f"Stop early and keep the best weights, here those of about epoch {best}: patience 3."
        yield from changed(config, text, patience=3)


# --- data -----------------------------------------------------------------------------------------------------


def normal_pixels(config: TrainingConfig) -> Iterator[Suggestion]:
    """Undo a Rescaling that enlarges the pixel values, or add a BatchNormalization after it."""
    places = [n for n, layer in enumerate(config.layers) if isinstance(layer, Rescaling) and layer.scale > 1]
    if not places or has_layer(config, BatchNormalization):
        return
    before, rescaling, after = config.layers[: places[0]], config.layers[places[0]], config.layers[places[0] + 1 :]
    text = "Keep the pixels between 0 and 1, which suits the initial weights: remove the Rescaling layer."
    yield from changed(config, text, layers=before + after)
    text = "Or let the network find the scale itself: add BatchNormalization after Rescaling."
    yield from changed(config, text, layers=(*before, rescaling, BatchNormalization(), *after))


def more_digits(config: TrainingConfig) -> Iterator[Suggestion]:
    if config.training_examples < MAX_TRAINING_DIGITS:
        count = min(MAX_TRAINING_DIGITS, 10 * config.training_examples)
        text = f"Train on more {images(config)}: {count:,} instead of {config.training_examples:,}."
        yield from changed(config, text, training_examples=count)


def augmentation(config: TrainingConfig, purpose: str) -> Iterator[Suggestion]:
    """purpose: why to vary the images, to continue "Vary the training digits a little"."""
    if not config.augmented:
        text = f"Vary the training {images(config)} a little{purpose}: shift 1 pixel, rotation 8 degrees, zoom 0.1."
        yield from changed(config, text, shift=1.0, rotation=8.0, zoom=0.1)


def validation(config: TrainingConfig) -> Iterator[Suggestion]:
    if not config.validation_split:
        text = f"Set a tenth of the {images(config)} aside to detect overfitting: validation split 0.1."
        yield from changed(config, text, validation_split=0.1)


# --- network --------------------------------------------------------------------------------------------------


def saturates(config: TrainingConfig) -> bool:
    """Tell whether a hidden layer has a saturating activation."""
    return any(getattr(layer, "activation", "") in SATURATING for layer in config.layers)


def relu(config: TrainingConfig) -> Iterator[Suggestion]:
    if saturates(config):
        text = "Use relu in every layer instead of sigmoid or softmax: it passes the error on to the first layers."
        yield from changed(config, text, layers=_each(config, _with_relu))


def _with_relu(layer: Layer) -> Layer:
    if getattr(layer, "activation", "") not in SATURATING:
        return layer
    activation: dict[str, Any] = {"activation": "relu"}
    return replace(layer, **activation)


def _each(config: TrainingConfig, change: Callable[[Layer], Layer]) -> tuple[Layer, ...]:
    return tuple(change(layer) for layer in config.layers)


def has_bottleneck(config: TrainingConfig) -> bool:
    """Tell whether a dense layer has few units, or no layer before the output learns anything."""
    units = [layer.units for layer in config.layers if isinstance(layer, Dense)]
    return min(units, default=0 if not has_layer(config, Conv2D) else MIN_UNITS) < MIN_UNITS


def larger_network(config: TrainingConfig) -> Iterator[Suggestion]:
    def widen(layer: Layer) -> Layer:
        if isinstance(layer, Dense) and layer.units < MIN_UNITS:
            return _with_relu(replace(layer, units=128))
        return layer

    def double(layer: Layer) -> Layer:
        if isinstance(layer, Dense):
            return replace(layer, units=min(int(LIMITS["units"].high), 2 * layer.units))
        if isinstance(layer, Conv2D):
            return replace(layer, filters=min(int(LIMITS["filters"].high), 2 * layer.filters))
        return layer

    if not has_layer(config, Dense) and not has_layer(config, Conv2D):
        text = "Add a hidden layer, which can learn more: Dense with 128 relu units."
        yield from changed(config, text, layers=(*config.layers, Dense(128, "relu")))
    elif has_bottleneck(config):
        text = f"Widen the narrow layers: 128 units wherever there are fewer than {MIN_UNITS}."
        yield from changed(config, text, layers=_each(config, widen))
    else:
        text = "Try a larger network: twice the units and filters."
        yield from changed(config, text, layers=_each(config, double))


def less_regularization(diagnosis: Diagnosis, config: TrainingConfig) -> Iterator[Suggestion]:
    """Reduce dropout and L2 of a network that misreads many training digits while it learns."""
    if (diagnosis.learning_accuracy or 0) > 0.9:
        return
    highest = max((layer.rate for layer in config.layers if isinstance(layer, Dropout)), default=0.0)
    if highest > 0.5:
        layers = _each(config, lambda layer: replace(layer, rate=0.3) if isinstance(layer, Dropout) else layer)
        text = f"Switch off fewer units during training: dropout 0.3 instead of {number(highest)}."
        yield from changed(config, text, layers=layers)
    if config.l2 >= 0.001:
        text = f"Penalize large weights less: L2 {number(config.l2 / 10)} instead of {number(config.l2)}."
        yield from changed(config, text, l2=config.l2 / 10)


def l2_penalty(config: TrainingConfig) -> Iterator[Suggestion]:
    if not config.l2:
        yield from changed(config, "Penalize large weights to keep the network simple: L2 0.0001.", l2=0.0001)


def dropout(diagnosis: Diagnosis, config: TrainingConfig) -> Iterator[Suggestion]:
    rate = 0.5 if diagnosis.accuracy_gap >= 0.05 else 0.3
    if has_layer(config, Dropout):
        rate = 0.5

        def more(layer: Layer) -> Layer:
            return replace(layer, rate=max(rate, layer.rate)) if isinstance(layer, Dropout) else layer

        layers = _each(config, more)
    else:
        pairs = [(layer, Dropout(rate)) if isinstance(layer, Dense) else (layer,) for layer in config.layers]
        layers = tuple(layer for pair in pairs for layer in pair)
        if len(layers) == len(config.layers) or len(layers) > LIMITS["layers"].high:
            layers = (*config.layers, Dropout(rate))
    text = f"Switch off units at random during training, which makes memorizing harder: dropout {number(rate)}."
    yield from changed(config, text, layers=layers)


def convolutions(diagnosis: Diagnosis, config: TrainingConfig) -> Iterator[Suggestion]:
    known = diagnosis.validation_accuracy if diagnosis.test_accuracy is None else diagnosis.test_accuracy
    if not has_layer(config, Conv2D) and (known or 0) >= 0.965:
        preset = PRESETS["small_cnn"]
        text = f"Try convolutions, which find strokes anywhere: the lesson {preset.title} reads over 99 % of MNIST."
        yield from changed(preset.config, text, dataset=config.dataset)


def best_preset(config: TrainingConfig) -> Iterator[Suggestion]:
    preset = PRESETS["best_cnn"]
    if has_layer(config, Conv2D) and config.layers != preset.config.layers:
        text = f"To correct the last few mistakes, try the lesson {preset.title}."
        yield from changed(preset.config, text, dataset=config.dataset)
