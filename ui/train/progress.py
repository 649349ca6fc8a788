"""Progress of a live run: a bar, and in one line epoch, step, time left, speed and device."""

from __future__ import annotations

import streamlit as st

from trainer.config import dataset_info
from trainer.runs.progress import Progress, progress
from trainer.runs.requests import Requests
from trainer.runs.run import Run
from trainer.runs.state import State
from trainer.storage.files import Record
from trainer.text import duration
from ui.markdown import sentence


def show(run: Run, state: State, wishes: Requests, history: list[Record]) -> None:
    """Show how far a run is that its training process has begun, in one line and a bar."""
    now = progress(history, state.steps, state.examples, wishes.epochs, state.begun)
    if wishes.end:
        st.progress(now.share if now else 0.0, "Pausing …" if wishes.end == "pause" else "Stopping: it is kept …")
    elif state.activity != "training":
        st.progress(1.0 if now else 0.0, f"{state.activity[:1].upper()}{state.activity[1:]} …")
    elif now is None or now.step <= state.begun:
        st.progress(now.share if now else 0.0, "Compiling the network …")
    else:
        thing = dataset_info.kind(run.config.dataset).thing if run.config else "digit"
        st.progress(now.share, progress_text(now, state, history, f"{thing}s"))


def progress_text(now: Progress, state: State, history: list[Record], things: str) -> str:
    """Return where a training is, how fast it is, and on what; `things` is what it learns from: "digits"."""
    memory = next((line["memory"] for line in reversed(history[-60:]) if "memory" in line), None)
    parts = [f"Epoch {now.epoch} of {now.epochs}", f"step {(now.step - 1) % now.steps + 1:,} of {now.steps:,}"]
    if now.seconds_left is not None and now.digits_a_second is not None:
        parts += [f"{duration(now.seconds_left)} left", f"{now.digits_a_second:,.0f} {things}/s"]
    if state.phase == "running" and (rate := history[-1].get("learning_rate")):
        parts.append(f"rate {rate:.2g}")
    parts += [sentence(state.device), *([f"{memory / 1e9:.1f} GB"] if memory else [])]
    return " · ".join(parts)
