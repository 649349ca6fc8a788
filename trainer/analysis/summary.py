"""Summary of a finished training in plain sentences, with suggestions for the next one. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trainer.analysis.diagnosis import GUESSING_LOSSES, Diagnosis
from trainer.analysis.remedies import Suggestion, saturates
from trainer.analysis.suggestions import suggestions
from trainer.config import dataset_info
from trainer.config.training import TrainingConfig
from trainer.text import decimal, listed, number, percent

MAX_SENTENCES = 4
MIN_VALIDATION_DIGITS = 200  # with fewer the validation accuracy says little


@dataclass(frozen=True)
class Summary:
    """The verdict on a training, 2 to 4 sentences, and at most 3 suggestions, the best first.

    `verdict` is "too early", "nothing learned", "unstable", "overfits", "still learning", "underfits" or "good".
    """

    verdict: str
    sentences: tuple[str, ...]
    suggestions: tuple[Suggestion, ...]


def summarize(
    config: TrainingConfig,
    history: Iterable[Mapping[str, Any]],
    test_accuracy: float | None,
    test_loss: float | None = None,
    examples: int | None = None,
    stopped: bool = False,
) -> Summary:
    """Summarize a training that has ended.

    history: the lines of history.jsonl, complete or not. test_accuracy: 0 to 1, None if the network was not tested.
    examples: the number of training digits. stopped: whether the training ended early.
    """
    diagnosis = Diagnosis.of(config, history, test_accuracy, test_loss, examples)
    sentences = (_accuracies(diagnosis), *_findings(diagnosis), *_end(diagnosis, stopped))
    return Summary(diagnosis.verdict, sentences[:MAX_SENTENCES], suggestions(diagnosis))


def _accuracies(diagnosis: Diagnosis) -> str:
    examples, validation_count, images = diagnosis.examples, diagnosis.validation_count, _images(diagnosis)
    parts = []
    if diagnosis.test_accuracy is not None:
        parts.append(f"{_percent(diagnosis.test_accuracy)} of the test {images}")
    if diagnosis.train_accuracy is not None:
        count = f"{examples:,} " if examples else ""
        parts.append(f"{_percent(diagnosis.train_accuracy, examples)} of the {count}training {images}")
    if diagnosis.validation_accuracy is not None:
        share = _percent(diagnosis.validation_accuracy, validation_count)
        parts.append(f"{share} of the {validation_count:,} validation {images}")
    if not parts:
        return "No epoch was finished, so the accuracy is unknown."
    if diagnosis.test_accuracy is None:
        return f"The network read {listed(parts)} correctly and was not tested."
    return f"The network reads {listed(parts)} correctly."


def _findings(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield the observations behind the verdict."""
    match diagnosis.verdict:
        case "too early":
            yield "The curves say little before the first epoch is complete."
        case "nothing learned":
            yield "That is no better than guessing, which gets 10 % right: the network has not learned anything yet."
            yield _standstill(diagnosis)
        case "unstable":
            yield _instability(diagnosis)
        case "overfits":
            yield _overfitting(diagnosis)
            yield from _diverging_losses(diagnosis)
        case _:
            yield _no_overfitting(diagnosis)
    if diagnosis.rate_changed:
        before, after = number(diagnosis.config.learning_rate), number(diagnosis.learning_rate)
        yield f"The learning rate was changed during training, from {before} to {after}."
    elif diagnosis.verdict in ("still learning", "underfits", "good"):
        yield _progress(diagnosis)


def _standstill(diagnosis: Diagnosis) -> str:
    guessing = f"{_loss(GUESSING_LOSSES[diagnosis.config.loss])}, the loss of guessing"
    if diagnosis.diverged or diagnosis.highest_loss > 2 * diagnosis.guessing_loss:
        highest = _loss(diagnosis.highest_loss)
        return f"The loss rose to {highest} and then stayed near {guessing}: the steps were too large."
    if diagnosis.steps_too_large:
        return f"The loss stayed near {guessing}: {_too_large_steps(diagnosis)}."
    if saturates(diagnosis.config):
        return f"The loss stayed near {guessing}: sigmoid or softmax layers pass on too little of the error."
    return f"The loss stayed near {guessing}: the steps led nowhere."


def _instability(diagnosis: Diagnosis) -> str:
    cause = _too_large_steps(diagnosis)
    if diagnosis.diverged:
        return f"The loss became infinite in epoch {len(diagnosis.epochs) + 1}: {cause}."
    shares = [epoch.val_accuracy for epoch in diagnosis.epochs if epoch.val_accuracy is not None]
    shares = shares[len(shares) // 2 :]
    if shares and max(shares) - min(shares) > 0.05:
        low, high = (_percent(share, places=0) for share in (min(shares), max(shares)))
        return (
            "The training is unstable: from epoch to epoch, the validation accuracy jumped between "
            f"{low} and {high}; {cause}."
        )
    if diagnosis.overconfident:
        loss = _loss(diagnosis.train_losses[-1])
        return (
            f"The training is unstable: a training loss of {loss} means that the network is confident even when it is "
            f"wrong; {cause}."
        )
    return f"The loss does not fall, and ended at {_loss(diagnosis.watched_losses[-1])}: {cause}."


def _too_large_steps(diagnosis: Diagnosis) -> str:
    return f"a learning rate of {number(diagnosis.learning_rate)} makes the steps too large"


def _overfitting(diagnosis: Diagnosis) -> str:
    train = diagnosis.train_accuracy or 0.0
    others = {"validation": diagnosis.validation_accuracy, "test": diagnosis.test_accuracy}
    lowest, name = min((share, name) for name, share in others.items() if share is not None)
    images = _images(diagnosis)
    overfits = "overfits" if diagnosis.accuracy_gap >= 0.05 else "overfits slightly"
    return (
        f"It {overfits}: it misreads {_percent(1 - train) if train < 1 else 'none'} of its training {images} but "
        f"{_percent(1 - lowest)} of the {name} {images}, so it has memorized some of them."
    )


def _diverging_losses(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield how training and validation losses differ."""
    best = diagnosis.best_epoch
    if not diagnosis.train_losses:
        return
    train = _loss(diagnosis.train_losses[-1])
    if diagnosis.validation_loss_rose and best and best.val_loss is not None and best.loss is not None:
        yield (
            f"The validation loss was lowest in epoch {best.number}, at {_loss(best.val_loss)}, and has since risen to "
            f"{_loss(diagnosis.watched_losses[-1])}, while the training loss fell further, from {_loss(best.loss)} to "
            f"{train}."
        )
    elif best and diagnosis.loss_fall < 0.01:
        last = _loss(diagnosis.watched_losses[-1])
        yield f"The validation loss has stopped falling, at {last}; the training loss is {train}."
    elif not best and diagnosis.test_loss is not None:
        images = _images(diagnosis)
        yield f"The loss is {train} on the training {images} but {_loss(diagnosis.test_loss)} on the test {images}."


def _no_overfitting(diagnosis: Diagnosis) -> str:
    train, validation, test = diagnosis.train_accuracy, diagnosis.validation_accuracy, diagnosis.test_accuracy
    images = _images(diagnosis)
    if train is None or (validation is None and test is None):
        return f"Overfitting can only be detected with {images} that the network was not trained on."
    if validation is None:
        return (
            f"Without validation {images}, overfitting does not show in the curves; training and test accuracy are "
            f"{_points(train, test or 0.0)} apart."
        )
    if validation - train >= 0.01:
        return (
            "It does not overfit: the validation accuracy is even higher than the training accuracy, "
            f"{_why_better(diagnosis)}."
        )
    apart = f"training and validation accuracy are {_points(train, validation)} apart"
    if abs(train - validation) >= 0.01:
        return f"It hardly overfits: {apart}, and the validation loss has not risen."
    return f"It does not overfit: {apart}."


def _points(one: float, other: float) -> str:
    difference = abs(one - other)
    return f"{decimal(100 * difference, 1)} percentage points" if difference >= 0.001 else "less than 0.1 points"


def _why_better(diagnosis: Diagnosis) -> str:
    config, shares = diagnosis.config, [epoch.accuracy for epoch in diagnosis.epochs if epoch.accuracy is not None]
    if any(layer.training_only for layer in config.layers):
        return "because dropout switches off part of the network only during training"
    if config.augmented or config.synthetic_examples or config.own_examples:
        return f"because the training {_images(diagnosis)} are harder"
    grown = shares[-1] - (shares[-2] if len(shares) > 1 else 0.0)
    if grown >= 0.01:
        return "because that is a mean over an epoch in which the network was still learning"
    return f"so the validation {_images(diagnosis)} happen to be easier"


def _progress(diagnosis: Diagnosis) -> str:
    loss = "validation loss" if diagnosis.validated else "training loss"
    falling = diagnosis.still_learning or diagnosis.loss_fall >= 0.01
    if diagnosis.schedule_completed:
        return "The learning rate has reached the end of its schedule, so the training is complete."
    if diagnosis.verdict == "underfits":
        return f"It underfits: the curves are flat, yet it still misreads many of its training {_images(diagnosis)}."
    if falling and len(diagnosis.watched_losses) > 1:
        end = ": the network was still learning" if diagnosis.still_learning else ", but there is little left to gain"
        fall = _percent(diagnosis.loss_fall, places=0 if diagnosis.loss_fall >= 0.01 else 1)
        return f"In the last epochs the {loss} still fell by {fall} per epoch{end}."
    if falling:
        return "The loss was still falling at the end."
    return "The curves are flat: more epochs would change little."


def _end(diagnosis: Diagnosis, stopped: bool) -> Iterator[str]:
    done, config, validation_count = len(diagnosis.epochs), diagnosis.config, diagnosis.validation_count
    if diagnosis.saved_epoch and diagnosis.saved_epoch.number < done:
        best = diagnosis.saved_epoch.number
        yield f"It has the weights of epoch {best} of {done}, where the validation loss was lowest."
    elif stopped and done < config.epochs:
        yield f"It was stopped after {done} of {config.epochs} epochs."
    if diagnosis.validation_accuracy is not None and validation_count < MIN_VALIDATION_DIGITS:
        yield f"With only {validation_count} validation {_images(diagnosis)}, chance plays a large part in that figure."


def _images(diagnosis: Diagnosis) -> str:
    return f"{dataset_info.info(diagnosis.config.dataset).noun}s"


def _percent(share: float, count: int | None = None, places: int = 1) -> str:
    """Return a share in percent, without decimals for fewer than 500 images, and 100 % only if it is exact."""
    if count and count < 500:
        places = 0
    if share < 1 and round(100 * share, places) == 100:
        return "nearly 100 %"
    return "100 %" if share == 1 else percent(share, places)


def _loss(loss: float) -> str:
    if loss > 1e9:
        return "more than a billion"
    if loss >= 10:
        return f"{float(f'{loss:.2g}'):,.0f}"
    return f"{loss:#.2g}" if loss >= 0.0001 else number(float(f"{loss:.2g}"))
