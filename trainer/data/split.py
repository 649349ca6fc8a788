"""Diagram of a data set's training, validation and test parts, drawn to scale, as HTML."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from markupsafe import Markup

from trainer.config.limits import CLASSES
from trainer.data.npz import Array
from trainer.figures.images import sprite_url
from trainer.figures.palette import BLUE, GRAY, ORANGE
from trainer.text import percent

IMAGES_PER_PART = 5
STYLE = Path(__file__).with_suffix(".css")


def split_diagram(x_train: Array, x_test: Array, train_count: int) -> Markup:
    """Draw the first `train_count` training images, the rest (the validation part), and the test images.

    x_train, x_test: (n, height, width) or (n, height, width, 3) uint8.
    """
    validation_count = len(x_train) - train_count
    rows = [
        ("Training", BLUE, train_count, x_train[:train_count], 0, "The network learns from these, once per epoch."),
        (
            "Validation",
            ORANGE,
            validation_count,
            x_train[train_count:],
            train_count,
            "The network never learns from these. They are read after every epoch: if the network reads them worse "
            "than the training part, it is overfitting.",
        ),
        (
            "Test",
            GRAY,
            len(x_test),
            x_test,
            0,
            "A separate part of the file. The final accuracy is measured on it once, at the end. Sixteen of its images "
            "are shown during training, to look at: the network learns nothing from them.",
        ),
    ]
    bars, boxes = Markup(), Markup()
    for name, color, number, images, first, words in rows:
        if not number:
            empty = "With a validation split of 0, nothing shows whether the network overfits."
            boxes += Markup('<div style="border-color: {}"><strong>{}: none</strong><p>{}</p></div>').format(
                color, name, empty
            )
            continue
        label = f"{name}: {number:,} images"
        bars += Markup('<div style="flex: {} 0 0; background: {}" role="img" aria-label="{}"></div>').format(
            number, color, label
        )
        first_images = images[:IMAGES_PER_PART]
        where = f"x_{'test' if name == 'Test' else 'train'}[{first:,}] to [{first + number - 1:,}]".replace(",", "")
        boxes += Markup(
            '<div style="border-color: {}"><strong>{}: {:,}</strong>'
            '<img src="{}" alt="The first {} images of this part">'
            "<p><code>{}</code></p><p>{}</p></div>"
        ).format(color, name, number, sprite_url(first_images, IMAGES_PER_PART), len(first_images), where, words)
    return Markup('<div class="portions">{}</div><div class="parts">{}</div>').format(bars, boxes)


def class_balance(labels: Array, classes: tuple[str, ...]) -> str:
    """Return a sentence on whether the validation labels hold every class, and how evenly."""
    counts = np.bincount(labels, minlength=CLASSES)
    if missing := [name for name, count in zip(classes, counts, strict=True) if not count]:
        return (
            f"The validation part has no {', no '.join(missing)}. Keras does not shuffle before it splits, so shuffle "
            "a file that is sorted by its labels first."
        )
    low, high = counts.min() / counts.sum(), counts.max() / counts.sum()
    return (
        "Keras does not shuffle before it splits. That does no harm here: the validation part has all ten classes, "
        f"each {percent(low)} to {percent(high)} of it."
    )
