"""A map of many digits, the like beside the like; whoever points at one sees it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from trainer.data.npz import Array
from trainer.data.projection import Projection
from trainer.figures.images import sprites

COLUMNS = 50  # of the images in the picture that is sent
QUALITY = 70  # of photos in colour, which as PNG are more than a message may hold

# Nobody can tell ten colours apart reliably: each point is drawn as its digit, and one class at a time can stand out.
_map = st.components.v2.component(
    "digit_lab_map",
    html="""
        <div class="classes" role="group" aria-label="The class that stands out"></div>
        <div class="both">
            <canvas class="map" tabindex="0" role="application"></canvas>
            <div class="seen"><canvas class="image" role="img"></canvas><p aria-live="polite"></p></div>
        </div>
    """,
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def packed(images: Array, labels: Array, places: Sequence[int], classes: Sequence[str], found: Projection) -> bytes:
    """Return what the map shows, ready to be sent.

    images: (n, height, width) or (n, height, width, 3) uint8; `places` tell where they lie in the data set.
    """
    height, width = images.shape[1:3]
    low, high = found.points.min(axis=0), found.points.max(axis=0)
    points = (found.points - low) / np.where(high > low, high - low, 1)
    data = {
        "picture": sprites(images, COLUMNS, QUALITY if images.ndim == 4 else 0),
        "points": np.round(points, 4).tolist(),
        "labels": labels.tolist(),
        "places": list(places),
        "classes": list(classes),
        "height": height,
        "width": width,
        "columns": min(COLUMNS, len(images)),
        "alt": f"A map of {len(images):,} images: the arrows go to the next one on that side",
    }
    return json.dumps(data).encode()


def show(data: bytes, key: str = "map") -> None:
    """Show what `packed` returned."""
    _map(data=data, key=key)
