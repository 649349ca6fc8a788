"""Replay of a training: a slider over its steps, and a button that plays it."""

from __future__ import annotations

import streamlit as st

from trainer.runs.run import RunView
from trainer.storage.files import Record

FRAME_SECONDS = 0.5  # between two steps of a replay that plays
HELP = "Plays the training again: curves, test images, followed drawings, weights and the network change with it."


def frame_seconds(run_id: str) -> float | None:
    """Return the seconds between two steps while this run is replayed, else None."""
    return FRAME_SECONDS if st.session_state.get("playing") == run_id else None


def select_step(view: RunView, history: list[Record]) -> int | None:
    """Render the replay's button and slider; return the selected step, or None for the end of the training."""
    snapshots, updates = view.run.snapshots(), view.state.steps
    found = {line["step"] for line in history if line.get("kind") == "epoch" and "step" in line}
    found |= set() if snapshots is None else set(snapshots[0].tolist())
    if len(found) < 2 or not updates:
        return None
    steps, key = sorted(found), f"replay.{view.id}"
    playing = st.session_state.get("playing") == view.id
    if playing:
        place = steps.index(st.session_state[key]) + 1 if st.session_state.get(key) in steps else 0
        st.session_state[key] = steps[min(place, len(steps) - 1)]
    with st.container(horizontal=True, vertical_alignment="bottom", key="replay"):
        if st.button("Pause replay" if playing else "Replay", icon=":material/history:", key="play", help=HELP):
            st.session_state.playing = None if playing else view.id
            if not playing and st.session_state.get(key, steps[-1]) == steps[-1]:
                st.session_state[key] = steps[0]
            st.rerun()
        at = st.select_slider(
            "Replay the training",
            steps,
            st.session_state.get(key, steps[-1]),
            format_func=lambda step: f"epoch {step / updates:.1f}",
            key=key,
            help=HELP,
            label_visibility="collapsed",
        )
    if playing and at == steps[-1]:
        st.session_state.playing = None
        st.rerun()
    return None if at == steps[-1] else at
