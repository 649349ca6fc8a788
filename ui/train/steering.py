"""Steering of a run: pause, resume, stop, one more epoch and the learning rate; and buttons to other pages."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.limits import LIMITS, SETTINGS
from trainer.runs.owner import owner_hash
from trainer.runs.run import RunView
from trainer.storage.files import Record
from ui import downloads
from ui.entry import PAGES
from ui.glossary import linked_help
from ui.markdown import sentence
from ui.train import continuation

NETWORK_PAGES = ("evaluate", "inside")  # that a run's network can be opened on
RATE_HELP = "The change applies from the next step; training does not start over."


def render(view: RunView, history: list[Record]) -> None:
    """Render the buttons of a run: its owner can steer it, everybody can use its network."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="steering"):
        if view.state.owner == owner_hash(st.session_state.owner):
            _render_requests(view, history)
        else:
            st.caption("Only its owner can pause, stop or change this run.")
        st.space("stretch")
        if view.network and view.state.ended:
            continuation.render_continue_button(view)
            with st.popover("Download", icon=":material/download:", help="The network, its history and a report"):
                downloads.render(view.run)
        if view.network:
            _render_pages(view)


def _render_pages(view: RunView) -> None:
    """Render the buttons that open other pages with this run's network."""
    if view.state.ended:
        for page in PAGES:
            if page.name in NETWORK_PAGES and st.button(
                page.title, icon=f":material/{page.icon}:", key=f"use.{page.name}"
            ):
                st.switch_page(f"pages/{page.name}.py", query_params={"run": view.id})
    if view.config and dataset_info.info(view.config.dataset).is_digits:
        if st.button("Draw with it", type="primary", icon=":material/draw:", key="draw"):
            st.switch_page("pages/draw.py", query_params={"run": view.id})


def _render_requests(view: RunView, history: list[Record]) -> None:
    """Render the requests that the run can follow now."""
    state, wanted = view.state, view.requests.epochs
    done = max((line.get("epoch", 0) for line in history if line.get("kind") == "epoch"), default=0)
    live, paused = state.live, state.phase == "paused"
    if live:
        help = "Pauses training and lets another run take its place. Resume continues at the same step."
        _render_request(view, "pause", "Pause", "pause", help)
    elif paused or (view.can_resume and done < wanted):
        help = "Continues at the same step, with the same weights, optimizer state and random numbers."
        _render_request(view, "resume", "Resume", "play_arrow", help)
    if live or paused:
        help = "Stops training now, keeps the network and tests it."
        _render_request(view, "stop", "Stop and keep", "stop", help)
    if live or paused or view.can_resume:
        epochs = (wanted if live or paused else done) + 1
        if epochs <= LIMITS["epochs"].high:
            label, help = "Train for one more epoch", f"Trains until {epochs} epochs are done."
            _render_request(view, "epochs", label, "exposure_plus_1", help, value=epochs)
        _render_learning_rate(view)


def _render_request(view: RunView, kind: str, label: str, icon: str, help: str, **values: object) -> None:
    """Render a button that sends a request to the run."""
    if st.button(label, icon=f":material/{icon}:", help=help, key=f"steer.{kind}"):
        try:
            st.session_state.engine.request(view.id, kind, st.session_state.owner, **values)
        except UserError as error:
            st.toast(sentence(str(error)), icon=":material/error:")
        else:
            st.rerun()


def _render_learning_rate(view: RunView) -> None:
    """Render the learning rate of a run that has started; a change is sent as a request."""

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
        help=f"{linked_help(SETTINGS['learning_rate'].help)} {RATE_HELP}",
        width=190,
    )
