"""state.json: which values a state may have, and what becomes of impossible ones."""

import math
from dataclasses import asdict

import pytest

from trainer.runs.state import State

SOUND = {"phase": "finished", "seconds": 3, "test_accuracy": 0.5, "right_before": None, "steps": 7}


def test_a_sound_state_is_read_as_it_is_written():
    state = State.parse(SOUND)
    assert state == State("finished", seconds=3, test_accuracy=0.5, steps=7)
    assert State.parse(asdict(state)) == state


def test_keys_of_other_versions_are_ignored():
    assert State.parse(SOUND | {"mood": "good"}) == State.parse(SOUND)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phase", None),
        ("phase", "flying"),
        ("phase", "damaged"),  # is never written
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
def test_another_type_or_phase_is_refused(field, value):
    with pytest.raises(ValueError):
        State.parse(SOUND | {field: value})


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
        ("right_after", -1, None),
        ("note", "a\x00b", "a b"),
    ],
)
def test_what_no_training_has_becomes_the_default(field, value, instead):
    assert getattr(State.parse(SOUND | {field: value}), field) == instead
