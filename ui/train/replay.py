"""Replay of a training: a slider through its time, and a button that plays it."""

from __future__ import annotations

import streamlit as st

from trainer.runs.run import Run
from trainer.runs.state import State
from trainer.storage.files import Record

PLAY = 0.5  # seconds between two pictures of a replay
REPLAY = "Go through the training once more: curves, test images, drawings and weights follow."


def pace(run: Run) -> float | None:
    """Return the seconds between two pictures while this run is replayed, else None."""
    return PLAY if st.session_state.get("playing") == run.id else None


def select_step(run: Run, state: State, history: list[Record]) -> int | None:
    """Show the slider through the training and return the step to look at, or None for the end."""
    snapshots = run.snapshots()
    steps = {line["step"] for line in history if line.get("kind") == "epoch" and "step" in line}
    steps |= set() if snapshots is None else set(snapshots[0].tolist())
    if len(steps) < 2 or not state.steps:
        return None
    times, key = sorted(steps), f"replay.{run.id}"
    playing = st.session_state.get("playing") == run.id
    if playing:
        place = times.index(st.session_state[key]) + 1 if st.session_state.get(key) in times else 0
        st.session_state[key] = times[min(place, len(times) - 1)]
    with st.container(horizontal=True, vertical_alignment="bottom", key="replay"):
        if st.button("Pause replay" if playing else "Replay", icon=":material/history:", key="play", help=REPLAY):
            st.session_state.playing = None if playing else run.id
            if not playing and st.session_state.get(key, times[-1]) == times[-1]:
                st.session_state[key] = times[0]
            st.rerun()
        at = st.select_slider(
            "Replay the training",
            times,
            st.session_state.get(key, times[-1]),
            format_func=lambda step: f"epoch {step / state.steps:.1f}",
            key=key,
            help=REPLAY,
            label_visibility="collapsed",
        )
    if playing and at == times[-1]:
        st.session_state.playing = None
        st.rerun()
    return None if at == times[-1] else at
