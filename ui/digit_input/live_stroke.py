"""Stroke in progress: its points so far, which the browser sends several times a second while the pen is down."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from ui import load_control

MAX_POINTS = 400  # that the browser sends
_KEY = "live.stroke"
_ANSWERED = "live.answered"  # session key of the number of the last message
_MESSAGE = "live.message"  # session key of what the last message held, until it is read
_component = st.components.v2.component(
    "digit_lab_live_stroke", js=Path(__file__).with_suffix(".js").read_text("utf-8")
)


@contextmanager
def follow() -> Iterator[np.ndarray | None]:
    """Yield the points of the stroke in progress, (n, 2) from 0 to 1, or None; render what answers them in the block.

    Each message reruns the fragment that does this, and holds for that run only. The component that sends the messages
    is rendered after the block: the browser sends none before it has the answer to the last one, and fewer if the
    answers take long.
    """
    stroke = st.session_state.pop(_MESSAGE, None)
    number = stroke.get("number") if isinstance(stroke, dict) else None
    if isinstance(number, int):
        st.session_state[_ANSWERED] = number

    begin = time.thread_time()
    yield points(stroke)
    seconds = time.thread_time() - begin

    def receive() -> None:
        st.session_state[_MESSAGE] = st.session_state[_KEY].get("stroke")

    _component(
        data={
            "interval": round(1000 * load_control.live_stroke_seconds(seconds)),
            "answered": st.session_state.get(_ANSWERED, 0),
        },
        on_stroke_change=receive,
        height=0,
        key=_KEY,
    )


def points(stroke: Any) -> np.ndarray | None:
    """Return the points of a message, or None if it holds none: a browser sent it, so it may be anything."""
    match stroke:
        case {"points": [_, *_] as sent} if len(sent) <= MAX_POINTS:
            try:
                found = np.array(sent, float)
            except (TypeError, ValueError):
                return None
            if found.shape == (len(sent), 2) and np.isfinite(found).all():
                return np.clip(found, 0, 1)
    return None
