"""Suggestions after a training: up to three configurations to train next, chosen by its diagnosis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trainer.analysis import remedies
from trainer.analysis.diagnosis import Diagnosis
from trainer.analysis.remedies import Suggestion
from trainer.config import dataset_info
from trainer.config.training import TrainingConfig

MAX_SUGGESTIONS = 3


def suggestions(diagnosis: Diagnosis) -> tuple[Suggestion, ...]:
    """Return at most three suggestions, the best first; each differs from what was trained."""
    config = diagnosis.config
    found: list[Suggestion] = []
    for suggestion in _for_verdict(diagnosis, replace(config, learning_rate=diagnosis.learning_rate, saved=True)):
        if suggestion.config not in [config, *(other.config for other in found)]:
            found.append(suggestion)
    if not config.validation_split:
        found[MAX_SUGGESTIONS - 1 :] = remedies.validation(config)
    return tuple(found[:MAX_SUGGESTIONS])


def _for_verdict(diagnosis: Diagnosis, config: TrainingConfig) -> Iterator[Suggestion]:
    """Yield suggestions that start from `config`, which has the learning rate that the training ended with."""
    verdict = diagnosis.verdict
    if verdict != "good":
        yield from remedies.normal_pixels(config)
    if diagnosis.rate_changed:
        yield from remedies.final_rate(config)
    if verdict == "too early" or len(diagnosis.epochs) < config.epochs:
        yield from remedies.more_time(diagnosis, config)
    if verdict == "unstable" or (verdict == "nothing learned" and diagnosis.since_rate_change.steps_too_large):
        yield from remedies.lower_rate(diagnosis, config)
        if verdict == "unstable":
            yield from remedies.larger_batch(config)
        yield from remedies.cosine_schedule(config)
    elif verdict == "nothing learned":
        yield from remedies.relu(config)
        yield from remedies.cross_entropy(diagnosis, config)
        yield from remedies.less_regularization(diagnosis, config)
        yield from remedies.adam(config)
        yield from remedies.higher_rate(diagnosis, config)
    elif verdict == "overfits":
        yield from _against_overfitting(diagnosis, config)
    elif verdict in ("still learning", "underfits"):
        yield from list(remedies.less_regularization(diagnosis, config)) or _against_underfitting(diagnosis, config)
        yield from remedies.convolutions(diagnosis, config)
        yield from remedies.more_epochs(diagnosis, config)
    elif verdict == "good":
        yield from remedies.convolutions(diagnosis, config)
        yield from remedies.more_digits(config)
        new = "your drawings" if dataset_info.info(config.dataset).is_digits else "new images"
        yield from remedies.augmentation(config, f" to read {new} better, too")
        yield from remedies.best_preset(config)


def _against_overfitting(diagnosis: Diagnosis, config: TrainingConfig) -> Iterator[Suggestion]:
    yield from remedies.more_digits(config)
    yield from remedies.dropout(diagnosis, config)
    stop = remedies.early_stopping(diagnosis, config)
    vary = remedies.augmentation(config, ", which makes memorizing harder")
    yield from (*stop, *vary) if diagnosis.worsened else (*vary, *stop)
    yield from remedies.l2_penalty(config)


def _against_underfitting(diagnosis: Diagnosis, config: TrainingConfig) -> Iterator[Suggestion]:
    if diagnosis.learning_rate > 3 * diagnosis.sensible_rate and (diagnosis.best_accuracy or 0) < 0.95:
        yield from remedies.lower_rate(diagnosis, config)
    yield from remedies.cross_entropy(diagnosis, config)
    too_small = diagnosis.verdict == "underfits" or remedies.has_bottleneck(config)
    larger = list(remedies.larger_network(config)) if too_small else []
    faster = list(remedies.higher_rate(diagnosis, config))
    yield from (*faster, *larger) if diagnosis.slow_start else (*larger, *faster)
