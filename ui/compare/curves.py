"""How did each run learn? Their curves over each other, which grow as long as one of them learns."""

from __future__ import annotations

import streamlit as st

from trainer.analysis import run_charts
from trainer.analysis.run_charts import EPOCHS, SECONDS, Learner
from trainer.runs.progress import epochs_done
from ui import load_control
from ui.compare.selection import Chosen
from ui.components.plot import plot
from ui.markdown import literal

AXES = {EPOCHS: "Epochs", SECONDS: "Seconds"}


def show(runs: list[Chosen]) -> None:
    """Show loss and accuracy of all runs; while one of them lives this looks again and again."""
    live = any(one.live for one in runs)
    st.fragment(_look, run_every=load_control.pace() if live else None)(runs)


def _look(runs: list[Chosen]) -> None:
    axis, smoothing, training, log = _ask_view()
    history = st.session_state.engine.runs.history
    views = [one.run.read() for one in runs]
    learners = [
        Learner(one.name, one.colour, history(one.run), view.state.steps) for one, view in zip(runs, views, strict=True)
    ]
    epochs = [view.requests.epochs for view in views]
    for column, measure in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        figure = run_charts.learning_curves(
            learners, measure, axis, epochs=max(epochs), smoothing=smoothing, training=training, log=log
        )
        with column:
            names = ", ".join(one.name for one in runs)
            plot(figure, f"compare.{measure}", alt=f"The {measure} of {names} over the {axis}")
    _tell(runs, learners, epochs)


def _ask_view() -> tuple[str, float, bool, bool]:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        axis = st.segmented_control(
            "Over",
            AXES,
            format_func=AXES.__getitem__,
            default=EPOCHS if "compare.axis" not in st.session_state else None,
            required=True,
            label_visibility="collapsed",
            help="Epochs: who learns most from each look at the digits? Seconds: who is there first?",
            persist_state="session",
            key="compare.axis",
        )
        training = st.toggle(
            "Training",
            True if "compare.training" not in st.session_state else None,
            help="The thin, faint lines: how well it reads what it learns from. Far better than the thick line of the "
            "same colour, which is validation: it overfits.",
            persist_state="session",
            key="compare.training",
        )
        with st.popover("View", icon=":material/tune:", type="tertiary", help="Smoothing, and a log axis for the loss"):
            smoothing = st.slider(
                "Smoothing",
                0.0,
                0.95,
                step=0.05,
                help="Calms the lines: each point is mixed with those before it.",
                persist_state="session",
                key="compare.smoothing",
            )
            log = st.toggle(
                "Log axis for the loss",
                help="Tells small losses apart as well as large ones.",
                persist_state="session",
                key="compare.log",
            )
    return axis or EPOCHS, smoothing, bool(training), log


def _tell(runs: list[Chosen], learners: list[Learner], epochs: list[int]) -> None:
    """Say what the lines are, how far those are that learn, and what is missing."""
    parts = ["Thick with symbols: validation, at each epoch's end."]
    without = [literal(learner.name) for learner in learners if not learner.validates]
    if without:
        keep = "keeps" if len(without) == 1 else "keep"
        parts.append(
            f"{' and '.join(without)} {keep} no validation digits aside: the mean of training is in its place."
        )
    for one, learner, of in zip(runs, learners, epochs, strict=True):
        if one.live:
            where = f"{epochs_done(learner.history)} of {of} epochs done" if learner.history else one.state.phase
            parts.append(f"{literal(one.name)}: {where}.")
        elif not learner.history:
            parts.append(f"{literal(one.name)} has no curve: it ended before its first lines.")
    st.caption(" ".join(parts))
