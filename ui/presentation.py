"""Presentation on a projector: `?present=1` shows the main part of Draw, Train or Class, large."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui.html import style

PARAMETER = "present"
PAGES = ("draw", "train", "classroom")
STYLE = Path(__file__).with_suffix(".css")


def presenting() -> bool:
    """Tell whether the page is presented."""
    return st.query_params.get(PARAMETER) == "1"


def render(page: str) -> None:
    """Render the button that begins or ends the presentation of a page, which a style sheet makes."""
    if page not in PAGES:
        return
    if presenting():
        style(STYLE)
        label, icon, help = "End the presentation", "close_fullscreen", "Shows the whole page again."
    else:
        label, icon, help = "Present", "present_to_all", "Fills the screen with the main part, for a projector."
    st.button(label, icon=f":material/{icon}:", type="tertiary", help=help, on_click=_toggle, key="present")


def _toggle() -> None:
    if presenting():
        st.query_params.pop(PARAMETER)
    else:
        st.query_params[PARAMETER] = "1"
