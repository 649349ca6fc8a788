"""Clock of a network's test: what ends the test before it is done."""

import pytest

from trainer.config.training import TrainingConfig
from trainer.jobs import testing
from trainer.jobs.testing import TestClock, TestEndedError
from trainer.runs.store import RunStore


@pytest.fixture
def run(tmp_path):
    run = RunStore(tmp_path / "runs").create(TrainingConfig(), "")
    run.request("stop")  # the training obeyed this one
    return run


def test_a_test_that_is_fast_enough_is_not_ended_however_long_it_takes_to_begin(run, clock):
    test_clock = TestClock(run, seconds_left=0)
    clock[0] += 10 * testing.MAX_SECONDS
    for percent in range(1, 101):
        test_clock.check(percent / 100)
        clock[0] += 0.9 * testing.MAX_SECONDS / 100


def test_a_test_that_would_take_too_long_is_ended_soon(run, clock):
    test_clock = TestClock(run, seconds_left=0)
    test_clock.check(0.001)
    clock[0] += 4
    with pytest.raises(TestEndedError, match="not tested, which would have taken about 8 min"):
        test_clock.check(0.009)


def test_a_test_may_take_the_time_that_is_left_of_the_limit(run, clock):
    test_clock = TestClock(run, seconds_left=1000)
    test_clock.check(0.001)
    clock[0] += 4
    test_clock.check(0.009)


@pytest.mark.parametrize("end", ["stop", "pause"])
def test_its_owner_can_end_a_test(run, clock, end):
    test_clock = TestClock(run, seconds_left=0)
    test_clock.check(0.1)
    run.request(end)
    clock[0] += testing.CHECK_SECONDS
    with pytest.raises(TestEndedError, match="its owner ended the test"):
        test_clock.check(0.2)
