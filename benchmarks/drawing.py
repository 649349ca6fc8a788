"""How many drawn digits a network reads right, on pen strokes of 15 real people.

Run `DIGITLAB_NETWORK=runs/<id>/model.onnx python -m benchmarks.drawing`; it takes about 3 minutes. Ends with status
1 where fewer than 94 % of the ordinary drawings (std) are read right: what the Small CNN, trained on MNIST, promises.
"""

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.conditions import print_conditions
from trainer import UserError, digit
from trainer.inference import Network

ROOT = Path(__file__).parents[1]
SCORER = ROOT.parent / "shared" / "tools" / "score_drawings.py"
DRAWINGS = ROOT.parent / "shared" / "data" / "drawings"
SET = "report"  # the half that no choice was made by
VARIANTS = ("std", "thin", "thick", "tiny")  # ordinary, pen of 5 to 9 px, pen of 30 to 40 px, a fifth of the canvas
LEAST = 0.94  # of the ordinary drawings


def classify(canvases: Sequence[np.ndarray]) -> np.ndarray:
    """Return the probabilities (n, 10) that the network named by DIGITLAB_NETWORK gives RGBA canvases.

    Blank paper has no digit on it: each is as likely, 0.1.
    """
    probabilities = np.full((len(canvases), 10), 0.1, np.float32)
    drawn = [(place, steps.image) for place, rgba in enumerate(canvases) if (steps := digit.from_canvas(rgba))]
    if drawn:
        places, images = zip(*drawn, strict=True)
        probabilities[list(places)] = _network(_path()).probabilities(np.stack(images))
    return probabilities


@functools.cache
def _network(path: Path) -> Network:
    return Network(path)


def _path() -> Path:
    name = os.environ.get("DIGITLAB_NETWORK", "")
    if not Path(name).is_file():
        raise UserError(
            f"DIGITLAB_NETWORK must name an exported network (got {name!r}): set it to the model.onnx of a run."
        )
    return Path(name).resolve()


def main() -> int:
    if not (SCORER.is_file() and DRAWINGS.is_dir()):
        print(f"# no drawings to measure with: they are looked for in {os.path.relpath(DRAWINGS, ROOT)}")
        return 0
    try:
        network = _path()
    except UserError as error:
        print(f"# {error}")
        return 2
    print_conditions("numpy", "pillow", "onnxruntime")
    print(f"# {network.name} of {network.parent.name}, every drawing of the half {SET!r}; range: 95 % over the writers")
    with tempfile.TemporaryDirectory() as folder:
        scores = Path(folder) / "scores.json"
        command = [sys.executable, str(SCORER), str(DRAWINGS), "benchmarks.drawing:classify", "--batch", "--n", "0"]
        command += ["--sets", SET, "--variants", ",".join(VARIANTS), "--json", str(scores)]
        subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "DIGITLAB_NETWORK": str(network)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        rows = {row["variant"]: row for row in json.loads(scores.read_text())["rows"]}
    for variant, row in rows.items():
        print(f"drawing.{variant} {100 * row['acc']:.2f} %")
        print(f"drawing.{variant}_lowest {100 * row['writer_lo']:.2f} %")
        print(f"drawing.{variant}_highest {100 * row['writer_hi']:.2f} %")
    return int(rows["std"]["acc"] < LEAST)


if __name__ == "__main__":
    sys.exit(main())
