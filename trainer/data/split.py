"""Training, validation and test: three parts of a data set, drawn to scale. Data in, HTML out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from markupsafe import Markup

from trainer.config.limits import CLASSES
from trainer.data.npz import Array
from trainer.figures.images import sprites
from trainer.figures.palette import BLUE, GREY, ORANGE

SHOWN = 5  # images of each part
STYLE = Path(__file__).with_suffix(".css")


def portions(x_train: Array, x_test: Array, learned: int) -> Markup:
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
    bars, boxes = Markup(), Markup()
    for name, color, number, images, first, words in rows:
        if not number:
            empty = "With a split of 0 nothing is kept aside, and nobody sees whether the network learns by heart."
            boxes += Markup('<div style="border-color: {}"><strong>{}: none</strong><p>{}</p></div>').format(
                color, name, empty
            )
            continue
        label = f"{name}: {number:,} images"
        bars += Markup('<div style="flex: {} 0 0; background: {}" role="img" aria-label="{}"></div>').format(
            number, color, label
        )
        few = images[:SHOWN]
        where = f"x_{'test' if name == 'Test' else 'train'}[{first:,}] to [{first + number - 1:,}]".replace(",", "")
        boxes += Markup(
            '<div style="border-color: {}"><strong>{}: {:,}</strong>'
            '<img src="{}" alt="The first {} images of this part">'
            "<p><code>{}</code></p><p>{}</p></div>"
        ).format(color, name, number, sprites(few, SHOWN), len(few), where, words)
    return Markup('<div class="portions">{}</div><div class="parts">{}</div>').format(bars, boxes)


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
