"""How often pages look at what lives, where few and where many people do."""

import pytest

from ui import load_control


@pytest.fixture
def watched_by(monkeypatch):
    return lambda people: monkeypatch.setattr(load_control, "_watchers", lambda: people)


@pytest.mark.parametrize(("people", "pace"), [(1, 0.8), (10, 0.8), (30, 2.4), (100, 8.0)])
def test_the_more_people_look_the_more_rarely_each_does(watched_by, people, pace):
    watched_by(people)
    assert load_control.pace() == pytest.approx(pace)
    assert load_control.pace(3.0) == pytest.approx(pace / 0.8 * 3.0)


def test_a_pace_stays_while_people_come_and_go_and_changes_with_the_crowd(watched_by):
    watched_by(30)
    now = load_control.pace()
    for people in (16, 29, 31, 59):
        watched_by(people)
        assert load_control.pace(now=now) == now
    for people in (10, 70):
        watched_by(people)
        assert load_control.pace(now=now) == load_control.pace() != now


def test_everybody_is_counted_once_until_they_have_left(monkeypatch):
    looks = {"left": -load_control.GONE - 1, "stays": 0.0}
    monkeypatch.setattr(load_control, "_looks", lambda: looks)
    monkeypatch.setattr(load_control.time, "monotonic", lambda: 10.0)
    assert [load_control._watchers(), load_control._watchers()] == [2, 2]
