"""Model card of the ready-made network: measured figures, saved as JSON and written as a Markdown page."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trainer.config.limits import choice_label, in_sentence
from trainer.config.training import TrainingConfig, parameter_count, short_form
from trainer.shipped import pens
from trainer.storage.files import write_atomically
from trainer.text import number, percent

CONFIDENCE_EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0)  # the edges of the bins in which answers are counted
SURE = 0.8  # one of the edges; an answer with a lower probability is "not sure"
BINS = 15  # for the expected calibration error

Figures = dict[str, Any]  # JSON values


@dataclass(frozen=True)
class Card:
    """Measured figures of a network; shares are 0 .. 1."""

    made: str  # date
    conditions: str  # the machine and the versions
    config: str  # the training configuration as JSON
    sha256: str  # of the ONNX file
    size: int  # of the ONNX file, in bytes
    seconds: float  # training time of the first seed
    data: dict[str, str]  # training data -> hash of its contents
    seeds: tuple[int, ...]  # the first is shipped
    validation_accuracies: tuple[float, ...]  # by seed
    test_accuracies: tuple[float, ...]  # on MNIST's 10,000 test digits, by seed
    temperature: float  # by which the weights of the last layer were divided
    least_clarity: float  # below this `clarity` an image does not look like a digit
    handwriting: Figures  # `figures` of held-out synthetic handwriting
    non_digits: Figures  # method -> share of held-out non-digits rejected; "kinds" -> by kind
    drawings: dict[str, dict[str, Figures]] = field(default_factory=dict)  # set -> variant -> `figures` and more

    @property
    def parameters(self) -> int:
        return parameter_count(TrainingConfig.from_json(self.config))

    @property
    def has_learned_from_people(self) -> bool:
        """Whether the training data includes people's digits, those named develop in `drawings`."""
        return any(pens.CITATION in name for name in self.data)

    @classmethod
    def load(cls, path: Path) -> Card:
        """Read a card that `save` wrote."""
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for name in ("seeds", "validation_accuracies", "test_accuracies"):
            read[name] = tuple(read[name])
        return cls(**read)

    def save(self, path: Path) -> None:
        """Write the card as JSON, atomically. Raises OSError."""
        write_atomically(path, (json.dumps(asdict(self), indent=1) + "\n").encode())


def clarity(logits: np.ndarray) -> np.ndarray:
    """Return the highest logit minus the mean of all ten, from logits (n, 10): low if nothing is recognized.

    For an image between two digits it stays high, although the highest probability is low.
    """
    above: np.ndarray = logits.max(axis=1) - logits.mean(axis=1)
    return above


def figures(probabilities: np.ndarray, labels: np.ndarray, logits: np.ndarray, least_clarity: float) -> Figures:
    """Return accuracy, calibration, and the share of recognized digits, for probabilities (n, 10).

    `calibration_error` is the expected calibration error over 15 equal bins (Guo et al., On Calibration of Modern
    Neural Networks, 2017); `answers` has [from, to, count, share correct] by the highest probability.
    """
    highest, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    kept = clarity(logits) >= least_clarity
    bins = np.minimum((highest * BINS).astype(int), BINS - 1)
    gaps = [abs(float((highest - right)[bins == place].sum())) for place in range(BINS)]
    answers = []
    for low, high in itertools.pairwise(CONFIDENCE_EDGES):
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


# --- page -------------------------------------------------------------------------------------------------

VARIANTS = {
    "std": "as in the app: a pen of 18 to 22 pixels on a canvas of 280",
    "thin": "thin, 5 to 9 pixels",
    "thick": "thick, 30 to 40 pixels",
    "tiny": "tiny, a fifth of the canvas",
    "pixels": "as in the app, read from its pixels as a photo is, and not from its strokes",
}
SETS = {"develop": "15 people, used to choose the settings", "report": "15 other people, by whom nothing was chosen"}


def page(card: Card) -> str:
    """Return a card as a Markdown page."""
    config = TrainingConfig.from_json(card.config)
    schedule = in_sentence(choice_label("schedule", config.schedule))
    parts = [
        "# The ready-made network",
        "`python -m trainer.shipped.pretrain`, which trains the network, writes this page, and `python -m "
        "benchmarks.drawing`, which measures it on drawings, completes it: change the scripts, not this page.",
        f"Trained on {card.made}; one seed took {card.seconds / 60:.1f} minutes ({card.conditions}). "
        f"{card.parameters:,} parameters, {card.size / 1e3:,.0f} kB as ONNX, SHA-256 `{card.sha256}`.",
        "## Network and training data",
        f"`{short_form(config)}`, {config.epochs} epochs, {config.optimizer.label}, learning rate "
        f"{number(config.learning_rate)} ({schedule}), batches of {config.batch_size}; each digit was moved by up "
        f"to {config.shift:g} pixels, turned by up to {config.rotation:g} degrees and resized by up to "
        f"{100 * config.zoom:g} %.",
        *(f"- {name}: `{digest}`" for name, digest in card.data.items()),
        "For non-digits it was trained to give all ten digits the same probability. "
        "Settings were chosen on MNIST's validation digits and on the drawings named develop, with one exception: a "
        "wider candidate was dropped after its test accuracy, 99.42 %, was known, so MNIST's test figures are slightly "
        "optimistic. "
        + (
            "The network learned from the drawings named develop, and from none named report."
            if card.has_learned_from_people
            else "The network was not trained on any drawing of either set."
        ),
        "## MNIST",
        _table(
            ["seed", "validation digits read correctly", "test digits read correctly"],
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
        "## Calibration",
        f"The last layer's weights were divided by a temperature of {card.temperature:.2f}, fitted on synthetic "
        "handwriting outside the training data. Share of correct answers by their probability:",
        _reliability(card),
        f"Where the highest probability is below {100 * SURE:g} %, the app says that it is not sure. Sure answers:",
        _sure(card),
        "## Non-digits",
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
        _table(["drawings", "pen", "digits", "read correctly", "95 % range over the writers"], rows),
        "Read from their strokes, except where pixels are named. Measured by `python -m benchmarks.drawing` (report) "
        "and `python -m benchmarks.drawing --set develop`.",
    ]


def _measured(card: Card) -> dict[str, Figures]:
    """Return the figures of ordinary drawings by set, and of synthetic handwriting."""
    drawn = {name: variants["std"] for name, variants in card.drawings.items() if "std" in variants}
    return {**drawn, "synthetic handwriting": card.handwriting}


def _reliability(card: Card) -> str:
    measured = _measured(card)
    rows = []
    for place, (low, high) in enumerate(itertools.pairwise(CONFIDENCE_EDGES)):
        cells = [figures["answers"][place] for figures in measured.values()]
        rows.append(
            [f"{100 * low:g} to {100 * high:g} %"] + [f"{percent(c[3])} of {c[2]:,}" if c[2] else "-" for c in cells]
        )
    errors = [percent(figures["calibration_error"], 2) for figures in measured.values()]
    return _table(["probability", *measured], [*rows, ["expected calibration error", *errors]])


def _sure(card: Card) -> str:
    rows = []
    for name, figures in _measured(card).items():
        answers = [(count, right) for low, _, count, right in figures["answers"] if low >= SURE]
        answered = sum(count for count, _ in answers)
        right = sum(count * right for count, right in answers) / max(1, answered)
        rows.append([name, percent(answered / figures["count"], 2), percent(right, 2)])
    return _table(["digits", "sure", "of these correct"], rows)


def _non_digits(card: Card) -> list[str]:
    methods = {name: share for name, share in card.non_digits.items() if name != "kinds"}
    hardest = sorted(card.non_digits["kinds"].items(), key=lambda item: item[1])[:8]
    rows = [
        [name, percent(figures["kept"], 2), percent(figures["accuracy_of_kept"], 2)]
        for name, figures in _measured(card).items()
    ]
    return [
        f"A drawing does not look like a digit where the highest logit is less than {card.least_clarity:.2f} above the "
        "mean of all ten. The network was trained on some kinds of letters, signs and scribbles as non-digits "
        "(`trainer/drawing/non_digits.py`) and is measured on other kinds. Share of these rejected, by method, with "
        "thresholds that accept the same share of synthetic digits:",
        _table(["method", "non-digits rejected"], [[name, percent(share)] for name, share in methods.items()]),
        "Digits that are accepted:",
        _table(["digits", "accepted", "of these correct"], rows),
        "Hardest of the held-out kinds (share rejected): "
        + ", ".join(f"{kind} {percent(share, 0)}" for kind, share in hardest)
        + ". Letters and signs that look like digits, such as O, l, Z, S and q, are left out: they are accepted.",
    ]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
