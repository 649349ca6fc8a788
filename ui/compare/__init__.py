"""The Compare page: which runs, and the ways to look at them side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from trainer.figures import sheets
from ui.compare import costs, curves, drawing, errors, settings
from ui.compare.selection import Chosen

KEY = "compare.view"


@dataclass(frozen=True)
class View:
    title: str
    show: Callable[[list[Chosen]], None]
    help: str  # what is seen there


def _learned(runs: list[Chosen]) -> None:
    curves.show(runs)
    settings.show(runs)


VIEWS = {  # by what a link calls them
    "learning": View("Curves and settings", _learned, "how each learned, and what differs in their settings"),
    "costs": View("Accuracy and cost", costs.show, "what accuracy took: parameters, and seconds"),
    "errors": View("Test errors", errors.show, "the same test images, and what each read them as"),
    "drawing": View("One drawing", drawing.show, "all judge what you draw"),
}
STYLES = settings.STYLE, sheets.STYLE, errors.STYLE


def ask() -> View:
    """Ask how to look at the runs; the link holds it."""

    def follow() -> None:
        st.query_params["view"] = st.session_state[KEY]

    named = st.query_params.get("view", "")
    st.session_state[KEY] = named if named in VIEWS else st.session_state.get(KEY) or "learning"
    st.segmented_control(
        "What to compare",
        VIEWS,
        format_func=lambda name: VIEWS[name].title,
        required=True,
        help="; ".join(f"**{view.title}**: {view.help}" for view in VIEWS.values()) + ".",
        label_visibility="collapsed",
        on_change=follow,
        persist_state="session",
        key=KEY,
    )
    return VIEWS[st.session_state[KEY]]
