"""Accuracy and calibration of a network on digits drawn by people.

`python -m benchmarks.drawing` measures the ready-made network, DIGITLAB_NETWORK=runs/<id>/model.onnx another one. It
takes a few minutes and exits with status 1 if an accuracy is too low. `--card` writes the figures into the card of the
ready-made network, and `--set develop` measures the half of the drawings that settings were chosen on. `--writers`
measures a few people only: those from whom a network of `pretrain --aside` has not learned. `--misread FILE` draws a
sheet of drawings that are read wrong.
"""

import argparse
import dataclasses
import functools
import importlib.util
import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.conditions import print_conditions
from trainer import UserError
from trainer.drawing import normalize
from trainer.drawing.strokes import Strokes
from trainer.networks.inference import Network
from trainer.shipped import card, pretrain
from trainer.shipped import network as shipped
from trainer.storage.files import write_atomically

BLANK = np.zeros((normalize.SIZE, normalize.SIZE), np.float32)
ROOT = Path(__file__).parents[1]
SCORER = ROOT.parent / "shared" / "tools" / "score_drawings.py"
DRAWINGS = ROOT.parent / "shared" / "data" / "drawings"
# ordinary, pen of 5 to 9 px, pen of 30 to 40 px, a fifth of the canvas; ordinary, read from its pixels, not its strokes
VARIANTS = ("std", "thin", "thick", "tiny", PIXELS := "pixels")
# of the ready-made network
SHIPPED_FLOORS = {"std": 0.987, "thin": 0.987, "thick": 0.987, "tiny": 0.987, PIXELS: 0.984}
SHEET, COLUMNS, CELL = 50, 10, 132  # drawings on a sheet of misread ones, and in a row; pixels of a drawing's side
OTHER_FLOORS = {"std": 0.94}  # of any other network, as for the Small CNN trained on MNIST alone


def classify(canvases: Sequence[np.ndarray]) -> np.ndarray:
    """Return probabilities (n, 10) for RGBA canvases; 0.1 for each digit if the paper is blank."""
    return _probabilities([_image(rgba) for rgba in canvases])


def classify_strokes(drawings: Sequence[dict[str, Any]]) -> np.ndarray:
    """Return probabilities (n, 10) for drawings as strokes: `strokes` [(n, 2) x, y], `pen` and `size` in pixels."""
    return _probabilities([_stroke_image(drawing) for drawing in drawings])


def _probabilities(pictures: Sequence[np.ndarray]) -> np.ndarray:
    images = np.stack(pictures)
    probabilities = _network().probabilities(images)
    probabilities[images.max(axis=(1, 2)) == 0] = 0.1
    return probabilities


def _stroke_image(drawing: dict[str, Any]) -> np.ndarray:
    lines = [np.asarray(line, float) for line in drawing["strokes"]]
    steps = Strokes(lines, [drawing["pen"]] * len(lines), drawing["size"]).whole
    return steps.image if steps else BLANK


def _image(rgba: np.ndarray) -> np.ndarray:
    steps = normalize.from_canvas(rgba)
    return steps.image if steps else BLANK


@functools.cache
def _network() -> Network:
    return Network(_path())


def _path() -> Path:
    name = os.environ.get("DIGITLAB_NETWORK")
    path = Path(name).resolve() if name else shipped.PATH
    if not path.is_file():
        raise UserError(f"DIGITLAB_NETWORK must be an ONNX file (got {name!r}): set it to a run's model.onnx.")
    return path


def load_scorer() -> ModuleType:
    """Return the scoring tool, which draws people's strokes like the canvas."""
    spec = importlib.util.spec_from_file_location(SCORER.stem, SCORER)
    assert spec and spec.loader
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    return scorer


def measure(which: str, variant: str, writers: Collection[str] = ()) -> card.Figures:
    """Return `card.figures` for half of the drawings in a variant, and the 95 % range of accuracy over its writers.

    writers: the numbers of the only ones to measure.
    """
    scorer = load_scorer()
    records = load(which, writers)
    labels = np.array([record["y"] for record in records])
    images = np.stack([drawn(scorer, record, variant) for record in records])
    probabilities = _network().probabilities(images)
    read = card.figures(probabilities, labels, shipped.network().logits(images), shipped.card().least_clarity)
    right = (probabilities.argmax(axis=1) == labels).astype(float)
    lowest, highest = scorer.by_writer(right, np.array([record["w"] for record in records]))
    return {**read, "lowest": float(lowest), "highest": float(highest)}


def load(which: str, writers: Collection[str] = ()) -> list[dict[str, Any]]:
    """Return the drawings of a half, or those of some writers, by their numbers."""
    records: list[dict[str, Any]] = load_scorer().load(DRAWINGS / f"{which}.jsonl.gz")
    return [record for record in records if not writers or record["w"].removeprefix("tra") in writers]


def misread_sheet(which: str, writers: Collection[str]) -> Image.Image:
    """Return a picture of up to 50 drawings that are read wrong, each with its label and the answer."""
    records = load(which, writers)
    scorer = load_scorer()
    images = np.stack([drawn(scorer, record, "std") for record in records])
    probabilities = _network().probabilities(images)
    wrong = [place for place, record in enumerate(records) if probabilities[place].argmax() != record["y"]]
    sheet = Image.new("L", (COLUMNS * CELL, -(-SHEET // COLUMNS) * CELL), 32)
    draw = ImageDraw.Draw(sheet)
    for number, place in enumerate(wrong[:SHEET]):
        top, left = CELL * (number // COLUMNS), CELL * (number % COLUMNS)
        levels = np.rint(255 * images[place]).astype(np.uint8).repeat(4, axis=0).repeat(4, axis=1)
        sheet.paste(Image.fromarray(levels), (left + 4, top + 20))
        answer = int(probabilities[place].argmax())
        text = f"{records[place]['y']} read as {answer}, {100 * probabilities[place, answer]:.0f} %"
        draw.text((left + 4, top + 4), text, 255)
    return sheet


def drawn(scorer: ModuleType, record: dict[str, Any], variant: str) -> np.ndarray:
    return _image(scorer.canvas(record)) if variant == PIXELS else _stroke_image(scorer.drawing(record, variant))


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--set", default="report", choices=("develop", "report"), help="which half of the drawings")
    parser.add_argument("--writers", default="", help="numbers of the only people to measure, separated by commas")
    parser.add_argument("--misread", type=Path, metavar="FILE", help="draw a PNG sheet of drawings that are read wrong")
    parser.add_argument("--card", action="store_true", help="write the figures into the card of the ready-made network")
    given = parser.parse_args()
    if not (SCORER.is_file() and DRAWINGS.is_dir()):
        print(f"# no drawings to measure with: they are expected in {os.path.relpath(DRAWINGS, ROOT)}")
        return 0
    try:
        path = _path()
    except UserError as error:
        print(f"# {error}")
        return 2
    is_shipped = path == shipped.PATH
    print_conditions("numpy", "pillow", "onnxruntime")
    writers = set(filter(None, given.writers.split(",")))
    who = f"drawings by {given.writers}" if writers else "every drawing"
    print(f"# {path.name} of {path.parent.name}, {who} of the half {given.set!r}; range: 95 % over the writers")
    if given.misread:
        misread_sheet(given.set, writers).save(given.misread)
    measured = {}
    for variant in VARIANTS:
        read = measured[variant] = measure(given.set, variant, writers)
        print(f"drawing.{variant} {100 * read['accuracy']:.2f} %")
        print(f"drawing.{variant}_lowest {100 * read['lowest']:.2f} %")
        print(f"drawing.{variant}_highest {100 * read['highest']:.2f} %")
        print(f"drawing.{variant}_calibration_error {100 * read['calibration_error']:.2f} %")
        print(f"drawing.{variant}_looks_like_digit {100 * read['kept']:.2f} %", flush=True)
    for low, high, count, right in measured["std"]["answers"]:
        print(f"# probability {100 * low:g} to {100 * high:g} %: {100 * right:.1f} % of {count:,} correct")
    if given.card and is_shipped and not writers:
        known = shipped.card()
        known = dataclasses.replace(known, drawings={**known.drawings, given.set: measured})
        known.save(shipped.CARD)
        write_atomically(pretrain.PAGE, card.page(known).encode())
    floors = SHIPPED_FLOORS if is_shipped else OTHER_FLOORS
    return int(any(measured[variant]["accuracy"] < floor for variant, floor in floors.items()))


if __name__ == "__main__":
    sys.exit(main())
