"""One image under the lens: its numbers as a grid, and each number's place in the flat row."""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from trainer.data.npz import Array
from trainer.data.statistics import Extent

BOX = 20  # pixels a side, which MNIST's makers fitted every digit into
COLORS = ("red", "green", "blue")

# The numbers are drawn on a canvas: updating 784 elements under a moving finger is too slow on a phone.
_lens = st.components.v2.component(
    "digit_lab_lens",
    html=Path(__file__).with_suffix(".html").read_text("utf-8"),
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def show(
    image: Array, measured: Extent | None = None, *, scaled: bool = False, channel: int | None = None, key: str = "lens"
) -> None:
    """Show an image, (height, width) or (height, width, 3) uint8, number by number.

    With `measured` its box and its centre of mass lie over it; `scaled` writes the numbers from 0 to 1; `channel` shows
    one of a colour image's three colours alone.
    """
    height, width = image.shape[:2]
    data = {
        "pixels": image.ravel().tolist(),
        "height": height,
        "width": width,
        "depth": 3 if image.ndim == 3 else 1,
        "scaled": scaled,
        "channel": channel if image.ndim == 3 else None,
        "box": box(measured) if measured else None,
        "centre": [measured.column, measured.row] if measured else None,
        "names": COLORS,
    }
    _lens(data=json.dumps(data).encode(), key=key)


def box(measured: Extent) -> tuple[float, float, int, int]:
    """Return left, top, width and height of the 20 x 20 box around the ink, or of the ink's own where it is larger."""
    across, down = max(BOX, measured.width), max(BOX, measured.height)
    if max(across, down) > BOX:
        return measured.left, measured.top, measured.width, measured.height
    return measured.left + (measured.width - BOX) // 2, measured.top + (measured.height - BOX) // 2, BOX, BOX
