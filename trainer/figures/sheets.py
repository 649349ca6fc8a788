"""Images side by side, with a line or two below each, as HTML for a light and a dark page alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup, escape

from trainer.figures.images import data_url
from trainer.figures.palette import BLUE, ORANGE, SKY, VERMILLION

SIZE = 84  # pixels a side on the page: three for each of a digit's, and four images on a phone

# Streamlit gives an element its own width, so one sheet's figures keep to the page's width by themselves.
STYLE = f"""
:root {{ --right-color: light-dark({BLUE}, {SKY}); --wrong-color: light-dark({VERMILLION}, {ORANGE}) }}
{Path(__file__).with_suffix(".css").read_text("utf-8")}"""


def sheet(
    images: np.ndarray,
    captions: Sequence[str],
    marks: Sequence[bool | None] | None = None,
    columns: int | None = None,
    size: int = SIZE,
) -> Markup:
    """Lay out images with what is said of each below, as a flow or in so many columns; STYLE goes with it, once a page.

    images: (n, height, width) or (n, height, width, 3) uint8. captions: any text, whose lines may break. marks: a tick
    for True, a cross for False, nothing for None, behind the caption's last line.
    """
    said = marks or [None] * len(images)
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
        for image, caption, mark in zip(images, captions, said, strict=True)
    ]
    grid = (
        Markup(' style="display: grid; grid-template-columns: repeat({}, {}px)"').format(columns, size)
        if columns
        else ""
    )
    return Markup('<div class="sheet"{}>{}</div>').format(grid, Markup().join(figures))


def _unbroken(caption: str) -> Markup:
    """Keep a number and its percent sign on one line."""
    return escape(caption).replace(" %", Markup("&nbsp;%"))


def _alt(caption: str, mark: bool | None) -> str:
    word = {True: ": right", False: ": wrong", None: ""}[mark]
    return " ".join(caption.split()) + word


def _sign(mark: bool | None) -> Markup:
    if mark is None:
        return Markup()
    kind, sign = ("right", "✓") if mark else ("wrong", "✗")
    return Markup('<b class="{}" aria-hidden="true">{}</b>').format(kind, sign)
