"""Turns: work of many visitors in a few places, one visitor after another instead of one job after another."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

POLL_SECONDS = 0.2  # after which whoever waits checks whether the work is still wanted
MEMORY_SECONDS = 300.0  # for which the time that a visitor has used counts


class NoTurn(Exception):
    """No place became free in time, or the work is no longer wanted."""


@dataclass(frozen=True, eq=False)
class Place:
    """A place that a visitor's work occupies."""

    visitor: Hashable
    begun: float  # time.monotonic()


class Turns:
    """A number of places. The next free one goes to the visitor who has used the least time so far.

    Small work is therefore never behind all of the large work, and equal work takes turns. Work that can pause gives
    its place away after `quantum` seconds if others wait.
    """

    def __init__(self, places: int, quantum: float = math.inf) -> None:
        self._places = places
        self._quantum = quantum
        self._changed = threading.Condition()
        self._arrivals = itertools.count()
        self._waiting: list[tuple[int, Hashable]] = []  # arrival and visitor
        self._taken: Counter[Hashable] = Counter()  # places by visitor
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
        with self._changed:
            ticket = next(self._arrivals), visitor
            self._waiting.append(ticket)
            try:
                while not self._is_next(ticket):
                    left = min(POLL_SECONDS, deadline - time.monotonic())
                    if left <= 0 or not is_wanted():
                        raise NoTurn
                    self._changed.wait(left)
                self._taken[visitor] += 1
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
        return Place(visitor, time.monotonic())

    def release(self, place: Place) -> None:
        with self._changed:
            now = time.monotonic()
            used, _ = self._used.get(place.visitor, (0.0, now))
            self._used[place.visitor] = used + now - place.begun, now
            self._taken -= Counter([place.visitor])
            self._used = {who: use for who, use in self._used.items() if now - use[1] < MEMORY_SECONDS}
            self._changed.notify_all()

    def is_over(self, place: Place) -> bool:
        """Tell whether a place was occupied for its quantum while others wait."""
        return bool(self._waiting) and time.monotonic() - place.begun > self._quantum

    def _is_next(self, ticket: tuple[int, Hashable]) -> bool:
        return self._taken.total() < self._places and ticket == min(self._waiting, key=self._rank)

    def _rank(self, ticket: tuple[int, Hashable]) -> tuple[int, float, int]:
        arrival, visitor = ticket
        return self._taken[visitor], self._used.get(visitor, (0.0, 0.0))[0], arrival
