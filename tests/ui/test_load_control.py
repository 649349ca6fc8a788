"""Polling intervals with few and with many visitors."""

import pytest

from ui import load_control


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
