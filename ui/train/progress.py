"""Progress of a run in words: a few for the transport bar, and a line of details above the curves."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from trainer.config import dataset_info
from trainer.jobs.engine import Engine
from trainer.runs.progress import Progress, epochs_done, progress
from trainer.runs.run import RunView
from trainer.runs.state import TESTING, TRAINING
from trainer.storage.files import Record
from trainer.text import about, counted, duration, number, percent
from ui.markdown import sentence


class Status(NamedTuple):
    """Where a run is: the share of its steps that are done, a few words, and the details."""

    share: float
    text: str
    detail: str


def describe(view: RunView, history: list[Record]) -> Status:
    """Describe where a run is."""
    state = view.state
    if state.phase == "queued":
        return _queued(view)
    if state.phase == "running":
        return _running(view, history)
    now = progress(history, state.steps, state.examples, view.requests.epochs)
    share = now.share if now else 0.0
    done = f"{epochs_done(history)} of {counted(view.requests.epochs, 'epoch')}"
    if state.phase == "paused":
        then = f"Note: {state.note}." if state.note else "Resume continues at the same step."
        detail = f"Paused: another run can take its place. {sentence(then)}"
        return Status(share, f"Paused · epoch {done}", detail)
    accuracy = "" if state.test_accuracy is None else f" · {percent(state.test_accuracy)}"
    trained = f"Trained for {duration(state.seconds)} on {state.device} with {state.data}" if state.device else ""
    parts = [trained, state.note, f"{done} are done" if state.phase == "interrupted" else ""]
    return Status(share, f"{state.phase.capitalize()}{accuracy}", sentence(" · ".join(filter(None, parts))))


def _queued(view: RunView) -> Status:
    """Describe the place of a queued run and when it starts."""
    engine: Engine = st.session_state.engine
    place = engine.position(view.id)
    if not place or not engine.slots or engine.problem:
        problem = sentence(engine.problem)
        return Status(0.0, "Starting …", problem or "A training process starts: Keras takes a few seconds to load.")
    wait = engine.wait_seconds(view.id)
    start = f" Starts in {about(wait)}." if wait is not None else ""
    why = engine.reason_to_wait(view.id) or slots_text(engine.slots)
    return Status(0.0, f"Number {place} in the queue", f"Number {place} in the queue: {why}.{start}")


def _running(view: RunView, history: list[Record]) -> Status:
    """Describe a run that its training process has started."""
    state, requests = view.state, view.requests
    now = progress(history, state.steps, state.examples, requests.epochs, state.begun)
    share = now.share if now else 0.0
    if silent := st.session_state.engine.silence(view.run):
        text = f"Not responding for {silent:.0f} s"
        return Status(share, text, f"{text}: if this goes on, its process is ended.")
    if state.activity == TESTING and requests.end == "stop":
        return Status(share, "Testing …", "Testing the network: press Stop again to leave out the test.")
    if requests.end == "pause":
        return Status(share, "Pausing …", "Pausing after this step.")
    if requests.end:
        return Status(share, "Stopping …", "Stopping: the network is kept and tested.")
    if state.activity != TRAINING:
        activity = f"{state.activity[:1].upper()}{state.activity[1:]} …"
        return Status(1.0 if now else 0.0, activity, activity)
    if now is None or now.step <= state.begun:
        return Status(share, "Compiling …", "Compiling the network …")
    left = f" · {duration(now.seconds_left)} left" if now.seconds_left is not None else ""
    return Status(share, f"Epoch {now.epoch} of {now.epochs}{left}", _details(now, view, history))


def _details(now: Progress, view: RunView, history: list[Record]) -> str:
    """Return step, speed, learning rate, device and memory in one line."""
    state = view.state
    memory = next((line["memory"] for line in reversed(history[-60:]) if "memory" in line), None)
    parts = [f"Step {(now.step - 1) % now.steps + 1:,} of {now.steps:,}"]
    if now.digits_per_second is not None:
        noun = dataset_info.info(view.config.dataset).noun if view.config else "digit"
        parts.append(f"{now.digits_per_second:,.0f} {noun}s/s")
    if rate := history[-1].get("learning_rate"):
        parts.append(f"learning rate {number(rate, 2)}")
    parts.append(sentence(state.device))
    if memory:
        parts.append(f"{memory / 1e9:.1f} GB of memory")
    return " · ".join(parts)


def slots_text(slots: int) -> str:
    """Say how many trainings the server runs at the same time."""
    return "one training runs at a time" if slots == 1 else f"{counted(slots, 'training')} run at the same time"
