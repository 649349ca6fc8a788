"""What is known of the shipped network: figures that were measured, as a file and as a page for people."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trainer.config.training import TrainingConfig, parameter_count, short_form
from trainer.storage.files import write_whole
from trainer.text import percent

PROBABILITIES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0)  # between which answers are counted
SURE = 0.8  # the highest probability, one of these, under which an answer is "not sure"
BINS = 15  # of the expected calibration error

Figures = dict[str, Any]  # what JSON holds


@dataclass(frozen=True)
class Card:
    """A network's figures; shares are 0 .. 1."""

    made: str  # the day
    conditions: str  # the machine and the versions
    config: str  # of the training, as JSON
    sha256: str  # of the ONNX file
    size: int  # of the ONNX file, in bytes
    seconds: float  # that the training of the first seed took
    data: dict[str, str]  # what it learned from -> hash of the contents
    seeds: tuple[int, ...]  # the first one is shipped
    validation_accuracies: tuple[float, ...]  # by seed
    test_accuracies: tuple[float, ...]  # on MNIST's 10,000 test digits, by seed
    temperature: float  # that the last layer's weights were divided by
    least_clarity: float  # an image whose `clarity` is below it does not look like a digit
    handwriting: Figures  # `figures` of held-out synthetic handwriting
    non_digits: Figures  # name of a method -> share of held-out non-digits refused; "kinds" -> by kind
    drawings: dict[str, dict[str, Figures]] = field(default_factory=dict)  # set -> variant -> `figures` and more

    @property
    def parameters(self) -> int:
        return parameter_count(TrainingConfig.from_json(self.config))

    @classmethod
    def load(cls, path: Path) -> Card:
        """Read what `save` wrote."""
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for name in ("seeds", "validation_accuracies", "test_accuracies"):
            read[name] = tuple(read[name])
        return cls(**read)

    def save(self, path: Path) -> None:
        """Write the card as JSON, whole or not at all. Raises OSError."""
        write_whole(path, (json.dumps(asdict(self), indent=1) + "\n").encode())


def clarity(logits: np.ndarray) -> np.ndarray:
    """Return how far the highest of logits (n, 10) stands above their mean: little where nothing is recognised.

    Between two digits, where the highest probability is low as well, it stays high.
    """
    above: np.ndarray = logits.max(axis=1) - logits.mean(axis=1)
    return above


def figures(probabilities: np.ndarray, labels: np.ndarray, logits: np.ndarray, least_clarity: float) -> Figures:
    """Say how right and how honest probabilities (n, 10) are: accuracy, calibration, and what is left unanswered.

    `calibration_error` is the expected calibration error over 15 equal bins (Guo et al., On Calibration of Modern
    Neural Networks, 2017); `answers` holds [from, to, how many, share right] by the highest probability.
    """
    highest, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    kept = clarity(logits) >= least_clarity
    bins = np.minimum((highest * BINS).astype(int), BINS - 1)
    gaps = [abs(float((highest - right)[bins == place].sum())) for place in range(BINS)]
    answers = []
    for low, high in itertools.pairwise(PROBABILITIES):
        inside = (highest >= low) & ((highest < high) | (high == 1.0))
        answers.append([low, high, int(inside.sum()), _mean(right[inside])])
    return {
        "count": len(labels),
        "accuracy": _mean(right),
        "calibration_error": sum(gaps) / max(1, len(labels)),
        "answers": answers,
        "kept": _mean(kept),
        "accuracy_of_kept": _mean(right[kept]),
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0


# --- the page -------------------------------------------------------------------------------------------------

VARIANTS = {
    "std": "as on the page, a pen of 18 to 22 pixels on a canvas of 280",
    "thin": "thin, 5 to 9 pixels",
    "thick": "thick, 30 to 40 pixels",
    "tiny": "tiny, a fifth of the canvas",
}
SETS = {"develop": "15 people, looked at while choosing", "report": "15 other people, measured once at the end"}


def page(card: Card) -> str:
    """Return a card as Markdown."""
    config = TrainingConfig.from_json(card.config)
    parts = [
        "# The shipped network",
        "This page is written by `python -m trainer.shipped.pretrain`, which makes the network, and completed by "
        "`python -m benchmarks.drawing`, which measures it on drawings: change the scripts, not the page.",
        f"Made on {card.made} in {card.seconds / 60:.1f} minutes for one seed ({card.conditions}). "
        f"{card.parameters:,} parameters, {card.size / 1e3:,.0f} kB as ONNX, SHA-256 `{card.sha256}`.",
        "## What it is and learned from",
        f"`{short_form(config)}`, {config.epochs} epochs, {type(config.optimizer).__name__}, learning rate "
        f"{config.learning_rate:g} ({config.schedule}), batches of {config.batch_size}, each digit moved by up to "
        f"{config.shift:g} pixels, turned by {config.rotation:g} degrees and resized by {100 * config.zoom:g} %.",
        *(f"- {name}: `{digest}`" for name, digest in card.data.items()),
        "Of a drawing that is no digit it learned that all ten digits are equally probable. "
        "Choices were made on MNIST's validation digits and on the drawings named develop, with one exception: a wider "
        "candidate was given up after its test accuracy had been seen, 99.42 %, so MNIST's test figures are a little "
        "flattering. No drawing of either set was learned from.",
        "## MNIST",
        _table(
            ["seed", "validation digits read right", "test digits read right"],
            [
                [str(seed), percent(validation, 2), percent(test, 2)]
                for seed, validation, test in zip(
                    card.seeds, card.validation_accuracies, card.test_accuracies, strict=True
                )
            ],
        ),
        f"Mean of the test accuracies: {percent(float(np.mean(card.test_accuracies)), 2)}. The first is shipped. "
        f"Measured by `python -m trainer.shipped.pretrain --seeds {','.join(map(str, card.seeds))}`.",
        "## Drawings by people",
        *(_drawings(card) if card.drawings else ["Not measured yet: run `python -m benchmarks.drawing --card`."]),
        "## When it says 90 %",
        f"The last layer's weights were divided by a temperature of {card.temperature:.2f}, fitted on synthetic "
        "handwriting that it had not seen. Share of answers that are right, by what the network said of them:",
        _reliability(card),
        f"Where the highest probability is below {100 * SURE:g} %, the app says "
        "that it is not sure. What it is sure of:",
        _sure(card),
        "## What is no digit",
        *_non_digits(card),
    ]
    return "\n\n".join(parts).replace("\n\n- ", "\n- ") + "\n"


def _drawings(card: Card) -> list[str]:
    rows = [
        [
            f"{name} ({SETS.get(name, '')})",
            VARIANTS.get(variant, variant),
            f"{measured['count']:,}",
            f"**{percent(measured['accuracy'])}**",
            f"{percent(measured['lowest'])} to {percent(measured['highest'])}",
        ]
        for name, variants in card.drawings.items()
        for variant, measured in variants.items()
    ]
    return [
        _table(["drawings", "pen", "digits", "read right", "95 % range over the writers"], rows),
        "Measured by `python -m benchmarks.drawing` (report) and `python -m benchmarks.drawing --set develop`.",
    ]


def _measured(card: Card) -> dict[str, Figures]:
    """Return the ordinary drawings' figures by set, and those of synthetic handwriting."""
    drawn = {name: variants["std"] for name, variants in card.drawings.items() if "std" in variants}
    return {**drawn, "synthetic handwriting": card.handwriting}


def _reliability(card: Card) -> str:
    measured = _measured(card)
    rows = []
    for place, (low, high) in enumerate(itertools.pairwise(PROBABILITIES)):
        cells = [figures["answers"][place] for figures in measured.values()]
        rows.append(
            [f"{100 * low:g} to {100 * high:g} %"] + [f"{percent(c[3])} of {c[2]:,}" if c[2] else "-" for c in cells]
        )
    errors = [percent(figures["calibration_error"], 2) for figures in measured.values()]
    return _table(["it said", *measured], [*rows, ["expected calibration error", *errors]])


def _sure(card: Card) -> str:
    rows = []
    for name, figures in _measured(card).items():
        answers = [(count, right) for low, _, count, right in figures["answers"] if low >= SURE]
        answered = sum(count for count, _ in answers)
        right = sum(count * right for count, right in answers) / max(1, answered)
        rows.append([name, percent(answered / figures["count"], 2), percent(right, 2)])
    return _table(["digits", "sure", "right of these"], rows)


def _non_digits(card: Card) -> list[str]:
    methods = {name: share for name, share in card.non_digits.items() if name != "kinds"}
    hardest = sorted(card.non_digits["kinds"].items(), key=lambda item: item[1])[:8]
    rows = [
        [name, percent(figures["kept"], 2), percent(figures["accuracy_of_kept"], 2)]
        for name, figures in _measured(card).items()
    ]
    return [
        f"A drawing does not look like a digit where the highest logit is less than {card.least_clarity:.2f} above the "
        "mean of all ten. The network learned some kinds of letters, signs and scribbles as no digits "
        "(`trainer/drawing/non_digits.py`), and is measured on other kinds. Held-out kinds refused, by method, each "
        "keeping as many digits of synthetic handwriting:",
        _table(["method", "non-digits refused"], [[name, percent(share)] for name, share in methods.items()]),
        "Digits that are answered all the same:",
        _table(["digits", "answered", "right of these"], rows),
        "Hardest of the held-out kinds (share refused): "
        + ", ".join(f"{kind} {percent(share, 0)}" for kind, share in hardest)
        + ". Letters and signs that people's digits look like, such as O, l, Z, S and q, are left out: they pass.",
    ]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
