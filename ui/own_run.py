"""The visitor's own training, small at the top of every page but Train, to which it leads back.

A screen reader speaks its progress at each tenth, on Train too.
"""

from __future__ import annotations

import streamlit as st

from trainer.runs.progress import Progress, progress
from trainer.runs.run import Run, RunView
from trainer.text import counted, duration, percent
from ui import load_control
from ui.components import live_text

POLL_SECONDS = 2.0  # between two updates: it is small, and on every page
SHOWN = "own_run"  # session key: the run that was last shown, until the visitor sees it on Train


def render(page: str) -> None:
    """Render the newest run that this visitor trains, or the one that has ended since it was shown, if any."""
    engine = st.session_state.engine
    run_id = max(engine.live_runs(st.session_state.owner), default=st.session_state.get(SHOWN, ""))
    run = engine.runs.get(run_id)
    if run is None:
        return
    st.session_state[SHOWN] = run_id
    if run.state.live:
        every = load_control.poll_seconds(POLL_SECONDS)
        st.fragment(_render_live, run_every=every)(page, run, every)
        return
    view = run.read()
    ended = "Sweep ended" if view.group else f"Training {view.state.phase}"
    accuracy = "" if view.group or view.state.test_accuracy is None else f": {percent(view.state.test_accuracy)}"
    _render(page, view, ended + accuracy, f"{ended}{accuracy}.")
    if page == _page(view):
        del st.session_state[SHOWN]


def _render_live(page: str, run: Run, every: float) -> None:
    """Render a live run; rerun the page when it has ended or when the polling interval must change."""
    view = run.read()
    if not view.state.live or load_control.poll_seconds(POLL_SECONDS, every) != every:
        st.rerun()
    history, state = st.session_state.engine.runs.history(run), view.state
    now = progress(history, state.steps, state.examples, view.requests.epochs, state.begun)
    _render(page, view, _progress_text(view, now), f"Training: {10 * int(10 * now.share)} % done." if now else "")


def _render(page: str, view: RunView, text: str, spoken: str) -> None:
    """Render a link to the page of a run, unless that is the present one, and what a screen reader speaks."""
    there = _page(view)
    if page != there:
        st.page_link(
            f"pages/{there}.py",
            label=text,
            icon=":material/model_training:",  # the icon of Train in the menu
            query_params={"sweep": view.group} if view.group else {"run": view.id},
            help="Opens your sweep." if view.group else "Opens your training.",
            width="content",
        )
    with st.container(key="spoken"):
        live_text.render(spoken, key="own_run.spoken")


def _page(view: RunView) -> str:
    return "sweep" if view.group else "train"


def _progress_text(view: RunView, now: Progress | None) -> str:
    """Return how far a live run or its sweep is, in a few words."""
    engine = st.session_state.engine
    if view.group:
        sweep = engine.sweeps.get(view.group)
        left = len(set(sweep.runs if sweep else ()) & set(engine.live_runs(st.session_state.owner)))
        return f"Sweep: {counted(left, 'run')} left"
    if place := engine.position(view.id):
        return f"Number {place} in the queue"
    if now is None:
        return "Training starts"
    left = f" · {duration(now.seconds_left)} left" if now.seconds_left is not None else ""
    return f"Epoch {now.epoch} of {now.epochs} · {percent(now.share, 0)}{left}"
