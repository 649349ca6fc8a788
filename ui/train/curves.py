"""Curves of a run: loss, accuracy and learning rate, with earlier runs beside them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from trainer.analysis.learning_curves import learning_curves, rate_curve
from trainer.config.training import TrainingConfig
from trainer.runs.owner import owner_hash
from trainer.runs.requests import Requests
from trainer.runs.run import Run
from trainer.storage.files import Record
from ui.components.plot import plot

PREVIOUS = 2  # own runs that are shown beside it at first
COMPARED = 5  # and at most
EARLIER = 15  # runs to choose from


def show(
    run: Run | None,
    history: list[Record],
    wishes: Requests,
    steps: int,
    config: TrainingConfig,
    at: int | None = None,
) -> None:
    """Show loss and accuracy over the epochs, marked at step `at`; without a run, where they will be."""
    view = select_view(run)
    others = [
        (other.read().name, st.session_state.engine.runs.history(other), other.state.steps) for other in view["others"]
    ]
    for column, measure in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        figure = learning_curves(
            history,
            steps,
            wishes.epochs,
            measure,
            smoothing=view["smoothing"],
            log=view["log"],
            others=others,
            at=at,
            guessing=config.loss == "categorical_crossentropy",
        )
        with column:
            plot(figure, f"curve.{measure}", alt=f"The {measure} over the epochs")
    if view["rate"]:
        plot(
            rate_curve(history, steps, wishes.epochs, at, max(config.learning_rate, wishes.learning_rate)),
            "curve.rate",
            alt="The learning rate over the epochs",
        )


def select_view(run: Run | None) -> dict[str, Any]:
    """Show a popover with how curves are drawn; return smoothing, log, rate and the other runs."""
    with st.popover("View", icon=":material/tune:", type="tertiary", help="Smoothing, a log axis, runs to compare"):
        smoothing = st.slider("Smoothing", 0.0, 0.95, 0.0, 0.05, key="view.smoothing", help="Calms the solid lines.")
        log = st.toggle("Log axis for the loss", key="view.log", help="Shows small losses as well as large ones.")
        rate = st.toggle("Learning rate curve", key="view.rate", help="How large the steps were over the training.")
        others = select_others(run)
    return {"smoothing": smoothing, "log": log, "rate": rate, "others": others}


def select_others(run: Run | None) -> list[Run]:
    """Return the earlier runs that are selected to be drawn beside this one; at first the last own ones."""
    store, mine = st.session_state.engine.runs, owner_hash(st.session_state.owner)
    earlier = [other for other in store.runs()[:EARLIER] if run and other.id != run.id and other.state.steps]
    names = {other.id: f"{other.read().name}, {other.id[9:11]}:{other.id[11:13]}" for other in earlier}
    own = [other.id for other in earlier if other.state.owner == mine and other.id < (run.id if run else "")]
    key = f"view.others.{run.id if run else ''}"
    if not names:
        return []
    chosen = st.multiselect(
        "Compare with",
        names,
        own[:PREVIOUS],
        format_func=lambda run_id: names.get(run_id, run_id),
        max_selections=COMPARED,
        key=key,
        help="Earlier runs as faint lines.",
    )
    others = [other for other in earlier if other.id in chosen]
    if run and others:
        st.page_link(
            "pages/compare.py",
            label="Compare in full",
            icon=":material/stacked_line_chart:",
            query_params={"runs": ",".join([run.id, *(other.id for other in others)])},
            help="Curves, settings, accuracy and errors of these runs side by side.",
        )
    return others
