"""Curves of a run: loss, accuracy and learning rate over the epochs, with earlier runs beside them."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from trainer.analysis.learning_curves import changes, learning_curves, rate_curve
from trainer.config.training import TrainingConfig
from trainer.runs.run import Run, RunView
from trainer.storage.files import Record
from ui import load_control, presentation
from ui.components.plot import plot

MAX_COMPARED = 5
MAX_LISTED = 15  # newest runs to select from
PRESENTED_HEIGHT = 320  # of the curves, which are enlarged to fill a projector's screen


class CurveView(NamedTuple):
    """What the visitor selected in the View popover."""

    smoothing: float  # of the training curve, 0 to 0.95
    fixed: bool  # axes from 0, the same for all runs
    log: bool  # logarithmic loss axis
    rate: bool  # show the learning rate
    others: tuple[Run, ...]  # to compare with


def render(view: RunView, history: list[Record], selected: CurveView, at: int | None = None) -> None:
    """Render the curves of a run, with a mark at step `at`."""
    config = view.config or TrainingConfig()
    highest_rate = max(config.learning_rate, view.requests.learning_rate)
    _render(config, selected, history, view.state.steps, view.requests.epochs, highest_rate, at)


def render_empty(config: TrainingConfig, selected: CurveView) -> None:
    """Render the axes for a configuration that has not been trained yet."""
    _render(config, selected, [], 0, config.epochs, config.learning_rate)


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
    views = [other.read() for other in selected.others]
    others = [(view.name, store.history(view.run), view.state.steps) for view in views]
    marks = changes(history, config, steps, epochs)
    for column, measure in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        with load_control.rendering(), column:
            figure = learning_curves(
                history,
                steps,
                epochs,
                measure,
                smoothing=selected.smoothing,
                log=selected.log,
                fixed=selected.fixed,
                others=others,
                at=at,
                marks=marks,
                guessing=config.loss == "categorical_crossentropy",
            )
            if presentation.presenting():
                figure["layout"]["height"] = PRESENTED_HEIGHT
            plot(figure, f"curve.{measure}", alt=f"The {measure} over the epochs")
    if selected.rate:
        figure = rate_curve(history, steps, epochs, at, highest_rate)
        plot(figure, "curve.rate", alt="The learning rate over the epochs")


def select_view(view: RunView | None) -> CurveView:
    """Render the View popover and return what is selected in it."""
    with st.popover("View", icon=":material/tune:", type="tertiary", help="Axes, smoothing and runs to compare"):
        fixed = st.toggle("Fixed axes", key="view.fixed", help="Loss and accuracy from 0, the same for all runs.")
        log = st.toggle("Logarithmic loss axis", key="view.log", help="Makes small losses visible beside large ones.")
        rate = st.toggle("Learning rate curve", key="view.rate", help="Shows the learning rate over the training.")
        smoothing = st.slider("Smoothing", 0.0, 0.95, 0.0, 0.05, key="view.smoothing", help="Smooths the solid lines.")
        others = _select_others(view) if view else ()
    return CurveView(smoothing, fixed, log, rate, others)


def _select_others(view: RunView) -> tuple[Run, ...]:
    """Render the choice of other runs to compare with; at first there are none."""
    runs = [run.read() for run in st.session_state.engine.runs.runs()[:MAX_LISTED] if run.id != view.id]
    listed = {other.id: other for other in runs if other.state.steps}
    if not listed:
        return ()
    labels = {run_id: f"{other.name}, {run_id[9:11]}:{run_id[11:13]}" for run_id, other in listed.items()}
    selected = st.multiselect(
        "Compare with",
        labels,
        format_func=lambda run_id: labels.get(run_id, run_id),
        max_selections=MAX_COMPARED,
        placeholder="Choose other runs",
        key=f"view.others.{view.id}",
        help="Draws other runs as faint lines.",
    )
    others = [run_id for run_id in listed if run_id in selected]
    if others:
        st.page_link(
            "pages/compare.py",
            label="Open in Compare",
            icon=":material/stacked_line_chart:",
            query_params={"runs": ",".join([view.id, *others])},
            help="Compares curves, settings, accuracy and errors of these runs.",
        )
    return tuple(listed[run_id].run for run_id in others)
