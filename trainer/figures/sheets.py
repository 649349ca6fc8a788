"""Images with captions and marks, as HTML for light and dark themes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup, escape

from trainer.figures.images import data_url
from trainer.figures.palette import BLUE, ORANGE, SKY, VERMILLION

SIZE = 84  # pixels per side: 3 for each pixel of a digit, so that 4 images fit on a phone

STYLE = f"""
:root {{ --right-color: light-dark({BLUE}, {SKY}); --wrong-color: light-dark({VERMILLION}, {ORANGE}) }}
{Path(__file__).with_suffix(".css").read_text("utf-8")}"""


def captioned_images(
    images: np.ndarray,
    captions: Sequence[str],
    marks: Sequence[bool | None] | None = None,
    columns: int | None = None,
    size: int = SIZE,
) -> Markup:
    """Return images with captions as HTML, flowing or in a number of columns. The page must include STYLE once.

    images: (n, height, width) or (n, height, width, 3) uint8. captions: any text. marks, after each caption: a tick for
    True, a cross for False, nothing for None.
    """
    marks = marks or [None] * len(images)
    figures = [
        Markup(
            '<figure style="width: {}px"><img src="{}" width="{}" '
            'height="{}" alt="{}">'
            "<figcaption>{}{}</figcaption></figure>"
        ).format(
            size,
            data_url(image),
            size,
            round(size * image.shape[0] / image.shape[1]),
            _alt(caption, mark),
            _unbroken(caption),
            _sign(mark),
        )
        for image, caption, mark in zip(images, captions, marks, strict=True)
    ]
    grid = (
        Markup(' style="display: grid; grid-template-columns: repeat({}, {}px)"').format(columns, size)
        if columns
        else ""
    )
    return Markup('<div class="sheet"{}>{}</div>').format(grid, Markup().join(figures))


def _unbroken(caption: str) -> Markup:
    """Escape a caption and keep each number on one line with its percent sign."""
    return escape(caption).replace(" %", Markup("&nbsp;%"))


def _alt(caption: str, mark: bool | None) -> str:
    word = {True: ": correct", False: ": wrong", None: ""}[mark]
    return " ".join(caption.split()) + word


def _sign(mark: bool | None) -> Markup:
    if mark is None:
        return Markup()
    kind, sign = ("right", "✓") if mark else ("wrong", "✗")
    return Markup('<b class="{}" aria-hidden="true">{}</b>').format(kind, sign)
