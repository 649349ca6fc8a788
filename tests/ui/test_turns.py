"""Turns: who gets the next free place."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from harness.waiting import TIMEOUT_SECONDS, wait_for
from ui import turns
from ui.turns import NoTurn, Turns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which only the test changes."""
    now = [1000.0]
    monkeypatch.setattr(turns, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


@contextmanager
def waiting(places: Turns, visitors: str) -> Iterator[list[str]]:
    """Let visitors wait one after another, each holding a place for a moment; the list tells their order."""
    order: list[str] = []

    def come(visitor: str) -> None:
        with places.turn(visitor):
            order.append(visitor)

    threads = []
    for visitor in visitors:
        threads.append(threading.Thread(target=come, args=(visitor,)))
        threads[-1].start()
        wait_for(lambda: len(places._waiting) == len(threads))
    yield order
    for thread in threads:
        thread.join(TIMEOUT_SECONDS)


@pytest.mark.parametrize(
    ("used", "seconds", "waiters", "expected"),
    [
        pytest.param("ab", (9.0, 2.0), "aabbc", "cbbaa", id="those who used more than a share wait for the others"),
        pytest.param("aaab", (0.3,) * 4, "abcab", "abcab", id="small work is done in order of arrival"),
        pytest.param("aaabb", (5.0,) * 5, "ba", "ab", id="what was used while nobody came counts for a moment only"),
    ],
)
def test_whose_turn_is_next(
    clock: list[float], used: str, seconds: tuple[float, ...], waiters: str, expected: str
) -> None:
    places = Turns(1)
    for visitor, taken in zip(used, seconds, strict=True):
        with places.turn(visitor):
            clock[0] += taken
    held = places.take("z")
    with waiting(places, waiters) as order:
        places.release(held)
    assert "".join(order) == expected


def test_visitors_who_left_are_forgotten(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MAX_VISITORS", 3)
    places = Turns(1)
    for visitor in "abcdef":
        with places.turn(visitor):
            clock[0] += 0.3
    assert len(places._ends) <= turns.MAX_VISITORS


def test_a_visitor_gets_a_second_place_only_if_nobody_else_waits(clock: list[float]) -> None:
    places = Turns(2)
    places.take("a")
    held = places.take("b")
    clock[0] += 9
    with waiting(places, "ac") as order:
        places.release(held)
    assert "".join(order) == "ca"


def test_waiting_ends_after_a_time_or_when_nobody_wants_the_work() -> None:
    places = Turns(1)
    held = places.take("a")
    with pytest.raises(NoTurn), places.turn("b", timeout=0.01):
        pass
    with pytest.raises(NoTurn):
        places.take("b", is_wanted=lambda: False)
    places.release(held)
    with places.turn("b", timeout=0.01):
        pass


def test_a_quantum_is_over_only_while_others_wait(clock: list[float]) -> None:
    places = Turns(1, quantum=0.5)
    held = places.take("a")
    clock[0] += 1
    assert not places.is_over(held)
    with waiting(places, "b"):
        assert places.is_over(held)
        places.release(held)
