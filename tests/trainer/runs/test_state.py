"""State of a run: which values it may have, and how it is replaced."""

import math
import threading
from dataclasses import asdict

import pytest

from trainer.config.training import TrainingConfig
from trainer.runs.state import State
from trainer.runs.store import RunStore

VALID = {"phase": "finished", "seconds": 3, "test_accuracy": 0.5, "right_before": None, "steps": 7}


def test_a_valid_state_is_read_as_written():
    state = State.parse(VALID)
    assert state == State("finished", seconds=3, test_accuracy=0.5, steps=7)
    assert State.parse(asdict(state)) == state


def test_keys_of_other_versions_are_ignored():
    assert State.parse(VALID | {"mood": "good"}) == State.parse(VALID)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phase", None),
        ("phase", "flying"),
        ("phase", "damaged"),  # never written
        ("seconds", "3"),
        ("seconds", None),
        ("seconds", True),
        ("steps", 7.0),
        ("steps", True),
        ("right_before", 1.5),
        ("test_loss", [0.5]),
        ("owner", 3),
    ],
)
def test_other_types_and_phases_are_refused(field, value):
    with pytest.raises(ValueError):
        State.parse(VALID | {field: value})


def test_a_state_without_a_phase_is_refused():
    with pytest.raises(ValueError):
        State.parse({})


@pytest.mark.parametrize(
    ("field", "value", "instead"),
    [
        ("seconds", -1.0, 0.0),
        ("seconds", 10**400, 0.0),
        ("seconds", math.inf, 0.0),
        ("steps", 10**30, 0),
        ("test_loss", math.nan, None),
        ("test_accuracy", 1.5, None),
        ("train_accuracy", 1.5, None),
        ("right_after", -1, None),
        ("note", "a\x00b", "a b"),
    ],
)
def test_impossible_values_become_the_default(field, value, instead):
    assert getattr(State.parse(VALID | {field: value}), field) == instead


# --- state.json -----------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def run(store):
    return store.create(TrainingConfig(), owner="somebody")


def test_the_state_is_replaced_as_a_whole(run):
    run.update(phase="running", activity="training")
    assert run.update(seconds=2.5) == run.state == State("running", "training", owner="somebody", seconds=2.5)
    assert not list(run.path.glob(".*"))


def test_readers_see_whole_states_while_a_writer_writes(run):
    ended = threading.Event()
    seen = set()

    def read():
        while not ended.is_set():
            seen.add(run.state.phase)

    reader = threading.Thread(target=read)
    reader.start()
    for step in range(100):
        run.update(phase="running", steps=step)
    ended.set()
    reader.join()
    assert seen <= {"queued", "running"}


@pytest.mark.parametrize("name", ["state.json", "config.json"])
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b"null", b"\xff\x00", b'{"phase": "flying"}', b'{"phase": "running", "seconds": "x"}'],
)
def test_a_damaged_run_is_marked_as_damaged_and_affects_no_other(store, run, name, content):
    other = store.create(TrainingConfig(), "")
    (run.path / name).write_bytes(content)
    assert run.state.phase == "damaged" and run.state.error.endswith(".") and run.state.ended
    assert run.read().name and run.read().created > 0
    assert other.state.phase == "queued" and len(store.runs()) == 2
