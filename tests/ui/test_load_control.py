"""Polling intervals with few and with many visitors, and networks that compute in turns."""

import copy
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from harness.waiting import TIMEOUT_SECONDS, wait_for
from trainer import UserError
from trainer.config.layers import Conv2D
from trainer.config.training import TrainingConfig
from trainer.shipped import network as shipped
from ui import load_control
from ui.turns import NoTurn, Turns


@pytest.fixture
def set_visitors(monkeypatch):
    return lambda count: monkeypatch.setattr(load_control, "_count_visitors", lambda: count)


@pytest.mark.parametrize(("visitors", "seconds"), [(1, 0.8), (10, 0.8), (30, 2.4), (100, 8.0)])
def test_the_interval_grows_with_the_number_of_visitors(set_visitors, visitors, seconds):
    set_visitors(visitors)
    assert load_control.poll_seconds() == pytest.approx(seconds)
    assert load_control.poll_seconds(3.0) == pytest.approx(seconds / 0.8 * 3.0)


def test_the_interval_in_use_is_kept_while_it_is_about_right(set_visitors):
    set_visitors(30)
    current = load_control.poll_seconds()
    for visitors in (16, 29, 31, 59):
        set_visitors(visitors)
        assert load_control.poll_seconds(current=current) == current
    for visitors in (10, 70):
        set_visitors(visitors)
        assert load_control.poll_seconds(current=current) == load_control.poll_seconds() != current


def test_each_visitor_is_counted_once_until_the_timeout(monkeypatch):
    polls = {"left": -load_control.VISITOR_TIMEOUT_SECONDS - 1, "stays": 0.0}
    monkeypatch.setattr(load_control, "_last_polls", lambda: polls)
    monkeypatch.setattr(load_control.time, "monotonic", lambda: 10.0)
    assert [load_control._count_visitors(), load_control._count_visitors()] == [2, 2]


# --- turns of networks ------------------------------------------------------------------------------------------


class Slow:
    """A network that computes until the test is over; it counts those who compute."""

    def __init__(self, network):
        self.get_inputs, self.running, self.over = network._session.get_inputs, [], threading.Event()

    def run(self, outputs, inputs, options=None):
        self.running.append(threading.get_ident())
        self.over.wait(TIMEOUT_SECONDS)
        return [np.full((1, 10), 0.1, np.float32) for _ in outputs]


@pytest.fixture
def slow(monkeypatch):
    monkeypatch.setattr(load_control, "_answers", Turns(1))
    network = copy.copy(shipped.network())
    network._session = slow = Slow(network)
    with ThreadPoolExecutor(4) as pool:
        yield network, lambda function: pool.submit(function)
        slow.over.set()


LARGE = TrainingConfig(layers=(Conv2D(64), Conv2D(64)))
IMAGE = np.zeros((1, 28, 28), np.float32)


def test_a_slow_network_holds_neither_rendering_nor_small_networks(slow, monkeypatch):
    network, start = slow
    monkeypatch.setattr(load_control, "current_visitor", lambda: "slow")
    in_turns = load_control.in_turns(network, LARGE)

    def render():
        with load_control.rendering():
            return in_turns.probabilities(IMAGE)

    answers = [start(render) for _ in range(2)]
    wait_for(lambda: network._session.running and load_control._answers._waiting)
    assert len(network._session.running) == 1  # one after another
    small = load_control.in_turns(shipped.network(), shipped.CONFIG)
    assert small is shipped.network() and small.probabilities(IMAGE).shape == (1, 10)
    with load_control.rendering():
        pass
    network._session.over.set()
    assert [answer.result(TIMEOUT_SECONDS).shape for answer in answers] == [(1, 10)] * 2


def test_a_visitor_who_gets_no_turn_in_time_gets_a_sentence(slow, monkeypatch):
    network, start = slow
    monkeypatch.setattr(load_control, "current_visitor", lambda: "slow")
    start(lambda: load_control.in_turns(network, LARGE).probabilities(IMAGE))
    wait_for(lambda: network._session.running)
    monkeypatch.setattr(load_control, "ANSWER_SECONDS", 0.01)
    with pytest.raises(UserError, match=r"must read a drawing within 0\.01 s .*: try again in a minute, or choose"):
        load_control.in_turns(network, LARGE).probabilities(IMAGE)


# --- turns of pages ---------------------------------------------------------------------------------------------


def test_pages_run_one_after_the_other_but_nobody_waits_long_for_another(monkeypatch):
    monkeypatch.setattr(load_control, "_pages", Turns(1))
    monkeypatch.setattr(load_control, "current_visitor", threading.get_ident)
    order = []

    def page(name):
        with load_control.page_turn():
            order.append(name)

    with ThreadPoolExecutor(1) as pool:
        with load_control.page_turn():
            other = pool.submit(page, "other")
            wait_for(lambda: load_control._pages._waiting)
            order.append("first")
        other.result(TIMEOUT_SECONDS)
        assert order == ["first", "other"]
        monkeypatch.setattr(load_control, "_pages", Turns(1, lapse=0.0))
        with load_control.page_turn():
            pool.submit(page, "does not wait").result(TIMEOUT_SECONDS)
    with pytest.raises(ZeroDivisionError), load_control.page_turn():
        raise ZeroDivisionError
    page("after an error")
    assert order == ["first", "other", "does not wait", "after an error"]


def test_a_part_within_a_rendered_part_belongs_to_the_same_turn():
    turns = load_control._renderings
    with load_control.rendering():
        with load_control.rendering():
            pass
        with pytest.raises(NoTurn):
            turns.take("another visitor", timeout=0)
    turns.release(turns.take("another visitor", timeout=0))


def test_strokes_are_looked_at_less_often_while_many_draw(monkeypatch):
    visitor, now = "a", 0.0
    monkeypatch.setattr(load_control, "current_visitor", lambda: visitor)
    monkeypatch.setattr(load_control, "_last_strokes", {})
    monkeypatch.setattr(load_control.time, "monotonic", lambda: now)
    assert (
        load_control.live_stroke_seconds(0) == load_control.live_stroke_seconds(0) == load_control.LIVE_STROKE_SECONDS
    )
    for number in range(49):
        visitor = f"visitor {number}"
        seconds = load_control.live_stroke_seconds(0)
    assert seconds == pytest.approx(50 * load_control.LIVE_STROKE_COST / load_control.LIVE_STROKE_SHARE)
    assert load_control.live_stroke_seconds(2 * load_control.LIVE_STROKE_COST) == pytest.approx(2 * seconds)
    now = load_control.DRAWING_SECONDS + 1
    assert load_control.live_stroke_seconds(0) == load_control.LIVE_STROKE_SECONDS
    assert load_control.live_stroke_seconds(1.0) == pytest.approx(1 / load_control.LIVE_STROKE_SHARE)
