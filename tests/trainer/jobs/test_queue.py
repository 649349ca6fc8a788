"""Queue of waiting runs: order, room, positions and waiting times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer import UserError
from trainer.jobs.queue import MAX_WAITING, RunQueue, wait_seconds


def queue_of(run_ids):
    """Return a queue; the first letter of an id names its sweep, unless that is "s" for a single run."""
    queue = RunQueue(lambda run_id: "" if run_id[0] == "s" else run_id[0])
    queue.add(run_ids)
    return queue


def test_single_runs_start_before_those_of_sweeps_which_take_turns():
    queue = queue_of(["a1", "a2", "a3", "s1", "b1", "b2", "s2"])
    assert list(queue) == ["s1", "s2", "a1", "b1", "a2", "b2", "a3"]
    queue.add(["s3"])
    assert [queue.pop() for _ in range(4)] == ["s1", "s2", "s3", "a1"]


def test_runs_can_be_put_back_to_the_front():
    queue = queue_of(["s1", "a1"])
    queue.add(["s0", "a0"], first=True)
    assert list(queue) == ["s0", "s1", "a0", "a1"] and queue.next() == "s0"


def test_positions_count_from_one():
    queue = queue_of(["s1", "s2", "a1"])
    assert [queue.position(run_id) for run_id in ("s1", "a1", "s9")] == [1, 3, 0]
    queue.remove("s1")
    assert queue.position("a1") == 2 and "s1" not in queue and len(queue) == 2


def test_runs_of_sweeps_take_no_places_from_single_runs():
    queue = queue_of([f"a{number}" for number in range(MAX_WAITING)])
    queue.check_room()
    with pytest.raises(UserError, match=rf"{MAX_WAITING} runs of sweeps may wait \(got {MAX_WAITING} waiting and 2"):
        queue.check_room(2, "b")
    queue = queue_of([f"s{number}" for number in range(MAX_WAITING)])
    queue.check_room(MAX_WAITING, "a")
    with pytest.raises(UserError, match=rf"At most {MAX_WAITING} runs may wait \(got one more\)"):
        queue.check_room()


@given(st.lists(st.sampled_from("sab"), max_size=20))
def test_no_run_is_lost_and_runs_of_a_sweep_stay_in_order(sweeps):
    run_ids = [f"{sweep}{place:02}" for place, sweep in enumerate(sweeps)]
    queue = queue_of(run_ids)
    assert sorted(queue) == sorted(run_ids)
    for sweep in "sab":
        own = [run_id for run_id in queue if run_id[0] == sweep]
        assert own == sorted(own)


def test_a_run_starts_when_a_slot_is_free():
    assert wait_seconds(1, [10.0, 40.0], slots=2, typical=30.0) == 10
    assert wait_seconds(2, [10.0, 40.0], slots=2, typical=30.0) == 40
    assert wait_seconds(3, [10.0, 45.0], slots=2, typical=30.0) == 45
    assert wait_seconds(1, [10.0], slots=2, typical=30.0) == 0
