"""A sheet of a hundred images; a click, or the arrows and Enter, choose one of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from trainer.data.npz import Array
from trainer.data.statistics import HUNDRED
from trainer.figures.images import sprites

COLUMNS = 10

# One large picture is sent, and each of the hundred buttons shows its part of it.
_sheet = st.components.v2.component(
    "digit_lab_sheet",
    html='<div class="sheet" role="group"></div>',
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def show(
    images: Array, names: Sequence[str], places: Sequence[int], chosen: int, key: str, choose: Callable[[int], Any]
) -> None:
    """Show up to a hundred images; `choose` is called with the one of `places` that was clicked.

    images: (n, height, width) or (n, height, width, 3) uint8. `names` say in words what each of them is.
    """

    def follow() -> None:
        if (place := st.session_state[key].get("chosen")) in places:  # a browser may say anything
            choose(place)

    height, width = images.shape[1:3]
    data = {
        "picture": sprites(images, COLUMNS),
        "names": list(names[:HUNDRED]),
        "places": list(places[:HUNDRED]),
        "chosen": chosen,
        "ratio": f"{width} / {height}",
        "alt": f"{len(places)} images: the arrows go from one to the next, Enter puts it under the lens",
    }
    _sheet(data=json.dumps(data).encode(), on_chosen_change=follow, key=key)
