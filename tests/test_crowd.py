"""How often pages look at what lives, where few and where many people do."""

import pytest

from widgets import crowd


@pytest.fixture
def watched_by(monkeypatch):
    return lambda people: monkeypatch.setattr(crowd, "_watchers", lambda: people)


@pytest.mark.parametrize(("people", "pace"), [(1, 0.8), (10, 0.8), (30, 2.4), (100, 8.0)])
def test_the_more_people_look_the_more_rarely_each_does(watched_by, people, pace):
    watched_by(people)
    assert crowd.pace() == pytest.approx(pace)
    assert crowd.pace(3.0) == pytest.approx(pace / 0.8 * 3.0)


def test_a_pace_stays_while_people_come_and_go_and_changes_with_the_crowd(watched_by):
    watched_by(30)
    now = crowd.pace()
    for people in (16, 29, 31, 59):
        watched_by(people)
        assert crowd.pace(now=now) == now
    for people in (10, 70):
        watched_by(people)
        assert crowd.pace(now=now) == crowd.pace() != now


def test_everybody_is_counted_once_until_they_have_left(monkeypatch):
    looks = {"left": -crowd.GONE - 1, "stays": 0.0}
    monkeypatch.setattr(crowd, "_looks", lambda: looks)
    monkeypatch.setattr(crowd.time, "monotonic", lambda: 10.0)
    assert [crowd._watchers(), crowd._watchers()] == [2, 2]
