"""Load control for a server with many visitors: rendering and slow work in turns, and polling at a bearable pace."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from secrets import token_hex

import streamlit as st

from trainer import UserError
from trainer.config.training import TrainingConfig, multiply_add_count
from trainer.networks import inference
from trainer.networks.inference import Network
from ui.turns import NoTurn, Place, Turns

POLL_SECONDS = 0.8  # between two updates of a live run
FULL_PACE_VISITORS = 10  # with more visitors, each of them polls less often
VISITOR_TIMEOUT_SECONDS = 60.0  # without a poll, after which a visitor has left; longer than any polling interval
PACE_TOLERANCE = 2.0  # the interval changes only when it is off by more than this factor

LIVE_STROKE_SECONDS = 0.1  # between two readings of an unfinished stroke
LIVE_STROKE_COST = 0.025  # seconds of Python that such a reading takes, at least
LIVE_STROKE_SHARE = 0.375  # of Python's time for such readings, of all visitors together
DRAWING_SECONDS = 5.0  # without a part of a drawing, after which a visitor no longer draws
_last_strokes: dict[str, float] = {}  # visitor -> time of the last part of a drawing, by time.monotonic()

# A stroke or an update takes about 15 ms of Python, which runs one thread at a time. Without turns, the strokes of a
# class share the processor and all end late. With them, 95 % of 60 visitors had their bars in 60 ms, not 200 ms.
_renderings = Turns(1)
_turn_here = threading.local()  # place: of the part that this thread renders
PAGE_SECONDS = 0.5  # after which the next page begins beside one that still runs
_pages = Turns(1, lapse=PAGE_SECONDS)
MAX_IMMEDIATE = 20_000_000  # multiply-adds for one image, about a millisecond; larger networks compute in turns
ANSWER_SECONDS = 10.0  # for which a network may wait for its turn to read an image, and then compute
_answers = Turns(max(1, (os.cpu_count() or 1) // 2))  # half of the cores stay free for everybody else
evaluations = Turns(1, quantum=0.5)
PHOTO_SECONDS = 60.0  # for which a photo may wait for its turn
photos = Turns(2)  # each takes a process


@contextmanager
def rendering() -> Iterator[None]:
    """Render a part of this visitor's page while nobody else's is rendered; a part within it belongs to the same turn.

    The part must not touch the disk, so that nobody waits for more than renderings; a large network that computes
    meanwhile gives the turn away.
    """
    if getattr(_turn_here, "place", None):
        yield
        return
    _turn_here.place = _renderings.take(current_visitor())
    try:
        yield
    finally:
        _renderings.release(_turn_here.place)
        _turn_here.place = None


@contextmanager
def _without_rendering() -> Iterator[None]:
    """Give the turn of `rendering` away, if this thread has it, and wait for it again in the end."""
    place: Place | None = getattr(_turn_here, "place", None)
    if place is None:
        yield
        return
    _renderings.release(place)
    try:
        yield
    finally:
        _turn_here.place = _renderings.take(place.visitor)


def page_turn() -> AbstractContextManager[None]:
    """Return a context in which a whole page runs, one after the other, so that strokes compete with one page."""
    return _pages.turn(current_visitor())


def in_turns(network: Network, config: TrainingConfig) -> Network:
    """Return the network of a config; a large one computes when it is this visitor's turn."""
    if multiply_add_count(config) <= MAX_IMMEDIATE:
        return network
    visitor = current_visitor()
    return network.in_turns(lambda: _turn(visitor), ANSWER_SECONDS)


@contextmanager
def _turn(visitor: str) -> Iterator[None]:
    try:
        with _without_rendering(), _answers.turn(visitor, ANSWER_SECONDS):
            yield
    except NoTurn:
        raise UserError(inference.too_slow(ANSWER_SECONDS)) from None


def current_visitor() -> str:
    """Return what tells this visitor from others: all tabs of a browser are one visitor."""
    visitor: str = st.session_state.get("owner", "")
    return visitor


def poll_seconds(base: float = POLL_SECONDS, current: float | None = None) -> float:
    """Return the polling interval of this visitor in seconds: `base` while few people watch.

    `current` is the interval in use. It is kept while it is about right, since a change reruns the page of everybody.
    """
    wanted = base * max(1.0, _count_visitors() / FULL_PACE_VISITORS)
    if current is not None and current / PACE_TOLERANCE <= wanted <= current * PACE_TOLERANCE:
        return current
    return wanted


def live_stroke_seconds(cost: float) -> float:
    """Return the seconds between two readings of this visitor's unfinished stroke: more while many people draw.

    cost: seconds of Python that rendering a reading took. While a whole class draws the seconds are longer than a
    stroke, which is then read when the pen is lifted.
    """
    count = _count_recent(_last_strokes, current_visitor(), DRAWING_SECONDS)
    return max(LIVE_STROKE_SECONDS, count * max(cost, LIVE_STROKE_COST) / LIVE_STROKE_SHARE)


@st.cache_resource(show_spinner=False)
def _last_polls() -> dict[str, float]:
    """Return the time of each visitor's last poll, by `time.monotonic()`."""
    return {}


def _count_visitors() -> int:
    """Count the visitors who poll at present, this one included."""
    visit = st.session_state.setdefault("visit", token_hex(4))
    return _count_recent(_last_polls(), visit, VISITOR_TIMEOUT_SECONDS)


def _count_recent(times: dict[str, float], who: str, seconds: float) -> int:
    """Note the time for `who`, forget everybody not noted for so many seconds, and return how many are left."""
    now = times[who] = time.monotonic()
    for other, when in list(times.items()):
        if now - when > seconds:
            times.pop(other, None)
    return len(times)
