"""One image enlarged, as a grid of its pixel values and as the flattened row."""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from trainer.data.npz import Array
from trainer.data.statistics import InkExtent
from ui.components.canvas import with_resize

BOX = 20  # pixels a side: every MNIST digit was fitted into such a box
COLORS = ("red", "green", "blue")

# The numbers are drawn on a canvas: on a phone, updating 784 elements under a moving finger is too slow.
_lens = st.components.v2.component(
    "digit_lab_lens",
    html=Path(__file__).with_suffix(".html").read_text("utf-8"),
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=with_resize(Path(__file__).with_suffix(".js")),
)


def render(
    image: Array,
    extent: InkExtent | None = None,
    *,
    scaled: bool = False,
    channel: int | None = None,
    key: str = "lens",
) -> None:
    """Render the pixel values of an image, (height, width) or (height, width, 3) uint8.

    `extent` adds the bounding box and the center of mass; `scaled` shows values from 0 to 1; `channel` shows only one
    of the three colors of a color image.
    """
    height, width = image.shape[:2]
    data = {
        "pixels": image.ravel().tolist(),
        "height": height,
        "width": width,
        "depth": 3 if image.ndim == 3 else 1,
        "scaled": scaled,
        "channel": channel if image.ndim == 3 else None,
        "box": box(extent) if extent else None,
        "center": [extent.column, extent.row] if extent else None,
        "names": COLORS,
    }
    _lens(data=json.dumps(data).encode(), key=key)


def box(extent: InkExtent) -> tuple[float, float, int, int]:
    """Return left, top, width and height of the 20 x 20 box around the ink, or the ink's own box if that is larger."""
    if max(extent.width, extent.height) > BOX:
        return extent.left, extent.top, extent.width, extent.height
    return extent.left + (extent.width - BOX) // 2, extent.top + (extent.height - BOX) // 2, BOX, BOX
