"""Images side by side, with a line or two below each, as HTML for a light and a dark page alike."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from trainer.figures.images import data_url
from trainer.figures.palette import BLUE, ORANGE, SKY, VERMILLION

SIZE = 84  # pixels a side on the page: three for each of a digit's, and four images on a phone

# Streamlit gives an element its own width, so one sheet's figures keep to the page's width by themselves.
STYLE = f"""<style>
:root {{ --right-color: light-dark({BLUE}, {SKY}); --wrong-color: light-dark({VERMILLION}, {ORANGE}) }}
{Path(__file__).with_suffix(".css").read_text("utf-8")}</style>"""


def sheet(
    images: np.ndarray,
    captions: Sequence[str],
    marks: Sequence[bool | None] | None = None,
    columns: int | None = None,
    size: int = SIZE,
) -> str:
    """Lay out images with what is said of each below, as a flow or in so many columns; STYLE goes with it, once a page.

    images: (n, height, width) or (n, height, width, 3) uint8. captions: any text, whose lines may break. marks: a tick
    for True, a cross for False, nothing for None, behind the caption's last line.
    """
    said = marks or [None] * len(images)
    figures = [
        f'<figure style="width: {size}px"><img src="{data_url(image)}" width="{size}" '
        f'height="{round(size * image.shape[0] / image.shape[1])}" alt="{_alt(caption, mark)}">'
        f"<figcaption>{_unbroken(caption)}{_sign(mark)}</figcaption></figure>"
        for image, caption, mark in zip(images, captions, said, strict=True)
    ]
    grid = f' style="display: grid; grid-template-columns: repeat({columns}, {size}px)"' if columns else ""
    return f'<div class="sheet"{grid}>{"".join(figures)}</div>'


def _unbroken(caption: str) -> str:
    """Keep a number and its percent sign on one line."""
    return escape(caption).replace(" %", "&nbsp;%")


def _alt(caption: str, mark: bool | None) -> str:
    word = {True: ": right", False: ": wrong", None: ""}[mark]
    return escape(" ".join(caption.split()) + word)


def _sign(mark: bool | None) -> str:
    if mark is None:
        return ""
    kind, sign = ("right", "✓") if mark else ("wrong", "✗")
    return f'<b class="{kind}" aria-hidden="true">{sign}</b>'
