"""Learning curves of several runs in one chart, updated while one of them trains."""

from __future__ import annotations

import streamlit as st

from trainer.analysis import run_charts
from trainer.analysis.run_charts import EPOCHS, SECONDS, RunCurves
from trainer.runs.progress import epochs_done
from trainer.text import listed
from ui import load_control
from ui.compare.selection import ComparedRun
from ui.components.plot import plot
from ui.markdown import literal

CHART_WIDTH = 240  # pixels, at least
AXES = {EPOCHS: "Epochs", SECONDS: "Seconds"}


def render(runs: list[ComparedRun]) -> None:
    """Render loss and accuracy of all runs, refreshed while one of them trains."""
    live = any(one.live for one in runs)
    st.fragment(_render_curves, run_every=load_control.poll_seconds() if live else None)(runs)


def _render_curves(runs: list[ComparedRun]) -> None:
    axis, smoothing, training, log = _select_options()
    history = st.session_state.engine.runs.history
    views = [one.run.read() for one in runs]
    learners = [
        RunCurves(one.name, one.line_style, history(one.run), view.state.steps)
        for one, view in zip(runs, views, strict=True)
    ]
    epochs = [view.requests.epochs for view in views]
    grid = st.grid(2, min_column_width=CHART_WIDTH)
    for measure in ("loss", "accuracy"):
        figure = run_charts.learning_curves(
            learners, measure, axis, epochs=max(epochs), smoothing=smoothing, training=training, log=log
        )
        with grid.cell():
            names = ", ".join(one.name for one in runs)
            plot(figure, f"compare.{measure}", alt=f"The {measure} of {names} over the {axis}")
    st.caption(_caption(runs, learners, epochs))


def _select_options() -> tuple[str, float, bool, bool]:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        axis = st.segmented_control(
            "Over",
            AXES,
            format_func=AXES.__getitem__,
            default=EPOCHS if "compare.axis" not in st.session_state else None,
            required=True,
            label_visibility="collapsed",
            help="By epochs: how much a run learns from each pass over the digits. By seconds: how fast.",
            persist_state="session",
            key="compare.axis",
        )
        training = st.toggle(
            "Training",
            True if "compare.training" not in st.session_state else None,
            help="Thin, faint lines: the training digits. A run overfits if they are far better than the thick line of "
            "the same color, the validation digits.",
            persist_state="session",
            key="compare.training",
        )
        with st.popover("View", icon=":material/tune:", type="tertiary", help="Smoothing and a logarithmic axis."):
            smoothing = st.slider(
                "Smoothing",
                0.0,
                0.95,
                step=0.05,
                help="Averages each point with those before it.",
                persist_state="session",
                key="compare.smoothing",
            )
            log = st.toggle(
                "Logarithmic loss axis",
                help="Shows differences between small losses.",
                persist_state="session",
                key="compare.log",
            )
    return axis or EPOCHS, smoothing, bool(training), log


def _caption(runs: list[ComparedRun], learners: list[RunCurves], epochs: list[int]) -> str:
    """Return sentences on the lines, the progress of live runs, and missing curves."""
    parts = ["Thick lines with symbols: validation at the end of each epoch."]
    without = [literal(learner.name) for learner in learners if not learner.validates]
    if without:
        have = "has" if len(without) == 1 else "have"
        parts.append(f"{listed(without)} {have} no validation digits: the training mean is shown instead.")
    for one, learner, of in zip(runs, learners, epochs, strict=True):
        if one.live:
            where = f"{epochs_done(learner.history)} of {of} epochs done" if learner.history else one.state.phase
            parts.append(f"{literal(one.name)}: {where}.")
        elif not learner.history:
            parts.append(f"{literal(one.name)} has no curve: it ended before its first batch.")
    return " ".join(parts)
