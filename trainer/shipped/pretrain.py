"""Training of the ready-made network: `python -m trainer.shipped.pretrain`, about twenty minutes per seed on two cores.

It is trained on MNIST, as it is and drawn again with other pens, on synthetic handwriting, people's digits (`--pens`,
see `trainer.shipped.pens`), and non-digits, for which all ten digits are equally probable. Then its probabilities are
calibrated by a temperature (Guo et al., On Calibration of Modern Neural Networks, 2017), and the threshold is set below
which an image does not look like a digit. Ctrl-C leaves no incomplete files.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from trainer import UserError
from trainer.config.training import TrainingConfig
from trainer.data import datasets
from trainer.data.fetch import MNIST_HASH
from trainer.networks import fitting, model, onnx_writer
from trainer.networks.hooks import Hooks
from trainer.networks.inference import Network
from trainer.processes import ROOT
from trainer.shipped import card, pens
from trainer.shipped import network as shipped
from trainer.shipped.material import Log, Material, load
from trainer.storage.files import write_atomically
from trainer.text import percent

SEEDS = (0, 1, 2)
NON_DIGITS = 24_000
DTYPE = "mixed_bfloat16"  # a third faster where the processor has it; the shipped weights have 32 bits
HELD_OUT = 2_500  # number of synthetic digits, and of non-digits of other kinds, for measuring
KEPT_SHARE = 0.99  # share of synthetic digits that must look like digits
CLARITY = "highest logit above the mean"
TEMPERATURES = np.arange(0.5, 3.0, 0.01)
PAGE = ROOT / "docs" / "network.md"


# --- training and calibration --------------------------------------------------------------------------------------


class _Progress(Hooks):
    """Reports the progress of a training and its remaining time."""

    def __init__(self, config: TrainingConfig, steps: int, what: str, log: Log) -> None:
        self.steps, self.what, self.log, self.begun = steps * config.epochs, what, log, time.perf_counter()

    def report(self, line: dict[str, Any]) -> None:
        done = line["step"] / self.steps
        left = (time.perf_counter() - self.begun) * (1 / done - 1)
        accuracy = line.get("val_accuracy", line.get("accuracy", 0.0))
        self.log(f"{self.what}, epoch {line['epoch']}: {percent(accuracy, 2)}, {left / 60:.1f} minutes left")


def train(config: TrainingConfig, material: Material, what: str, log: Log) -> dict[str, list[np.ndarray]]:
    """Train a network and return its weights by layer name."""
    images, labels = material.data.images("train"), material.data.labels("train")
    extra = len(material.extra[1])
    network = model.build(config, len(images), extra)
    network.loss = model.crossentropy_with_none
    progress = _Progress(config, fitting.steps_per_epoch(config, len(images), extra), what, log)
    fitting.fit(network, config, images, labels, progress, material.extra)
    return model.weights(network)


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the divisor of logits (n, 10) with the lowest cross-entropy for labels (n,)."""
    right = logits[np.arange(len(labels)), labels]
    losses = [np.mean(energy(logits / degree) - right / degree) for degree in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def calibrated(weights: dict[str, list[np.ndarray]], degree: float) -> dict[str, list[np.ndarray]]:
    """Return weights whose logits are divided by a temperature."""
    return {**weights, "output": [(weight / degree).astype(np.float32) for weight in weights["output"]]}


# --- non-digits -----------------------------------------------------------------------------------------


def energy(logits: np.ndarray) -> np.ndarray:
    """Return log sum exp of logits (n, 10): the energy score (Liu et al., Energy-based Out-of-distribution, 2020)."""
    highest = logits.max(axis=1)
    total: np.ndarray = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
    return total


def non_digit_threshold(network: Network, material: Material, config: TrainingConfig) -> tuple[float, card.Figures]:
    """Return the threshold of clarity, and by method the share of non-digits rejected if KEPT_SHARE of digits pass."""
    digits, (strange, kinds) = material.handwriting[0], material.unseen_non_digits
    features = config.table[-2].name  # the input of the output layer
    learned = material.extra[0][:HELD_OUT], material.extra[1][:HELD_OUT]  # synthetic digits come first
    known = network.layers(learned[0])[features]
    means = np.stack([known[learned[1] == label].mean(axis=0) for label in range(10)])
    logits = [network.logits(images) for images in (digits, strange)]
    seen = [network.layers(images)[features] for images in (digits, strange)]
    scores = {
        CLARITY: [card.clarity(each) for each in logits],
        "highest logit": [each.max(axis=1) for each in logits],
        "energy": [energy(each) for each in logits],
        "highest probability": [each.max(axis=1) - energy(each) for each in logits],
        "distance to a digit's mean": [
            -np.stack([np.linalg.norm(each - mean, axis=1) for mean in means]).min(axis=0) for each in seen
        ],
    }
    least = {method: float(np.quantile(of_digits, 1 - KEPT_SHARE)) for method, (of_digits, _) in scores.items()}
    shares: card.Figures = {method: float((scores[method][1] < least[method]).mean()) for method in scores}
    low = scores[CLARITY][1] < least[CLARITY]
    names = np.array(kinds)
    shares["kinds"] = {kind: float(low[names == kind].mean()) for kind in sorted(set(kinds))}
    return least[CLARITY], shares


# --- all seeds ------------------------------------------------------------------------------------------------


def pretrain(
    config: TrainingConfig,
    seeds: Sequence[int],
    folder: Path,
    page: Path,
    number: int,
    held_out: int,
    log: Log,
    people: Sequence[pens.PenDigit] = (),
) -> card.Card:
    """Train a network per seed, ship the first, and write `folder` and `page` after each.

    number: non-digits to learn from; people: digits too. held_out: digits, and as many non-digits, for measuring.
    """
    material = load(config, number, held_out, people, log)
    written: card.Card | None = None
    for place, seed in enumerate(seeds, 1):
        own = replace(config, seed=seed)
        begun = time.perf_counter()
        weights = train(own, material, f"seed {seed}, {place} of {len(seeds)}", log)
        seconds = time.perf_counter() - begun
        drawn, answers = material.handwriting
        degree = temperature(Network(onnx_writer.to_onnx(weights, own)).logits(drawn), answers)
        content = onnx_writer.to_onnx(calibrated(weights, degree), own)
        network = Network(content)
        images, labels = _validation(own, material.data)
        right = network.logits(images).argmax(axis=1) == labels
        tested = network.logits(material.data.images("test")).argmax(axis=1) == material.data.labels("test")
        accuracies = float(right.mean()), float(tested.mean())
        log(f"seed {seed}: {percent(accuracies[0], 2)} of the validation digits, {seconds / 60:.1f} minutes\n")
        if written is None:
            least_clarity, shares = non_digit_threshold(network, material, own)
            written = card.Card(
                made=datetime.date.today().isoformat(),
                conditions=_conditions(),
                config=own.to_json(),
                sha256=hashlib.sha256(content).hexdigest(),
                size=len(content),
                seconds=seconds,
                data=material.hashes,
                seeds=(seed,),
                validation_accuracies=accuracies[:1],
                test_accuracies=accuracies[1:],
                temperature=degree,
                least_clarity=least_clarity,
                handwriting=card.figures(network.probabilities(drawn), answers, network.logits(drawn), least_clarity),
                non_digits=shares,
            )
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / shipped.PATH.name, content)
        else:
            written = replace(
                written,
                seeds=(*written.seeds, seed),
                validation_accuracies=(*written.validation_accuracies, accuracies[0]),
                test_accuracies=(*written.test_accuracies, accuracies[1]),
            )
        written.save(folder / shipped.CARD.name)
        write_atomically(page, card.page(written).encode())
    assert written is not None
    return written


def _validation(config: TrainingConfig, data: datasets.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the validation digits and their labels."""
    examples = min(len(data.y_train), config.training_examples)
    first, _ = config.split(examples)
    return data.images("train", slice(first, examples)), data.labels("train", slice(first, examples))


def _conditions() -> str:
    versions = [f"{name} {version(name)}" for name in ("keras", "tensorflow", "numpy", "pillow")]
    return ", ".join([f"{model.device()}, {os.cpu_count()} cores", f"Python {platform.python_version()}", *versions])


def _print_line(text: str) -> None:
    """Print a line, over the previous one in a terminal."""
    end = "" if sys.stdout.isatty() and not text.endswith("\n") else "\n"
    print(f"\r\x1b[K{text}" if sys.stdout.isatty() else text.rstrip("\n"), end=end, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m trainer.shipped.pretrain", description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)), help="separated by commas; the first is shipped")
    parser.add_argument("--pens", type=Path, help="file of people's digits: pendigits-orig.tra of UCI, see pens.py")
    parser.add_argument(
        "--aside", default="", help="numbers of people to choose settings by, separated by commas: none is learned from"
    )
    parser.add_argument("--out", type=Path, help="folder for all files instead of the app's own")
    parser.add_argument("--quick", action="store_true", help="few digits and one epoch, into --out, to try it out")
    given = parser.parse_args(arguments)
    config, number, held_out = replace(shipped.CONFIG, dtype=DTYPE), NON_DIGITS, HELD_OUT
    folder, page = (given.out, given.out / PAGE.name) if given.out else (shipped.FOLDER, PAGE)
    try:
        seeds = [int(seed) for seed in given.seeds.split(",")]
        if given.quick:
            if not given.out:
                raise UserError("A quick network is not for the app: name a folder for it with --out.")
            config = replace(config, epochs=1, training_examples=600, synthetic_examples=200)
            number = held_out = 100
        elif (data := datasets.load()).hash != MNIST_HASH:
            raise UserError(
                f"The ready-made network needs MNIST (got {data.source}): see `python -m trainer.data.datasets`."
            )
        people = pens.read(content := given.pens.read_bytes()) if given.pens else []
        if given.aside:
            if not given.out:
                raise UserError("The app's network learns from all people: name a folder for another one with --out.")
            people = pens.without(people, {int(writer) for writer in given.aside.split(",")})
        if people:
            _print_line(f"{pens.describe(people)}, SHA-256 {hashlib.sha256(content).hexdigest()}\n")
        pretrain(config, seeds, folder, page, number, held_out, _print_line, people)
    except (UserError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. No file is incomplete.", file=sys.stderr)
        return 130
    print(f"The network and its card are in {folder}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
