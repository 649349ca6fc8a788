"""What is worth trying next, after a training that went so? Whole configurations, each with its reason.

Standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from trainer import UserError
from trainer.analysis.diagnosis import Evidence
from trainer.config import dataset_info
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Dropout, Layer, Rescaling
from trainer.config.limits import LIMITS
from trainer.config.presets import PRESETS
from trainer.config.training import SGD, Adam, TrainingConfig
from trainer.text import number

MOST = 3
NARROW = 32  # units: fewer, for ten digits, are a bottleneck
SQUASHING = ("sigmoid", "softmax")  # activations that let little of the slope through
DIGITS = int(LIMITS["training_examples"].high)


@dataclass(frozen=True)
class Suggestion:
    """Something to try next: a sentence, and the whole configuration of it."""

    text: str
    config: TrainingConfig


def suggestions(evidence: Evidence) -> tuple[Suggestion, ...]:
    """Return what the verdict calls for, the best first, at most three, each unlike what was trained."""
    config = evidence.config
    found: list[Suggestion] = []
    for suggestion in _for_verdict(evidence, replace(config, learning_rate=evidence.rate)):
        if suggestion.config not in [config, *(other.config for other in found)]:
            found.append(suggestion)
    if not config.validation_split:
        text = f"Keep a tenth of the {_things(config)} aside, to see whether it overfits: validation split 0.1."
        found[MOST - 1 :] = _try(config, text, validation_split=0.1)
    return tuple(found[:MOST])


def _for_verdict(evidence: Evidence, config: TrainingConfig) -> Iterator[Suggestion]:
    """Make suggestions from `config`, which has the learning rate that the training ended with."""
    verdict = evidence.verdict
    if verdict != "good":
        yield from _scaled(config)
    if evidence.steered:
        yield from _try(config, f"Begin with the learning rate that it ended with: {number(config.learning_rate)}.")
    if verdict == "too early" or len(evidence.epochs) < config.epochs:
        yield from _more_time(evidence, config)
    if verdict == "unstable" or (verdict == "nothing learned" and evidence.now.steps_too_large):
        yield from _slower(evidence, config)
        if verdict == "unstable":
            yield from _larger_batch(config)
        yield from _cosine(config)
    elif verdict == "nothing learned":
        yield from _relu(config)
        yield from _cross_entropy(evidence, config)
        yield from _freer(evidence, config)
        if isinstance(config.optimizer, SGD):
            adam, rate = Adam(), Adam.usual_learning_rate
            text = f"Adam finds a step size of its own for each weight: optimizer Adam, learning rate {number(rate)}."
            yield from _try(config, text, optimizer=adam, learning_rate=rate)
        yield from _faster(evidence, config)
    elif verdict == "overfits":
        yield from _more_digits(config)
        yield from _dropout(evidence, config)
        why = f"{_things(config).capitalize()} that vary are harder to learn by heart"
        stop, vary = _early_stop(evidence, config), _augmented(config, why)
        yield from (*stop, *vary) if evidence.worsened else (*vary, *stop)
        if not config.l2:
            yield from _try(config, "A pull of the weights towards 0 keeps it simple: L2 0.0001.", l2=0.0001)
    elif verdict in ("still learning", "underfits"):
        freer = list(_freer(evidence, config))
        yield from freer or _stronger(evidence, config)
        yield from _convolutions(evidence, config)
        yield from _more_epochs(evidence, config)
    elif verdict == "good":
        yield from _convolutions(evidence, config)
        yield from _more_digits(config)
        better = "your drawings" if dataset_info.kind(config.dataset).digits else "others"
        yield from _augmented(config, f"It would read {better} better, too, with {_things(config)} that vary more")
        if _has(config, Conv2D) and config.layers != (best := PRESETS["best_cnn"]).config.layers:
            text = f"For the last mistakes there is the preset {best.title}."
            yield from _try(best.config, text, dataset=config.dataset)


def _stronger(evidence: Evidence, config: TrainingConfig) -> Iterator[Suggestion]:
    """Where even the training digits could be read better: other steps, a larger network."""
    if evidence.rate > 3 * evidence.sensible_rate and (evidence.reading or 0) < 0.95:
        yield from _slower(evidence, config)
    yield from _cross_entropy(evidence, config)
    wider = list(_wider(config)) if evidence.verdict == "underfits" or _bottleneck(config) else []
    faster = list(_faster(evidence, config))
    yield from (*faster, *wider) if evidence.slow else (*wider, *faster)


def _things(config: TrainingConfig) -> str:
    return f"{dataset_info.kind(config.dataset).thing}s"


def _try(config: TrainingConfig, text: str, **changes: Any) -> Iterator[Suggestion]:
    """Make the suggestion, or none where the changed configuration cannot be trained."""
    try:
        yield Suggestion(text, replace(config, **changes))
    except UserError:
        return


def _has(config: TrainingConfig, kind: type[Layer]) -> bool:
    return any(isinstance(layer, kind) for layer in config.layers)


# --- steps ----------------------------------------------------------------------------------------------------


def _slower(evidence: Evidence, config: TrainingConfig) -> Iterator[Suggestion]:
    rate, sensible = evidence.rate, evidence.sensible_rate
    rate = max(LIMITS["learning_rate"].low, sensible if rate > 3 * sensible else rate / 10)
    text = f"Smaller steps do not overshoot: learning rate {number(rate)} instead of {number(evidence.rate)}."
    yield from _try(config, text, learning_rate=rate)


def _faster(evidence: Evidence, config: TrainingConfig) -> Iterator[Suggestion]:
    if evidence.steered or evidence.steps_too_large:
        return
    sensible = evidence.sensible_rate
    highest = 3 * sensible if isinstance(config.optimizer, SGD) else sensible
    wanted = max(10 * evidence.rate, sensible / 10) if evidence.slow else 3 * evidence.rate
    rate = float(f"{min(highest, wanted):.2g}")
    if rate >= 2 * evidence.rate:
        text = f"Larger steps would learn faster: learning rate {number(rate)} instead of {number(evidence.rate)}."
        yield from _try(config, text, learning_rate=rate)


def _cross_entropy(evidence: Evidence, config: TrainingConfig) -> Iterator[Suggestion]:
    if evidence.slow and config.loss != "categorical_crossentropy":
        text = "Sure mistakes should weigh more: loss categorical cross-entropy."
        yield from _try(config, text, loss="categorical_crossentropy")


def _larger_batch(config: TrainingConfig) -> Iterator[Suggestion]:
    if config.batch_size <= 128:
        batch = 4 * config.batch_size
        text = f"Means of more {_things(config)} make each step surer: batch size {batch}."
        yield from _try(config, text, batch_size=batch)


def _cosine(config: TrainingConfig) -> Iterator[Suggestion]:
    if config.schedule == "constant":
        yield from _try(config, "Let the steps become smaller by themselves: schedule cosine.", schedule="cosine")


def _more_epochs(evidence: Evidence, config: TrainingConfig) -> Iterator[Suggestion]:
    done = len(evidence.epochs)
    epochs = min(int(LIMITS["epochs"].high), max(5, 2 * config.epochs))
    if done < config.epochs or epochs == config.epochs:
        return
    text, limit = f"Let it go on: {epochs} epochs instead of {config.epochs}", config.time_limit
    needed = epochs * (evidence.seconds / done)
    if needed > limit:
        limit = int(min(LIMITS["time_limit"].high, 60 * math.ceil(1.2 * needed / 60)))
        text += f", with a time limit of {limit:,} s"
    yield from _try(config, f"{text}.", epochs=epochs, time_limit=limit)


def _more_time(evidence: Evidence, config: TrainingConfig) -> Iterator[Suggestion]:
    limit = int(min(LIMITS["time_limit"].high, 2 * config.time_limit))
    if limit > config.time_limit and evidence.seconds > 0.9 * config.time_limit:
        yield from _try(config, f"Its time was up: give it {limit:,} s.", time_limit=limit)


def _early_stop(evidence: Evidence, config: TrainingConfig) -> Iterator[Suggestion]:
    if evidence.turned_up and evidence.best and not config.patience:
        text = f"Let it stop by itself where validation is best, near epoch {evidence.best.number}: patience 3."
        yield from _try(config, text, patience=3)


# --- digits ---------------------------------------------------------------------------------------------------


def _scaled(config: TrainingConfig) -> Iterator[Suggestion]:
    """Where pixels are blown up and nothing brings them to size: undo that, or let the network do so."""
    places = [n for n, layer in enumerate(config.layers) if isinstance(layer, Rescaling) and layer.scale > 1]
    if not places or _has(config, BatchNormalization):
        return
    before, rescaling, after = config.layers[: places[0]], config.layers[places[0]], config.layers[places[0] + 1 :]
    text = "Leave the pixels between 0 and 1, which suits the first weights: take Rescaling out."
    yield from _try(config, text, layers=before + after)
    text = "Or let the network find the scale itself: BatchNormalization after Rescaling."
    yield from _try(config, text, layers=(*before, rescaling, BatchNormalization(), *after))


def _more_digits(config: TrainingConfig) -> Iterator[Suggestion]:
    if config.training_examples < DIGITS:
        count = min(DIGITS, 10 * config.training_examples)
        more = f"More {_things(config)} are the best teacher"
        text = f"{more}: {count:,} instead of {config.training_examples:,} for training."
        yield from _try(config, text, training_examples=count)


def _augmented(config: TrainingConfig, why: str) -> Iterator[Suggestion]:
    if not config.augmented:
        text = f"{why}: shift 1 pixel, rotation 8 degrees, zoom 0.1."
        yield from _try(config, text, shift=1.0, rotation=8.0, zoom=0.1)


# --- layers ---------------------------------------------------------------------------------------------------


def squashed(config: TrainingConfig) -> bool:
    """Say whether a layer before the output squashes what it passes on."""
    return any(getattr(layer, "activation", "") in SQUASHING for layer in config.layers)


def _relu(config: TrainingConfig) -> Iterator[Suggestion]:
    if squashed(config):
        text = "relu passes the error on to the first layers: relu instead of sigmoid in all of them."
        yield from _try(config, text, layers=_each(config, _with_relu))


def _with_relu(layer: Layer) -> Layer:
    if getattr(layer, "activation", "") not in SQUASHING:
        return layer
    relu: dict[str, Any] = {"activation": "relu"}
    return replace(layer, **relu)


def _each(config: TrainingConfig, change: Callable[[Layer], Layer]) -> tuple[Layer, ...]:
    return tuple(change(layer) for layer in config.layers)


def _bottleneck(config: TrainingConfig) -> bool:
    """Say whether all must go through few units, or there is nothing that learns before the output layer."""
    units = [layer.units for layer in config.layers if isinstance(layer, Dense)]
    return min(units, default=0 if not _has(config, Conv2D) else NARROW) < NARROW


def _wider(config: TrainingConfig) -> Iterator[Suggestion]:
    def widen(layer: Layer) -> Layer:
        if isinstance(layer, Dense) and layer.units < NARROW:
            return _with_relu(replace(layer, units=128))
        return layer

    def double(layer: Layer) -> Layer:
        if isinstance(layer, Dense):
            return replace(layer, units=min(int(LIMITS["units"].high), 2 * layer.units))
        if isinstance(layer, Conv2D):
            return replace(layer, filters=min(int(LIMITS["filters"].high), 2 * layer.filters))
        return layer

    if not _has(config, Dense) and not _has(config, Conv2D):
        text = "A hidden layer could learn more: Dense with 128 relu units."
        yield from _try(config, text, layers=(*config.layers, Dense(128, "relu")))
    elif _bottleneck(config):
        text = f"More units could learn more: 128 where there are fewer than {NARROW}."
        yield from _try(config, text, layers=_each(config, widen))
    else:
        text = "A larger network could learn more: twice the units and filters."
        yield from _try(config, text, layers=_each(config, double))


def _freer(evidence: Evidence, config: TrainingConfig) -> Iterator[Suggestion]:
    """Where the training digits are read badly: less of what holds a network back."""
    if (evidence.train or 0) > 0.9:
        return
    most = max((layer.rate for layer in config.layers if isinstance(layer, Dropout)), default=0.0)
    if most > 0.5:
        layers = _each(config, lambda layer: replace(layer, rate=0.3) if isinstance(layer, Dropout) else layer)
        text = f"It is held back: dropout 0.3 instead of {most:g}."
        yield from _try(config, text, layers=layers)
    if config.l2 >= 0.001:
        yield from _try(
            config, f"It is held back: L2 {number(config.l2 / 10)} instead of {number(config.l2)}.", l2=config.l2 / 10
        )


def _dropout(evidence: Evidence, config: TrainingConfig) -> Iterator[Suggestion]:
    rate = 0.5 if evidence.gap >= 0.05 else 0.3
    rates = [layer.rate for layer in config.layers if isinstance(layer, Dropout)]
    if rates:
        rate = 0.5

        def more(layer: Layer) -> Layer:
            return replace(layer, rate=max(rate, layer.rate)) if isinstance(layer, Dropout) else layer

        layers = _each(config, more)
    else:
        pairs = [(layer, Dropout(rate)) if isinstance(layer, Dense) else (layer,) for layer in config.layers]
        layers = tuple(layer for pair in pairs for layer in pair)
        if len(layers) == len(config.layers) or len(layers) > LIMITS["layers"].high:
            layers = (*config.layers, Dropout(rate))
    text = f"Leaving units out at random keeps it from learning by heart: Dropout {number(rate)}."
    yield from _try(config, text, layers=layers)


def _convolutions(evidence: Evidence, config: TrainingConfig) -> Iterator[Suggestion]:
    best = evidence.test if evidence.test is not None else evidence.validation
    if not _has(config, Conv2D) and (best or 0) >= 0.965:
        preset = PRESETS["small_cnn"]
        text = f"Convolutions find strokes wherever they are: the preset {preset.title} reads over 99 % of MNIST."
        yield from _try(preset.config, text, dataset=config.dataset)
