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
MEMORY_SECONDS = 300.0  # for which the time that a visitor has used counts


class NoTurn(Exception):
    """No place became free in time, or the work is no longer wanted."""


@dataclass(frozen=True, eq=False)
class Place:
    """A place that a visitor's work occupies."""

    visitor: Hashable
    begun: float  # time.monotonic()


@dataclass(eq=False)
class _Ticket:
    """Somebody who waits for a place."""

    visitor: Hashable
    arrival: int
    place: Place | None = None
    called: threading.Event = field(default_factory=threading.Event)  # set when it has a place


class Turns:
    """A number of places. The next free one goes to the visitor who has used the least time so far.

    Small work is therefore never behind all of the large work, and equal work takes turns. Work that can pause gives
    its place away after `quantum` seconds if others wait. Work that has taken more than `lapse` seconds goes on without
    a place: the next one begins beside it.
    """

    def __init__(self, places: int, quantum: float = math.inf, lapse: float = math.inf) -> None:
        self._places = places
        self._quantum = quantum
        self._lapse = lapse
        self._lock = threading.Lock()
        self._arrivals = itertools.count()
        self._waiting: list[_Ticket] = []
        self._taken: list[Place] = []
        self._used: dict[Hashable, tuple[float, float]] = {}  # visitor -> seconds used, and when last

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
        ticket = _Ticket(visitor, next(self._arrivals))
        with self._lock:
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
            now = time.monotonic()
            used, _ = self._used.get(place.visitor, (0.0, now))
            self._used[place.visitor] = used + now - place.begun, now
            self._taken.remove(place)
            for visitor, (_, last) in list(self._used.items()):
                if now - last >= MEMORY_SECONDS:
                    del self._used[visitor]
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
            ticket.place = Place(ticket.visitor, now)
            self._taken.append(ticket.place)
            ticket.called.set()

    def _rank(self, ticket: _Ticket, taken: Counter[Hashable]) -> tuple[int, float, int]:
        used, _ = self._used.get(ticket.visitor, (0.0, 0.0))
        return taken[ticket.visitor], used, ticket.arrival
