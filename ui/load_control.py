"""Load control for a server with many visitors: a lock for rendering, and polling that slows down with their number."""

from __future__ import annotations

import threading
import time
from secrets import token_hex

import streamlit as st

POLL_SECONDS = 0.8  # between two updates of a live run
FULL_PACE_VISITORS = 10  # with more visitors, each of them polls less often
VISITOR_TIMEOUT_SECONDS = 60.0  # without a poll, after which a visitor has left; longer than any polling interval
PACE_TOLERANCE = 2.0  # the interval changes only when it is off by more than this factor

# A stroke or an update takes about 15 ms of Python, which runs one thread at a time. Without a lock, the strokes of a
# class share the processor and all of them end late. With it, 95 % of 60 visitors had their bars in 60 ms, not 200 ms.
render_lock = threading.Lock()


def poll_seconds(base: float = POLL_SECONDS, current: float | None = None) -> float:
    """Return the polling interval of this visitor in seconds: `base` while few people watch.

    `current` is the interval in use. It is kept while it is about right, since a change reruns the page of everybody.
    """
    wanted = base * max(1.0, _count_visitors() / FULL_PACE_VISITORS)
    if current is not None and current / PACE_TOLERANCE <= wanted <= current * PACE_TOLERANCE:
        return current
    return wanted


@st.cache_resource(show_spinner=False)
def _last_polls() -> dict[str, float]:
    """Return the time of each visitor's last poll, by `time.monotonic()`."""
    return {}


def _count_visitors() -> int:
    """Count the visitors who poll at present, this one included."""
    now, polls = time.monotonic(), _last_polls()
    polls[st.session_state.setdefault("visit", token_hex(4))] = now
    for visit, when in list(polls.items()):
        if now - when > VISITOR_TIMEOUT_SECONDS:
            polls.pop(visit, None)
    return len(polls)
