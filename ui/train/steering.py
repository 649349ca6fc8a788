"""Steering a run: pause, resume, stop, one epoch more, the learning rate; and the ways on to other pages."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.limits import LIMITS, MEANINGS
from trainer.runs.owner import owner_hash
from trainer.runs.requests import Requests
from trainer.runs.run import Run
from trainer.runs.state import State
from trainer.storage.files import Record
from ui import downloads
from ui.glossary import explained
from ui.train import continuation


def show(run: Run, state: State, wishes: Requests, history: list[Record]) -> None:
    """Show what can be done with a run now: its owner can steer it, everybody can draw with its network."""
    mine = state.owner == owner_hash(st.session_state.owner)
    with st.container(horizontal=True, vertical_alignment="bottom", key="steering"):
        if mine:
            show_requests(run, state, wishes, history)
        else:
            st.caption("Somebody else's run: watch it, and draw with its network.")
        st.space("stretch")
        if run.network and state.ended:
            continuation.offer(run)
            with st.popover("Take home", icon=":material/download:", help="The network, its numbers, a report"):
                downloads.offer(run)
        if run.network:
            show_pages(run, state)


def show_pages(run: Run, state: State) -> None:
    """Show the buttons that open other pages with this run's network."""
    if state.ended:
        for label, icon, page in (("Evaluate", "fact_check", "evaluate"), ("Look inside", "visibility", "inside")):
            if st.button(label, icon=f":material/{icon}:", key=f"use.{page}"):
                st.switch_page(f"pages/{page}.py", query_params={"run": run.id})
    config = run.config
    if config and dataset_info.kind(config.dataset).digits:
        if st.button("Draw with it", type="primary", icon=":material/draw:", key="draw"):
            st.switch_page("pages/draw.py", query_params={"run": run.id})


def show_requests(run: Run, state: State, wishes: Requests, history: list[Record]) -> None:
    """Show the requests that a run can follow now."""
    done = max((line.get("epoch", 0) for line in history if line.get("kind") == "epoch"), default=0)
    live, paused = state.live, state.phase == "paused"
    if live:
        offer(run, "pause", "Pause", "pause", "Rest here and make room for others; Resume goes on at the same step.")
    elif paused or (run.read().can_resume and done < wishes.epochs):
        offer(run, "resume", "Resume", "play_arrow", "Go on where it was, weights, optimizer and chance included.")
    if live or paused:
        offer(run, "stop", "Stop", "stop", "Stop here, keep what it has learned, and be tested.")
    if live or paused or run.read().can_resume:
        more = (wishes.epochs if live or paused else done) + 1
        if more <= LIMITS["epochs"].high:
            offer(
                run, "epochs", "One epoch more", "exposure_plus_1", f"Go on until {more} epochs are done.", value=more
            )
        show_learning_rate(run, wishes)


def offer(run: Run, kind: str, label: str, icon: str, tip: str, **values: object) -> None:
    """Show a button that sends a request to the run."""
    if st.button(label, icon=f":material/{icon}:", help=tip, key=f"steer.{kind}"):
        try:
            st.session_state.engine.request(run.id, kind, st.session_state.owner, **values)
        except UserError as error:
            st.toast(str(error), icon=":material/error:")
        else:
            st.rerun()


def show_learning_rate(run: Run, wishes: Requests) -> None:
    """Show the learning rate of a run that has begun; a change applies from now on, and nothing starts over."""

    def change() -> None:
        engine, owner = st.session_state.engine, st.session_state.owner
        try:
            engine.request(run.id, "learning_rate", owner, value=st.session_state[key])
        except UserError as error:
            st.toast(str(error), icon=":material/error:")

    key, limit = f"rate.{run.id}", LIMITS["learning_rate"]
    st.number_input(
        "Learning rate from now on",
        float(limit.low),
        float(limit.high),
        wishes.learning_rate,
        wishes.learning_rate / 10,
        "%.6g",
        key=key,
        on_change=change,
        help=explained(MEANINGS["learning_rate"]) + " It changes while the network learns, and nothing starts over.",
        width=190,
    )
