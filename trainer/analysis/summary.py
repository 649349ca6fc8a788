"""What came of a training? A few plain sentences with its numbers, and what to try next. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trainer.analysis.diagnosis import GUESSING, Evidence
from trainer.analysis.suggestions import Suggestion, squashed, suggestions
from trainer.config import dataset_info
from trainer.config.training import TrainingConfig
from trainer.text import listed, number, percent

SENTENCES = 4  # at most
FEW = 200  # validation digits: fewer say little


@dataclass(frozen=True)
class Summary:
    """What came of a training: its verdict, 2 to 4 sentences, and at most 3 suggestions, the best one first.

    `verdict` is "too early", "nothing learned", "unstable", "overfits", "still learning", "underfits" or "good".
    """

    verdict: str
    sentences: tuple[str, ...]
    suggestions: tuple[Suggestion, ...]


def summarise(
    config: TrainingConfig,
    history: Iterable[Mapping[str, Any]],
    test_accuracy: float | None,
    test_loss: float | None = None,
    examples: int | None = None,
    stopped: bool = False,
) -> Summary:
    """Say what came of a training that has ended.

    history: the lines of history.jsonl, whatever is missing in them; test_accuracy: a share, None where the network
    never came to be tested; examples: the digits that it learned from; stopped: whether it was ended before its time.
    """
    evidence = Evidence.of(config, history, test_accuracy, test_loss, examples)
    sentences = (_accuracies(evidence), *_findings(evidence), *_end(evidence, stopped))
    return Summary(evidence.verdict, sentences[:SENTENCES], suggestions(evidence))


def _accuracies(evidence: Evidence) -> str:
    learned, aside, things = evidence.examples, evidence.validation_count, _things(evidence)
    parts = []
    if evidence.test is not None:
        parts.append(f"{_percent(evidence.test)} of the test {things}")
    if evidence.train is not None:
        count = f"{learned:,} " if learned else ""
        parts.append(f"{_percent(evidence.train, learned)} of the {count}training {things}")
    if evidence.validation is not None:
        parts.append(f"{_percent(evidence.validation, aside)} of the {aside:,} validation {things}")
    if not parts:
        return "Nothing is known of how well it reads: it finished no epoch."
    text = listed(parts)
    return f"It reads {text} right." if evidence.test is not None else f"It read {text} right, and was not tested."


def _findings(evidence: Evidence) -> Iterator[str]:
    """Say what the verdict rests on."""
    match evidence.verdict:
        case "too early":
            yield "It takes one whole epoch at least before its curves say anything."
        case "nothing learned":
            yield "That is no better than guessing, which gets 10 % right: it has learned nothing yet to overfit."
            yield _standstill(evidence)
        case "unstable":
            yield _instability(evidence)
        case "overfits":
            yield _by_heart(evidence)
            yield from _losses_apart(evidence)
        case _:
            yield _no_overfitting(evidence)
    if evidence.steered:
        before, after = number(evidence.config.learning_rate), number(evidence.rate)
        yield f"Its learning rate was changed while it ran, from {before} to {after}."
    elif evidence.verdict in ("still learning", "underfits", "good"):
        yield _course(evidence)


def _standstill(evidence: Evidence) -> str:
    guessing = f"{_loss(GUESSING[evidence.config.loss])}, the loss of guessing"
    if evidence.diverged or evidence.peak > 2 * evidence.guessing:
        return f"Its loss shot up to {_loss(evidence.peak)} and then stood near {guessing}: its steps were too large."
    if evidence.steps_too_large:
        return f"Its loss stayed near {guessing}: a learning rate of {number(evidence.rate)} makes its steps too large."
    if squashed(evidence.config):
        return f"Its loss stayed near {guessing}: sigmoid or softmax layers pass too little of the error on."
    return f"Its loss stayed near {guessing}: its steps lead nowhere."


def _instability(evidence: Evidence) -> str:
    cause = f"a learning rate of {number(evidence.rate)} makes its steps too large"
    if evidence.diverged:
        return f"In epoch {len(evidence.epochs) + 1} its loss grew beyond all numbers: {cause}."
    shares = [epoch.val_accuracy for epoch in evidence.epochs if epoch.val_accuracy is not None]
    shares = shares[len(shares) // 2 :]
    if shares and max(shares) - min(shares) > 0.05:
        low, high = (_percent(share, places=0) for share in (min(shares), max(shares)))
        return f"It is unstable: from epoch to epoch validation jumped between {low} and {high}; {cause}."
    if evidence.too_sure:
        loss = _loss(evidence.losses[-1])
        return f"It is unstable: a training loss of {loss} means that even its mistakes are sure; {cause}."
    return f"Its loss does not fall, and ended at {_loss(evidence.watched[-1])}: {cause}."


def _by_heart(evidence: Evidence) -> str:
    train, others = evidence.train or 0.0, {"validation": evidence.validation, "test": evidence.test}
    worst, name = min((share, name) for name, share in others.items() if share is not None)
    things = _things(evidence)
    much = "overfits" if evidence.gap >= 0.05 else "overfits a little"
    return (
        f"It {much}: it misreads {_percent(1 - train) if train < 1 else 'none'} of its training {things}, but "
        f"{_percent(1 - worst)} of the {name} {things}, so it has learned some by heart."
    )


def _losses_apart(evidence: Evidence) -> Iterator[str]:
    """Say where overfitting shows in the losses."""
    best = evidence.best
    if not evidence.losses:
        return
    train = _loss(evidence.losses[-1])
    if evidence.turned_up and best and best.val_loss is not None and best.loss is not None:
        yield (
            f"The validation loss was lowest in epoch {best.number}, {_loss(best.val_loss)}, and has risen to "
            f"{_loss(evidence.watched[-1])} since, while training's fell on from {_loss(best.loss)} to {train}."
        )
    elif best and evidence.fall < 0.01:
        yield f"The validation loss has stopped falling, at {_loss(evidence.watched[-1])}; training's is {train}."
    elif not best and evidence.test_loss is not None:
        yield f"Its loss is {train} in training, but {_loss(evidence.test_loss)} on the test {_things(evidence)}."


def _no_overfitting(evidence: Evidence) -> str:
    train, validation, test, things = evidence.train, evidence.validation, evidence.test, _things(evidence)
    if train is None or (validation is None and test is None):
        return f"Overfitting cannot be seen: that takes {things} that it has not learned from."
    if validation is None:
        apart = _percent(abs(train - (test or 0.0)))
        return (
            f"Without validation {things} overfitting cannot be seen in the curves; training and test are {apart} "
            "apart."
        )
    if validation - train >= 0.01:
        return f"It does not overfit: validation is even better than training, {_why_better(evidence)}."
    apart = _apart(train, validation)
    if abs(train - validation) >= 0.01:
        return (
            f"It hardly overfits: training and validation are {apart} apart, and the validation loss has not turned up."
        )
    return f"It does not overfit: training and validation are {apart} apart."


def _apart(one: float, other: float) -> str:
    return _percent(abs(one - other)) if abs(one - other) >= 0.001 else "less than 0.1 %"


def _why_better(evidence: Evidence) -> str:
    config, shares = evidence.config, [epoch.accuracy for epoch in evidence.epochs if epoch.accuracy is not None]
    if any(layer.training_only for layer in config.layers):
        return "for dropout hides a part of the network only while it trains"
    if config.augmented or config.synthetic_examples or config.own_examples:
        return f"whose {_things(evidence)} are made harder"
    grown = shares[-1] - (shares[-2] if len(shares) > 1 else 0.0)
    if grown >= 0.01:
        return "which is a mean over an epoch in which it still learned"
    return f"so the {_things(evidence)} kept aside happen to be easier"


def _course(evidence: Evidence) -> str:
    what = "validation loss" if evidence.validated else "training loss"
    falling = evidence.still_learning or evidence.fall >= 0.01
    if evidence.completed:
        return "Its learning rate has gone its whole way down, so the training is complete."
    if evidence.verdict == "underfits":
        things = _things(evidence)
        return f"It underfits: its curves are flat, and yet it misreads many of the {things} that it learned from."
    if falling and len(evidence.watched) > 1:
        end = ": it was still learning" if evidence.still_learning else ", but there is little left to gain"
        fell = _percent(evidence.fall, places=0 if evidence.fall >= 0.01 else 1)
        return f"In its last epochs the {what} still fell by {fell} an epoch{end}."
    if falling:
        return "Its loss was still falling when it ended."
    return "Its curves are flat by now: more of the same would change little."


def _end(evidence: Evidence, stopped: bool) -> Iterator[str]:
    done, config, aside = len(evidence.epochs), evidence.config, evidence.validation_count
    if evidence.kept and evidence.kept.number < done:
        yield f"It is back at epoch {evidence.kept.number} of {done}, where the validation loss was lowest."
    elif stopped and done < config.epochs:
        yield f"It was stopped after {done} of {config.epochs} epochs."
    if evidence.validation is not None and aside < FEW:
        yield f"With only {aside} validation {_things(evidence)} chance has a large say in that figure."


def _things(evidence: Evidence) -> str:
    return f"{dataset_info.kind(evidence.config.dataset).thing}s"


def _percent(share: float, count: int | None = None, places: int = 1) -> str:
    """Write a share, of `count` things, with no more digits than it deserves."""
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
