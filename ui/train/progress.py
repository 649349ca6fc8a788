"""Progress of a live run: a bar, and a line of epoch, step, time left, speed and device."""

from __future__ import annotations

import streamlit as st

from trainer.config import dataset_info
from trainer.runs.progress import Progress, progress
from trainer.runs.run import RunView
from trainer.runs.state import TESTING, TRAINING
from trainer.storage.files import Record
from trainer.text import counted, duration, number
from ui.markdown import sentence


def render(view: RunView, history: list[Record]) -> None:
    """Render the progress of a run that its training process has started."""
    state, requests = view.state, view.requests
    now = progress(history, state.steps, state.examples, requests.epochs, state.begun)
    share = now.share if now else 0.0
    if silent := st.session_state.engine.silence(view.run):
        st.progress(share, f"Not responding for {silent:.0f} s: if this goes on, its process is ended.")
    elif state.activity == TESTING and requests.end == "stop":
        st.progress(share, "Testing the network: press Stop again to leave out the test …")
    elif requests.end:
        st.progress(share, "Pausing …" if requests.end == "pause" else "Stopping: the network is kept and tested …")
    elif state.activity != TRAINING:
        st.progress(1.0 if now else 0.0, f"{state.activity[:1].upper()}{state.activity[1:]} …")
    elif now is None or now.step <= state.begun:
        st.progress(share, "Compiling the network …")
    else:
        st.progress(share, _progress_text(now, view, history))


def _progress_text(now: Progress, view: RunView, history: list[Record]) -> str:
    """Return epoch, step, time left, speed, learning rate, device and memory in one line."""
    state = view.state
    memory = next((line["memory"] for line in reversed(history[-60:]) if "memory" in line), None)
    parts = [f"Epoch {now.epoch} of {now.epochs}", f"step {(now.step - 1) % now.steps + 1:,} of {now.steps:,}"]
    if now.seconds_left is not None and now.digits_per_second is not None:
        noun = dataset_info.info(view.config.dataset).noun if view.config else "digit"
        parts += [f"{duration(now.seconds_left)} left", f"{now.digits_per_second:,.0f} {noun}s/s"]
    if state.phase == "running" and (rate := history[-1].get("learning_rate")):
        parts.append(f"learning rate {number(rate, 2)}")
    parts.append(sentence(state.device))
    if memory:
        parts.append(f"{memory / 1e9:.1f} GB of memory")
    return " · ".join(parts)


def slots_text(slots: int) -> str:
    """Say how many trainings the server runs at the same time."""
    return "one training runs at a time" if slots == 1 else f"{counted(slots, 'training')} run at the same time"
