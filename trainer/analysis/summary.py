"""Summary of a finished training in plain sentences, with suggestions for the next one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trainer.analysis.diagnosis import GUESSING_LOSSES, Diagnosis
from trainer.analysis.remedies import Suggestion, saturates
from trainer.analysis.suggestions import suggestions
from trainer.config import dataset_info
from trainer.config.training import TrainingConfig
from trainer.runs.state import State
from trainer.text import decimal, listed, number, percent

MAX_SENTENCES = 4
MIN_VALIDATION_DIGITS = 200  # with fewer the validation accuracy says little
NOTICEABLE_GAP = 0.005  # between training accuracy and that on other digits; less is not worth a word


@dataclass(frozen=True)
class Summary:
    """The verdict on a training, 2 to 4 sentences, and at most 3 suggestions, the best first.

    `verdict` is "too early", "nothing learned", "unstable", "overfits", "still learning", "underfits" or "good".
    """

    verdict: str
    sentences: tuple[str, ...]
    suggestions: tuple[Suggestion, ...]


def summarize(config: TrainingConfig, history: Iterable[Mapping[str, Any]], state: State) -> Summary:
    """Summarize a training that has ended.

    history: the lines of history.jsonl, complete or not. state: the run's.
    """
    diagnosis = Diagnosis.of(config, history, state)
    sentences = (_accuracies(diagnosis), *_findings(diagnosis), *_end(diagnosis))
    return Summary(diagnosis.verdict, sentences[:MAX_SENTENCES], suggestions(diagnosis))


def _accuracies(diagnosis: Diagnosis) -> str:
    """Return what the final network reads correctly: of test, training and validation digits, all read alike."""
    state, images = diagnosis.state, _images(diagnosis)
    parts = [] if state.test_accuracy is None else [f"{_percent(state.test_accuracy)} of the test {images}"]
    for name, accuracy, count, all_count in (
        ("training", state.train_accuracy, state.train_count, diagnosis.learned_count),
        ("validation", state.val_accuracy, state.val_count, diagnosis.validation_count),
    ):
        if accuracy is not None:
            some = f"{count:,}" if count < all_count else f"the {count:,}"
            parts.append(f"{_percent(accuracy, count)} of {some} {name} {images}")
    sentences = [f"The network reads {listed(parts)} correctly."] if parts else []
    if not diagnosis.compared:
        sentences += _accuracies_of_epoch(diagnosis)
    if state.test_accuracy is None:
        sentences.append("It was not tested." if sentences else "No epoch was finished, so the accuracy is unknown.")
    return " ".join(sentences)


def _accuracies_of_epoch(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield the accuracies of the saved epoch, in place of the final network's."""
    epoch, images = diagnosis.saved_epoch, _images(diagnosis)
    if epoch is None or epoch.accuracy is None:
        return
    learned, validation = diagnosis.state.examples, diagnosis.validation_count
    count = f"{learned:,} " if learned else ""
    after = ""
    if epoch.val_accuracy is not None:
        after = f", and at its end {_percent(epoch.val_accuracy, validation)} of the {validation:,} validation {images}"
    share = _percent(epoch.accuracy, learned)
    yield f"During epoch {epoch.number} it read {share} of the {count}training {images} correctly{after}."


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
        loss = _loss(diagnosis.train_loss or 0.0)
        return (
            f"The training is unstable: a training loss of {loss} means that the network is confident even when it is "
            f"wrong; {cause}."
        )
    return f"The loss does not fall, and ended at {_loss(diagnosis.watched_losses[-1])}: {cause}."


def _too_large_steps(diagnosis: Diagnosis) -> str:
    return f"a learning rate of {number(diagnosis.learning_rate)} makes the steps too large"


def _overfitting(diagnosis: Diagnosis) -> str:
    train, images = diagnosis.train_accuracy or 0.0, _images(diagnosis)
    lowest, name = _lowest_other(diagnosis)
    overfits = "overfits" if diagnosis.accuracy_gap >= 0.05 else "overfits slightly"
    misread = _percent(1 - train) if train < 1 else "none"
    learned, then = (
        (f"misreads {misread}", "but") if diagnosis.compared else (f"misread {misread}", "while it learned, but")
    )
    return (
        f"It {overfits}: it {learned} of its training {images} {then} {_percent(1 - lowest)} of the {name} {images}, "
        "so it has memorized some of them."
    )


def _lowest_other(diagnosis: Diagnosis) -> tuple[float, str]:
    """Return the lower one of test and validation accuracy, and which it is; few validation digits do not count."""
    test, validation = diagnosis.test_accuracy, diagnosis.validation_accuracy
    if test is not None and diagnosis.validation_count < MIN_VALIDATION_DIGITS:
        validation = None
    shares = [(share, name) for share, name in ((validation, "validation"), (test, "test")) if share is not None]
    return min(shares)


def _diverging_losses(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield how training and validation losses differ."""
    best = diagnosis.best_epoch
    if not diagnosis.train_losses:
        return
    train, now = _loss(diagnosis.train_losses[-1]), _loss(diagnosis.train_loss or 0.0)
    if diagnosis.validation_loss_rose and best and best.val_loss is not None and best.loss is not None:
        yield (
            f"The validation loss was lowest in epoch {best.number}, at {_loss(best.val_loss)}, and has since risen to "
            f"{_loss(diagnosis.watched_losses[-1])}, while the training loss fell further, from {_loss(best.loss)} to "
            f"{train}."
        )
    elif best and diagnosis.loss_fall < 0.01:
        last = _loss(diagnosis.watched_losses[-1])
        yield f"The validation loss has stopped falling, at {last}; the training loss is {now}."
    elif not best and (test_loss := diagnosis.state.test_loss) is not None:
        images = _images(diagnosis)
        yield f"The loss is {now} on the training {images} but {_loss(test_loss)} on the test {images}."


def _no_overfitting(diagnosis: Diagnosis) -> str:
    train, images = diagnosis.train_accuracy, _images(diagnosis)
    if train is None or (diagnosis.validation_accuracy is None and diagnosis.test_accuracy is None):
        return f"Overfitting can only be detected with {images} that the network was not trained on."
    if not diagnosis.compared:
        return (
            "Whether it overfits is unknown: the training accuracy is a mean over an epoch in which the network was "
            "still learning."
        )
    lowest, name = _lowest_other(diagnosis)
    apart = f"training and {name} accuracy are {_points(train, lowest)} apart"
    if diagnosis.validation_accuracy is None:
        return f"Without validation {images}, overfitting does not show in the curves; {apart}."
    if train - lowest >= NOTICEABLE_GAP:
        return f"It hardly overfits: {apart}."
    if lowest - train >= NOTICEABLE_GAP:
        return f"It does not overfit: it reads the {name} {images} even better than its training {images}."
    return f"It does not overfit: {apart}."


def _points(one: float, other: float) -> str:
    difference = abs(one - other)
    return f"{decimal(100 * difference, 1)} percentage points" if difference >= 0.001 else "less than 0.1 points"


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


def _end(diagnosis: Diagnosis) -> Iterator[str]:
    done, config, validation_count = len(diagnosis.epochs), diagnosis.config, diagnosis.validation_count
    if diagnosis.saved_epoch and diagnosis.saved_epoch.number < done:
        best = diagnosis.saved_epoch.number
        yield f"It has the weights of epoch {best} of {done}, where the validation loss was lowest."
    elif diagnosis.state.phase == "stopped" and done < config.epochs:
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
