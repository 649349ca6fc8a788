"""Queue of waiting runs: turns, room, positions and waiting times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer import UserError
from trainer.config.shares import ADDRESS_PART, WAITING_RUNS, WAITING_SWEEP_RUNS, Share
from trainer.jobs.queue import RunQueue, Ticket, wait_seconds


def ticket(run_id):
    """Return the ticket of a run: the first letter of its id is its owner, an "s" after it stands for a sweep."""
    return Ticket(run_id[0], run_id[:2] if run_id[1] == "s" else "")


def add(queue, *run_ids, first=False):
    queue.add({run_id: ticket(run_id) for run_id in run_ids}, first)


def queue_of(*run_ids, running=()):
    queue = RunQueue(lambda: running)
    add(queue, *running, *run_ids)
    for run_id in running:
        queue.remove(run_id)
    return queue


def test_visitors_take_turns_with_single_runs_and_then_with_those_of_sweeps():
    queue = queue_of("as1", "as2", "a1", "a2", "a3", "b1", "bs1", "bs2", "b2", "c1")
    assert list(queue) == ["a1", "b1", "c1", "a2", "b2", "a3", "bs1", "as1", "bs2", "as2"]
    add(queue, "d1")
    assert list(queue)[:4] == ["a1", "b1", "c1", "d1"]


def test_who_is_training_waits_for_those_who_are_not():
    running = ["a0", "b0", "b9"]
    queue = queue_of("a1", "b1", "c1", "c2", running=running)
    assert list(queue) == ["c1", "a1", "c2", "b1"]
    assert sorted(queue.runs_of("b")) == ["b0", "b1", "b9"] and not queue.runs_of("d")
    running[:] = []
    assert list(queue)[:2] == ["c1", "a1"]  # a and b have had their turns
    assert queue.runs_of("b") == ["b1"]


def test_with_one_slot_nobody_has_a_second_turn_before_everybody_had_one():
    running, started = [], ""
    queue = queue_of("a1", "a2", "a3", "b1", "b2", "c1", running=running)
    while len(queue):
        running[:] = [next(iter(queue))]
        queue.remove(running[0])
        started += running[0][0]
        if started == "abc":
            add(queue, "d1")
    assert started == "abcdaba"


def test_many_visitors_of_one_address_take_the_turns_of_one():
    running = ["a0"]
    queue = RunQueue(lambda: running)
    queue.add({"a0": Ticket("a", address="1")})
    queue.remove("a0")
    queue.add({run_id: Ticket(run_id[0], address="1") for run_id in ("b1", "c1", "d1")})
    queue.add({run_id: Ticket(run_id[0], address="2") for run_id in ("e1", "f1")})
    queue.add({"g1": Ticket("g", address="3"), "h1": Ticket("h")})
    assert list(queue) == ["e1", "g1", "h1", "b1", "f1", "c1", "d1"]
    queue.add({"a1": Ticket("a", address="4")})  # a visitor who trains comes last, also from another address
    assert list(queue)[-1] == "a1"


def test_runs_can_be_put_back_to_the_front():
    queue = queue_of("b1", "a1", "as1")
    add(queue, "a0", "as0", first=True)
    assert list(queue) == ["a0", "b1", "a1", "as0", "as1"]


def test_positions_count_from_one_and_have_a_reason():
    queue = queue_of("a1", "a2", "b1", "c1", "as1")
    assert [queue.position(run_id) for run_id in ("a1", "a2", "c1", "as1", "a9")] == [1, 4, 3, 5, 0]
    assert queue.reason("a1") == "" and queue.reason("b1") == "visitors take turns, and 1 other comes before you"
    assert queue.reason("c1") == queue.reason("a2") == "visitors take turns, and 2 others come before you"
    assert queue.reason("as1") == "visitors take turns, single runs before sweeps, and 2 others come before you"
    for run_id in ("b1", "c1"):
        assert queue.remove(run_id) == ticket(run_id)
    assert queue.reason("a2") == "1 run of yours comes first" and queue.reason("as1") == "2 runs of yours come first"
    assert queue.position("a2") == 2 and "b1" not in queue and len(queue) == 3


def test_a_visitor_has_a_share_of_the_places():
    queue = queue_of(*[f"a{number}" for number in range(WAITING_RUNS.visitor)], "as1", "as2")
    queue.check_room(Ticket("b"))
    with pytest.raises(UserError, match=r"^You may have at most 5 runs waiting \(got one more\): try again when one"):
        queue.check_room(Ticket("a"))
    queue.check_room(Ticket("a", "as"), 3)  # more of the sweep that waits
    with pytest.raises(UserError, match=r"^You may have at most 1 sweep waiting"):
        queue.check_room(Ticket("a", "another"), 3)
    queue.check_room(Ticket("b", "bs"), 3)


def test_an_address_has_a_larger_share_and_leaves_some_to_the_others():
    places = RunQueue(waiting=Share(visitor=1, total=50))
    places.add({f"near {n}": Ticket(f"near {n}", address="192.0.2.1") for n in range(int(ADDRESS_PART * 50))})
    with pytest.raises(UserError, match=r"^The visitors of one network address may have at most 40 runs waiting"):
        places.check_room(Ticket("x", address="192.0.2.1"))
    places.check_room(Ticket("x", address="192.0.2.2"))
    places.check_room(Ticket("x"))  # an unknown address
    places.add({f"far {n}": Ticket(f"far {n}") for n in range(10)})
    with pytest.raises(UserError, match=r"^All visitors together may have at most 50 runs waiting"):
        places.check_room(Ticket("x"))


def test_runs_of_sweeps_take_no_places_from_single_runs():
    queue = RunQueue()
    queue.add({f"{n}": Ticket(f"{n}", f"{n}") for n in range(WAITING_SWEEP_RUNS - 1)})
    queue.check_room(Ticket("a"))
    queue.check_room(Ticket("a", "s"))
    with pytest.raises(UserError, match=r"100 runs of sweeps may wait \(got 99 waiting and 2 more\)"):
        queue.check_room(Ticket("a", "s"), 2)


@given(st.lists(st.sampled_from(["a", "b", "as", "bs", "cs"]), max_size=20))
def test_no_run_is_lost_and_those_of_a_visitor_stay_in_order(kinds):
    run_ids = [f"{kind}{place:02}" for place, kind in enumerate(kinds)]
    queue = queue_of(*run_ids)
    assert sorted(queue) == sorted(run_ids)
    for kind in {*kinds}:
        own = [run_id for run_id in queue if run_id[:-2] == kind]
        assert own == sorted(own)


def test_a_run_starts_when_a_slot_is_free():
    assert wait_seconds(1, [10.0, 40.0], slots=2, typical=30.0) == 10
    assert wait_seconds(2, [10.0, 40.0], slots=2, typical=30.0) == 40
    assert wait_seconds(3, [10.0, 45.0], slots=2, typical=30.0) == 45
    assert wait_seconds(1, [10.0], slots=2, typical=30.0) == 0
