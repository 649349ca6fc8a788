"""The Compare page: the views that show several runs side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from trainer.figures import sheets
from ui.compare import costs, curves, drawing, errors, settings
from ui.compare.selection import ComparedRun

KEY = "compare.view"
MAX_BESIDE = 3  # runs whose table stands beside the curves
COLUMN_WIDTH = 400  # pixels, at least


@dataclass(frozen=True)
class View:
    title: str
    show: Callable[[list[ComparedRun]], None]
    help: str


def _render_learning(runs: list[ComparedRun]) -> None:
    """Render the curves, and what differs beside them: below them if the table is wide or the page is narrow."""
    grid = st.grid(2, min_column_width=COLUMN_WIDTH, gap="medium")
    for render in (curves.render, settings.render):
        with grid.cell(column_span=1 if len(runs) <= MAX_BESIDE else "all"):
            render(runs)


VIEWS = {  # by name in the link
    "learning": View("Curves and settings", _render_learning, "loss and accuracy, and the settings that differ"),
    "costs": View("Accuracy and cost", costs.render, "test accuracy against parameters and training time"),
    "errors": View("Test errors", errors.render, "test images that at least one network reads wrong"),
    "drawing": View("One drawing", drawing.render, "the answers of all networks to your drawing"),
}
STYLES = settings.STYLE, sheets.STYLE, errors.STYLE


def select_view() -> View:
    """Render the choice of view, which the link holds, and return it."""

    def update_link() -> None:
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
        on_change=update_link,
        persist_state="session",
        key=KEY,
    )
    return VIEWS[st.session_state[KEY]]
