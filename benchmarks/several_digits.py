"""Several digits on one paper, composed of people's digits: the share of papers that are read whole.

`python -m benchmarks.several_digits` takes two minutes. Each paper has two or three digits by one writer of `develop`:
their center lines are apart, touch, or overlap by up to a fifth of their height. It is read from its strokes, as the
app does, and from its pixels, as a photo is. `--set report` uses writers from whom the network has not learned. Exits
with status 1 if fewer than 97 % of the triples are read whole from their strokes.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.conditions import print_conditions
from benchmarks.drawing import DRAWINGS, ROOT, SCORER, load_scorer
from trainer.drawing import normalize, stroke_groups
from trainer.drawing.normalize import NormalizationSteps
from trainer.drawing.strokes import Strokes, bounds
from trainer.shipped import network as shipped

GAPS = {"apart": (0.1, 0.4), "touching": (-0.05, 0.05), "overlapping": (-0.2, -0.05)}  # in heights of a digit
COUNTS = {2: "pairs", 3: "triples"}
GOAL = 0.97  # of the triples, by their strokes
SIDE = 300  # pixels of the paper
PEN = 20.0  # pixels
HEIGHT = 80.0  # pixels of a digit, on average
PAPERS = 300  # of each kind

Lines = list[np.ndarray]


@dataclass(frozen=True, eq=False)
class Paper:
    """Digits of one writer, from left to right."""

    digits: Sequence[Lines]  # center lines, (n, 2) each, in pixels
    labels: list[int]

    @property
    def strokes(self) -> Strokes:
        lines = [line for digit in self.digits for line in digit]
        return Strokes(lines, [PEN] * len(lines), SIDE)

    @property
    def groups(self) -> list[list[int]]:
        """The places of each digit's strokes."""
        ends = np.cumsum([len(digit) for digit in self.digits]).tolist()
        return [list(range(end - len(digit), end)) for end, digit in zip(ends, self.digits, strict=True)]


def compose(digits: Sequence[Lines], labels: list[int], gaps: tuple[float, float], rng: np.random.Generator) -> Paper:
    """Lay digits side by side, in slightly different sizes and heights, in the middle of the paper."""
    laid: list[Lines] = []
    right = 0.0
    for digit in digits:
        low, high = bounds(digit)
        extent = high - low
        # a 1 and a flat stroke are not enlarged beyond the paper
        scale = HEIGHT * rng.uniform(0.85, 1.15) / max(extent[1], extent[0] / 1.2, 1e-6)
        left = right + HEIGHT * rng.uniform(*gaps) if laid else 0.0
        place = np.array([left, HEIGHT * rng.uniform(-0.1, 0.1) - scale * extent[1] / 2])
        laid.append([scale * (line - low) + place for line in digit])
        right = float(bounds(laid[-1])[1][0])
    low, high = bounds([line for digit in laid for line in digit])
    return Paper([[line + SIDE / 2 - (low + high) / 2 for line in digit] for digit in laid], labels)


def papers(which: str, count: int, gaps: tuple[float, float]) -> list[Paper]:
    """Return papers of `count` digits, always the same."""
    rng = np.random.default_rng(count)
    records = load_scorer().load(DRAWINGS / f"{which}.jsonl.gz")
    by_writer: dict[str, list[dict[str, object]]] = {}
    for record in records:
        by_writer.setdefault(record["w"], []).append(record)
    writers = sorted(by_writer)
    composed = []
    for _ in range(PAPERS):
        own = by_writer[writers[rng.integers(len(writers))]]
        chosen = [own[place] for place in rng.integers(len(own), size=count)]
        lines = [[np.array(line, float).reshape(-1, 2) for line in record["s"] if len(line) >= 2] for record in chosen]
        composed.append(compose(lines, [int(record["y"]) for record in chosen], gaps, rng))
    return composed


def read(steps: Sequence[NormalizationSteps]) -> list[int]:
    if not steps:
        return []
    images = np.stack([one.image for one in steps])
    digits: list[int] = shipped.network().logits(images).argmax(axis=1).tolist()
    return digits


def from_pixels(paper: Paper) -> list[int]:
    levels = np.rint(255 * paper.strokes.ink).astype(np.uint8)
    rgba = np.dstack([levels, levels, levels, np.full_like(levels, 255)])
    return read(normalize.find_digits(rgba))


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--set", default="develop", choices=("develop", "report"), help="whose drawings")
    given = parser.parse_args()
    if not (SCORER.is_file() and DRAWINGS.is_dir()):
        print(f"# no drawings to measure with: they are expected in {os.path.relpath(DRAWINGS, ROOT)}")
        return 0
    print_conditions("numpy", "pillow", "onnxruntime", more=f"{PAPERS} papers of each kind by writers of {given.set}")
    whole = {}
    for count, name in COUNTS.items():
        rights = []
        for kind, gaps in GAPS.items():
            made = papers(given.set, count, gaps)
            right = [
                read(stroke_groups.find_digits(paper.strokes, shipped.recognizability)) == paper.labels
                for paper in made
            ]
            split = [
                stroke_groups.group(paper.strokes.lines, shipped.recognizability) == paper.groups for paper in made
            ]
            alone = [read([paper.strokes.steps(places) for places in paper.groups]) == paper.labels for paper in made]
            pixels = [from_pixels(paper) == paper.labels for paper in made]
            print(f"several.{name}_{kind} {100 * np.mean(right):.1f} %")
            print(f"several.{name}_{kind}_split {100 * np.mean(split):.1f} %")
            print(f"several.{name}_{kind}_if_split_right {100 * np.mean(alone):.1f} %")
            print(f"several.{name}_{kind}_pixels {100 * np.mean(pixels):.1f} %", flush=True)
            rights.append(float(np.mean(right)))
        whole[name] = float(np.mean(rights))
        print(f"several.{name} {100 * whole[name]:.1f} %")
    return int(whole["triples"] < GOAL)


if __name__ == "__main__":
    sys.exit(main())
