"""Training, validation and test: three parts of a data set, drawn to scale. Data in, HTML out."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np

from trainer.figures.images import sprites
from trainer.figures.palette import BLUE, GREY, ORANGE
from trainer.limits import CLASSES
from trainer.npz import Array

SHOWN = 5  # images of each part
STYLE = f"<style>{Path(__file__).with_suffix('.css').read_text('utf-8')}</style>"


def portions(x_train: Array, x_test: Array, learned: int) -> str:
    """Draw the parts: the first `learned` of the training images, the rest of them, and the test images.

    x_train, x_test: (n, height, width) or (n, height, width, 3) uint8.
    """
    kept = len(x_train) - learned
    rows = [
        ("Training", BLUE, learned, x_train[:learned], 0, "The network learns from these, once in every epoch."),
        (
            "Validation",
            ORANGE,
            kept,
            x_train[learned:],
            learned,
            "Never learned from. Read after every epoch: where they are read worse than the training part, the network "
            "learns by heart.",
        ),
        ("Test", GREY, len(x_test), x_test, 0, "Kept apart in the file. Read once at the end, for the final mark."),
    ]
    bars, boxes = "", ""
    for name, color, number, images, first, words in rows:
        if not number:
            empty = "With a split of 0 nothing is kept aside, and nobody sees whether the network learns by heart."
            boxes += f'<div style="border-color: {color}"><strong>{name}: none</strong><p>{empty}</p></div>'
            continue
        label = f"{name}: {number:,} images"
        bars += f'<div style="flex: {number} 0 0; background: {color}" role="img" aria-label="{label}"></div>'
        few = images[:SHOWN]
        where = f"x_{'test' if name == 'Test' else 'train'}[{first:,}] to [{first + number - 1:,}]".replace(",", "")
        boxes += (
            f'<div style="border-color: {color}"><strong>{name}: {number:,}</strong>'
            f'<img src="{sprites(few, SHOWN)}" alt="The first {len(few)} images of this part">'
            f"<p><code>{where}</code></p><p>{escape(words)}</p></div>"
        )
    return f'{STYLE}<div class="portions">{bars}</div><div class="parts">{boxes}</div>'


def balance(labels: Array, classes: tuple[str, ...]) -> str:
    """Say in a sentence whether every class is among the labels of a part, and how evenly."""
    counts = np.bincount(labels, minlength=CLASSES)
    if missing := [name for name, count in zip(classes, counts, strict=True) if not count]:
        return (
            f"Beware: the validation part holds no {', no '.join(missing)}. Keras does not shuffle before it cuts, so "
            "a file that is sorted by its labels should be shuffled first."
        )
    low, high = 100 * counts.min() / counts.sum(), 100 * counts.max() / counts.sum()
    return (
        "Keras does not shuffle before it cuts. Here that does no harm: the validation part holds all ten classes, "
        f"each from {low:.1f} to {high:.1f} % of it."
    )
