"""What lets a server bear a class: each one's turn, and looks that are rarer the more people look."""

from __future__ import annotations

import threading
import time
from secrets import token_hex

import streamlit as st

LOOK = 0.8  # seconds between two looks at a live run
CROWD = 10  # watchers from which on each looks more rarely
GONE = 60.0  # seconds without a look after which somebody has left; longer than a large crowd's members wait
STEADY = 2.0  # times more often or more rarely; a pace is changed for more than that

# A stroke, or a look, takes Python some 15 ms, and it runs one thread at a time: of a class's strokes that are all
# begun at once, all come last. One after the other, 95 % of 60 visitors had their bars after 60 ms instead of 200.
turn = threading.Lock()


def pace(look: float = LOOK, now: float | None = None) -> float:
    """Return the seconds between this visitor's looks, which is `look` where few people watch.

    `now`, what it is at present, stays while it is about right: to change it a whole page is shown anew, for everybody.
    """
    wanted = look * max(1.0, _watchers() / CROWD)
    return now if now is not None and now / STEADY <= wanted <= now * STEADY else wanted


@st.cache_resource(show_spinner=False)
def _looks() -> dict[str, float]:
    """Return when each visitor of this server last looked."""
    return {}


def _watchers() -> int:
    """Count who looks, this visitor included."""
    now, seen = time.monotonic(), _looks()
    seen[st.session_state.setdefault("visit", token_hex(4))] = now
    for visit, when in list(seen.items()):
        if now - when > GONE:
            seen.pop(visit, None)
    return len(seen)
