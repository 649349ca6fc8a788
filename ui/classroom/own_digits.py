"""The ten digits of a member as small pictures, which can be pressed to draw one again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from numpy.typing import NDArray

from trainer.analysis.answer import named
from trainer.figures.images import data_url

_KEY = "class.own_digits"
_component = st.components.v2.component(
    "digit_lab_own_digits",
    html='<div class="digits" role="group" aria-label="Your ten digits"></div>',
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def render(
    order: Sequence[int], drawn: Mapping[int, NDArray[Any]], current: int | None, on_choose: Callable[[int], None]
) -> None:
    """Render a member's digits in their order; a press on one calls `on_choose` with it.

    drawn: (28, 28) uint8 each, by digit; current: the digit that is being drawn, if any.
    """

    def receive() -> None:
        digit = st.session_state[_KEY].get("digit")
        if type(digit) is int and digit in order:  # a browser may send anything
            on_choose(digit)

    digits = [
        {
            "digit": digit,
            "picture": data_url(drawn[digit]) if digit in drawn else "",
            "label": f"Draw {named(digit)}{' again' if digit in drawn else ''}",
        }
        for digit in order
    ]
    _component(data=json.dumps({"digits": digits, "current": current}).encode(), on_digit_change=receive, key=_KEY)
