"""A grid of up to a hundred images, from which one is selected by mouse or keyboard."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from trainer.data.npz import Array
from trainer.data.statistics import SAMPLE_SIZE
from trainer.figures.images import sprite_url

COLUMNS = 10

# One sprite sheet is sent; each of the hundred buttons shows its own part of it.
_sheet = st.components.v2.component(
    "digit_lab_sheet",
    html='<div class="sheet" role="group"></div>',
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def render(
    images: Array,
    names: Sequence[str],
    places: Sequence[int],
    selected: int,
    key: str,
    on_select: Callable[[int], Any],
    enter: str = "enlarges one",
) -> None:
    """Render up to a hundred images and call `on_select` with the place of the one that was clicked.

    images: (n, height, width) or (n, height, width, 3) uint8. `names` are their tooltips, `places` their indices in the
    data set. enter: what the Enter key does, for screen readers.
    """

    def call_on_select() -> None:
        if (place := st.session_state[key].get("chosen")) in places:  # a browser may send anything
            on_select(place)

    height, width = images.shape[1:3]
    data = {
        "picture": sprite_url(images, COLUMNS),
        "names": list(names[:SAMPLE_SIZE]),
        "places": list(places[:SAMPLE_SIZE]),
        "chosen": selected,
        "ratio": f"{width} / {height}",
        "alt": f"{len(places)} images. The arrow keys move between them, Enter {enter}.",
    }
    _sheet(data=json.dumps(data).encode(), on_chosen_change=call_on_select, key=key)
