"""Gain of "Learn my hand": the digits of people who label ten drawings each, read before and after.

`python -m benchmarks.hand` takes a minute. Each writer of `report` labels one drawing of each digit, drawn at random
(three draws), and the rest is read. MNIST's test digits are read without each hand and with it. `--set develop`
measures writers from whom the network has learned, `--gain` and `--reach` other constants. Exits with status 1 if
the hands read less than the network alone, or if a hand costs more than 0.1 points on MNIST on average.
"""

import argparse
import os
import sys
from collections.abc import Iterator

import numpy as np

from benchmarks.conditions import print_conditions
from benchmarks.drawing import DRAWINGS, ROOT, SCORER, drawn, load_scorer
from harness.server import MNIST
from trainer.analysis import hand as hands
from trainer.analysis.hand import Hand, Reading
from trainer.data import datasets

DRAWS = 3
MAX_LOSS = 0.001  # of accuracy on MNIST


def split(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a mask of one drawing of each digit."""
    chosen = np.zeros(len(labels), bool)
    for digit in np.unique(labels):
        chosen[rng.choice(np.flatnonzero(labels == digit))] = True
    return chosen


def writers(which: str) -> Iterator[tuple[Reading, np.ndarray]]:
    """Yield what the network makes of each writer's drawings, and their labels."""
    scorer = load_scorer()
    records = scorer.load(DRAWINGS / f"{which}.jsonl.gz")
    images = np.stack([drawn(scorer, record, "std") for record in records])
    labels = np.array([record["y"] for record in records], np.uint8)
    names = np.array([record["w"] for record in records])
    for name in np.unique(names):
        yield Reading.of(images[names == name]), labels[names == name]


def part(reading: Reading, where: np.ndarray) -> Reading:
    return Reading(reading.probabilities[where], reading.features[where])


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--set", default="report", choices=("develop", "report"), help="whose drawings")
    parser.add_argument("--gain", type=float, default=hands.GAIN, help="of a logit (%(default)s)")
    parser.add_argument("--reach", type=float, default=hands.REACH, help="of a drawing (%(default)s)")
    given = parser.parse_args()
    if not (SCORER.is_file() and DRAWINGS.is_dir() and MNIST.is_file()):
        print(f"# no drawings to measure with: they are expected in {os.path.relpath(DRAWINGS, ROOT)}")
        return 0
    print_conditions("numpy", "onnxruntime", more=f"gain {given.gain:g}, reach {given.reach:g}")
    rng = np.random.default_rng(0)
    digits = hands.read_test_digits(datasets.load(path=MNIST), lambda share: None)
    before, after, mnist_before, mnist_after, counted = [], [], [], [], 0
    for reading, labels in writers(given.set):
        counted += 1
        for _ in range(DRAWS):
            chosen = split(labels, rng)
            hand = Hand(part(reading, chosen), labels[chosen], given.gain, given.reach)
            rest = part(reading, ~chosen)
            before.append((rest.probabilities.argmax(axis=1) == labels[~chosen]).tolist())
            after.append((hand.correct(rest).argmax(axis=1) == labels[~chosen]).tolist())
            for shares, share in zip((mnist_before, mnist_after), digits.accuracies(hand), strict=True):
                shares.append(share)
    alone, corrected = (float(np.mean(np.concatenate(right))) for right in (before, after))
    print(f"# {counted} writers, {DRAWS} draws of ten drawings each")
    print(f"hand.before {100 * alone:.2f} %")
    print(f"hand.after {100 * corrected:.2f} %")
    print(f"hand.mnist_before {100 * np.mean(mnist_before):.2f} %")
    print(f"hand.mnist_after {100 * np.mean(mnist_after):.2f} %")
    print(f"hand.mnist_worst {100 * np.min(mnist_after):.2f} %")
    return int(corrected < alone or np.mean(mnist_before) - np.mean(mnist_after) > MAX_LOSS)


if __name__ == "__main__":
    sys.exit(main())
