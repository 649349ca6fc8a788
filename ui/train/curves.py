"""Curves of a run: loss, accuracy and learning rate over the epochs, with earlier runs beside them."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from trainer.analysis.learning_curves import learning_curves, rate_curve
from trainer.config.training import TrainingConfig
from trainer.runs.owner import owner_hash
from trainer.runs.run import RunView
from trainer.storage.files import Record
from ui import load_control
from ui.components.plot import plot

DEFAULT_COMPARED = 2  # earlier runs of the same owner, selected at first
MAX_COMPARED = 5
MAX_LISTED = 15  # newest runs to select from


class CurveView(NamedTuple):
    """What the visitor selected in the View popover."""

    smoothing: float  # of the training curve, 0 to 0.95
    log: bool  # logarithmic loss axis
    rate: bool  # show the learning rate
    others: list[RunView]  # to compare with


def render(view: RunView, history: list[Record], at: int | None = None) -> None:
    """Render the curves of a run, with a mark at step `at`."""
    config = view.config or TrainingConfig()
    highest_rate = max(config.learning_rate, view.requests.learning_rate)
    _render(config, select_view(view), history, view.state.steps, view.requests.epochs, highest_rate, at)


def render_empty(config: TrainingConfig) -> None:
    """Render the axes for a configuration that has not been trained yet."""
    _render(config, select_view(None), [], 0, config.epochs, config.learning_rate)


def _render(
    config: TrainingConfig,
    selected: CurveView,
    history: list[Record],
    steps: int,
    epochs: int,
    highest_rate: float,
    at: int | None = None,
) -> None:
    store = st.session_state.engine.runs
    others = [(other.name, store.history(other.run), other.state.steps) for other in selected.others]
    for column, measure in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        with load_control.rendering(), column:
            figure = learning_curves(
                history,
                steps,
                epochs,
                measure,
                smoothing=selected.smoothing,
                log=selected.log,
                others=others,
                at=at,
                guessing=config.loss == "categorical_crossentropy",
            )
            plot(figure, f"curve.{measure}", alt=f"The {measure} over the epochs")
    if selected.rate:
        figure = rate_curve(history, steps, epochs, at, highest_rate)
        plot(figure, "curve.rate", alt="The learning rate over the epochs")


def select_view(view: RunView | None) -> CurveView:
    """Render the View popover and return what is selected in it."""
    with st.popover("View", icon=":material/tune:", type="tertiary", help="Smoothing, axes and runs to compare"):
        smoothing = st.slider("Smoothing", 0.0, 0.95, 0.0, 0.05, key="view.smoothing", help="Smooths the solid lines.")
        log = st.toggle("Logarithmic loss axis", key="view.log", help="Makes small losses visible beside large ones.")
        rate = st.toggle("Learning rate curve", key="view.rate", help="Shows the learning rate over the training.")
        others = _select_others(view) if view else []
    return CurveView(smoothing, log, rate, others)


def _select_others(view: RunView) -> list[RunView]:
    """Render the choice of earlier runs to compare with; at first the owner's latest ones are selected."""
    store, mine = st.session_state.engine.runs, owner_hash(st.session_state.owner)
    runs = [run.read() for run in store.runs()[:MAX_LISTED] if run.id != view.id]
    listed = {other.id: other for other in runs if other.state.steps}
    if not listed:
        return []
    own = [other.id for other in listed.values() if other.state.owner == mine and other.id < view.id]
    labels = {run_id: f"{other.name}, {run_id[9:11]}:{run_id[11:13]}" for run_id, other in listed.items()}
    selected = st.multiselect(
        "Compare with",
        labels,
        own[:DEFAULT_COMPARED],
        format_func=lambda run_id: labels.get(run_id, run_id),
        max_selections=MAX_COMPARED,
        key=f"view.others.{view.id}",
        help="Draws earlier runs as faint lines.",
    )
    others = [other for run_id, other in listed.items() if run_id in selected]
    if others:
        st.page_link(
            "pages/compare.py",
            label="Open in Compare",
            icon=":material/stacked_line_chart:",
            query_params={"runs": ",".join([view.id, *(other.id for other in others)])},
            help="Compares curves, settings, accuracy and errors of these runs.",
        )
    return others
