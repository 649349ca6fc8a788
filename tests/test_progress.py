import pytest

from trainer.progress import progress


def lines(steps, pace=0.01, first=1, started=0.0):
    return [
        {"kind": "batch", "epoch": 1 + (step - 1) // 100, "step": step, "seconds": started + pace * (step - first + 1)}
        for step in range(first, first + steps)
    ]


def test_before_the_first_line_nothing_is_known():
    assert progress([], 100, 3200, 5) is None
    assert progress([{"kind": "epoch"}], 0, 0, 5) is None


def test_the_pace_tells_the_time_left():
    now = progress(lines(250), steps=100, examples=3200, epochs=5)
    assert (now.epoch, now.epochs, now.step) == (3, 5, 250)
    assert now.share == 0.5
    assert now.seconds_left == pytest.approx(2.5)
    assert now.digits_a_second == pytest.approx(3200)


def test_the_first_line_already_tells_something():
    assert progress(lines(1), 100, 3200, 1).seconds_left == pytest.approx(0.99)


def test_after_a_pause_the_pace_is_that_of_now():
    history = lines(100) + lines(50, pace=0.1, first=101, started=1.0)
    assert progress(history, 100, 3200, 2, begun=100).seconds_left == pytest.approx(5.0)
    assert progress(lines(100), 100, 3200, 2, begun=100).seconds_left is None


def test_more_epochs_than_were_planned_are_not_more_than_all():
    assert progress(lines(100), 100, 3200, 1).share == 1.0
    assert progress(lines(150), 100, 3200, 1).seconds_left == 0
