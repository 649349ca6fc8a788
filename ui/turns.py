"""Turns: work of many visitors in a few places, one visitor after another instead of one job after another."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

POLL_SECONDS = 0.2  # after which whoever waits checks whether the work is still wanted
LEAD_SECONDS = 1.0  # by which a visitor may be ahead of its share and is still served in the order of arrival
MAX_VISITORS = 1_000  # above which those are forgotten who are not ahead by more than that


class NoTurn(Exception):
    """No place became free in time, or the work is no longer wanted."""


@dataclass(frozen=True, eq=False)
class Place:
    """A place that a visitor's work occupies."""

    visitor: Hashable
    begun: float  # time.monotonic()
    start: float  # in the queue's time


@dataclass(eq=False)
class _Ticket:
    """Somebody who waits for a place."""

    visitor: Hashable
    arrival: int
    asked: float  # in the queue's time
    place: Place | None = None
    called: threading.Event = field(default_factory=threading.Event)  # set when it has a place


class Turns:
    """A number of places that visitors share fairly: whoever asks for little does not wait for others' large work.

    Start-time fair queueing (Goyal, Vin and Cheng, Start-time Fair Queueing, 1996). The queue has a time of its own,
    the start of the latest turn. A turn starts at the queue's time when it was asked for or, if that is later, where
    the visitor's turns so far have ended, counted in the seconds that they took. The next free place goes to the
    earliest start. So visitors who use less than their share, and LEAD_SECONDS more, are served in order of arrival,
    those who use more fall behind, and it gains nobody anything to come as another visitor.

    Work that can pause gives its place away after `quantum` seconds if others wait. Work that has taken more than
    `lapse` seconds goes on without a place: the next one begins beside it.
    """

    def __init__(self, places: int, quantum: float = math.inf, lapse: float = math.inf) -> None:
        self._places = places
        self._quantum = quantum
        self._lapse = lapse
        self._lock = threading.Lock()
        self._arrivals = itertools.count()
        self._waiting: list[_Ticket] = []
        self._taken: list[Place] = []
        self._time = 0.0  # the queue's
        self._ends: dict[Hashable, float] = {}  # visitor -> the queue's time when its turns so far have ended

    @contextmanager
    def turn(self, visitor: Hashable, timeout: float = math.inf) -> Iterator[None]:
        """Occupy a place during this block. Raises NoTurn if none becomes free within `timeout` seconds."""
        place = self.take(visitor, timeout)
        try:
            yield
        finally:
            self.release(place)

    def take(self, visitor: Hashable, timeout: float = math.inf, is_wanted: Callable[[], bool] = lambda: True) -> Place:
        """Wait for a place and occupy it until `release`. Raises NoTurn after `timeout` seconds, or if not wanted."""
        deadline = time.monotonic() + timeout
        with self._lock:
            ticket = _Ticket(visitor, next(self._arrivals), self._time)
            self._waiting.append(ticket)
            self._call()
        while ticket.place is None:
            left = min(POLL_SECONDS, deadline - time.monotonic())
            if left > 0 and is_wanted():
                if not ticket.called.wait(left):
                    with self._lock:
                        self._call()  # a place may have lapsed
                continue
            with self._lock:
                if ticket.place is None:
                    self._waiting.remove(ticket)
                    raise NoTurn
        return ticket.place

    def release(self, place: Place) -> None:
        with self._lock:
            before = max(place.start, self._ends.get(place.visitor, place.start))
            self._ends[place.visitor] = before + time.monotonic() - place.begun
            self._taken.remove(place)
            if len(self._ends) > MAX_VISITORS:
                self._ends = {visitor: end for visitor, end in self._ends.items() if end - LEAD_SECONDS > self._time}
            self._call()

    def is_over(self, place: Place) -> bool:
        """Tell whether a place was occupied for its quantum while others wait."""
        return bool(self._waiting) and time.monotonic() - place.begun > self._quantum

    def _call(self) -> None:
        """Give the free places to those who are next."""
        now = time.monotonic()
        free = self._places - sum(now - place.begun < self._lapse for place in self._taken)
        for _ in range(min(free, len(self._waiting))):
            taken = Counter(place.visitor for place in self._taken)
            ticket = min(self._waiting, key=lambda ticket: self._rank(ticket, taken))
            self._waiting.remove(ticket)
            start = self._start(ticket)
            self._time = max(self._time, start)
            ticket.place = Place(ticket.visitor, now, start)
            self._taken.append(ticket.place)
            ticket.called.set()

    def _rank(self, ticket: _Ticket, taken: Counter[Hashable]) -> tuple[int, float, int]:
        return taken[ticket.visitor], self._start(ticket), ticket.arrival

    def _start(self, ticket: _Ticket) -> float:
        return max(ticket.asked, self._ends.get(ticket.visitor, 0.0) - LEAD_SECONDS)
