"""A map of training images by their two main directions of variance; the selected one is shown beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from trainer.data.npz import Array
from trainer.data.projection import Projection
from trainer.figures.images import sprite_url
from ui.components.canvas import with_resize

COLUMNS = 50  # images in a row of the sprite sheet
JPEG_QUALITY = 70  # for color images: as PNG they exceed the size of a message

# Ten colors cannot be told apart reliably: each point is drawn as its digit, and one class can be highlighted.
_map = st.components.v2.component(
    "digit_lab_map",
    html="""
        <div class="classes" role="group" aria-label="Highlighted class"></div>
        <div class="both">
            <canvas class="map" tabindex="0" role="application"></canvas>
            <div class="selected"><canvas class="image" role="img"></canvas><p aria-live="polite"></p></div>
        </div>
    """,
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=with_resize(Path(__file__).with_suffix(".js")),
)


def packed_map(
    images: Array, labels: Array, places: Sequence[int], classes: Sequence[str], projection: Projection
) -> bytes:
    """Return the map's data as JSON.

    images: (n, height, width) or (n, height, width, 3) uint8; `places` are their indices in the data set.
    """
    height, width = images.shape[1:3]
    low, high = projection.points.min(axis=0), projection.points.max(axis=0)
    points = (projection.points - low) / np.where(high > low, high - low, 1)
    data = {
        "picture": sprite_url(images, COLUMNS, JPEG_QUALITY if images.ndim == 4 else 0),
        "points": np.round(points, 4).tolist(),
        "labels": labels.tolist(),
        "places": list(places),
        "classes": list(classes),
        "height": height,
        "width": width,
        "columns": min(COLUMNS, len(images)),
        "alt": f"Map of {len(images):,} images. The arrow keys move to the nearest image in that direction.",
    }
    return json.dumps(data).encode()


def render(data: bytes, key: str = "map") -> None:
    """Render the map that `packed_map` returned."""
    _map(data=data, key=key)
