"""The transport bar of Train, which stays in sight: train, pause, stop, one more epoch, draw, progress and rate."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.config.limits import LIMITS
from trainer.config.training import TrainingConfig
from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.run import RunView
from ui import answering_network, followed_digits
from ui.address import current_address
from ui.digit_input import canvas
from ui.markdown import sentence
from ui.train import progress

NOTHING = "Nothing is training: press Train."
OVER = "This training cannot continue."
DRAW = "Opens Draw, where this network reads what you draw."
PAUSE = "Pauses training and lets another run take its place. Resume continues at the same step."
RESUME = "Continues at the same step, with the same weights, optimizer state and random numbers."
STOP = "Stops training now, keeps the network and tests it."


def render_train(config: TrainingConfig | None) -> bool:
    """Render the button that starts a training; return whether it was pressed."""
    return st.button(
        "Train",
        type="primary",
        icon=":material/play_arrow:",
        help="Trains a new network with these settings." if config else "Correct the settings marked in red first.",
        disabled=config is None,
        key="train",
    )


def submit(config: TrainingConfig, parent: str = "") -> None:
    """Start a training of this visitor, which the page then shows, or render why it cannot start."""
    engine, owner = st.session_state.engine, st.session_state.owner
    try:
        run_id = engine.submit(config, owner, followed_digits.followed_drawings(), parent, current_address())
    except UserError as error:
        st.error(sentence(str(error)))
    else:
        st.query_params["run"] = st.session_state.begun = run_id
        st.rerun()


def render_run(view: RunView, status: progress.Status, done: int) -> None:
    """Render the buttons and the progress of a run, of which so many epochs are done."""
    mine = view.state.owner == owner_hash(st.session_state.owner)
    if mine:
        _render_requests(view, done)
    _render_draw_button(view)
    st.progress(status.share, status.text)
    if mine:
        _render_learning_rate(view)
    else:
        st.caption("Only its owner can pause, stop or change this run.", width="content")


def render_idle() -> None:
    """Render the bar before a first run: its buttons say why they do nothing."""
    _render_button("pause", "Pause", "pause", NOTHING, disabled=True)
    _render_button("stop", "Stop and keep", "stop", NOTHING, disabled=True)
    _render_button("epochs", "Train for one more epoch", "exposure_plus_1", NOTHING, disabled=True)
    engine: Engine = st.session_state.engine
    if engine.ready:
        st.progress(0.0, f"Ready: {progress.slots_text(engine.slots)}")
    elif problem := engine.problem:
        st.warning(sentence(problem))
    else:
        st.progress(0.0, "The training processes are starting; you can already press Train.")


def _render_requests(view: RunView, done: int) -> None:
    """Render the requests that make sense for the run; those that it cannot follow say why."""
    state, wanted = view.state, view.requests.epochs
    live, paused = state.live, state.phase == "paused"
    if live:
        _render_request(view, "pause", "Pause", "pause", PAUSE)
    elif paused or (view.can_resume and done < wanted):
        _render_request(view, "resume", "Resume", "play_arrow", RESUME)
    stops = live or paused
    if stops:
        _render_request(view, "stop", "Stop and keep", "stop", STOP)
    epochs = (wanted if stops else done) + 1
    highest = int(LIMITS["epochs"].high)
    if epochs > highest:
        why = f"A network trains for at most {highest} epochs."
    else:
        why = f"Trains until {epochs} epochs are done." if stops or view.can_resume else OVER
    extends = epochs <= highest and (stops or view.can_resume)
    _render_request(
        view, "epochs", "Train for one more epoch", "exposure_plus_1", why, disabled=not extends, value=epochs
    )


def _render_draw_button(view: RunView) -> None:
    """Render the button that opens Draw with the run's network, if it reads digits."""
    if view.network and answering_network.reads_digits(view):
        if st.button("Draw with it", icon=":material/draw:", help=DRAW, key="draw"):
            answering_network.choose(view.id)
            canvas.focus(view.id)
            st.switch_page("pages/draw.py")


def _render_request(
    view: RunView, kind: str, label: str, icon: str, help: str, disabled: bool = False, **values: object
) -> None:
    """Render a button that sends a request to the run."""
    if _render_button(kind, label, icon, help, disabled):
        try:
            st.session_state.engine.request(view.id, kind, st.session_state.owner, **values)
        except UserError as error:
            st.toast(sentence(str(error)), icon=":material/error:")
        else:
            st.rerun()


def _render_button(kind: str, label: str, icon: str, help: str, disabled: bool = False) -> bool:
    return st.button(label, icon=f":material/{icon}:", help=help, disabled=disabled, key=f"steer.{kind}")


def _render_learning_rate(view: RunView) -> None:
    """Render the learning rate of a run that can train on; a change is sent as a request and applies at once."""
    if not (view.state.live or view.state.phase == "paused" or view.can_resume):
        return

    def change() -> None:
        engine, owner = st.session_state.engine, st.session_state.owner
        try:
            engine.request(view.id, "learning_rate", owner, value=st.session_state[key])
        except UserError as error:
            st.toast(sentence(str(error)), icon=":material/error:")

    key, limit, rate = f"rate.{view.id}", LIMITS["learning_rate"], view.requests.learning_rate
    st.number_input(
        "Learning rate from now on",
        float(limit.low),
        float(limit.high),
        rate,
        rate / 10,
        "%.6g",
        key=key,
        on_change=change,
        icon=":material/speed:",
        label_visibility="collapsed",
        width=140,
    )
