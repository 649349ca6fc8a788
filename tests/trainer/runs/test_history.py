"""Lines of history.jsonl and readings.jsonl: which are sound."""

import pytest

from trainer.runs.history import WATCHED, are_reads, is_line, is_reading

LINE = {"kind": "epoch", "epoch": 1, "step": 9, "loss": 0.5, "accuracy": 0.9, "seconds": 1.5, "memory": 10**9}
EVEN = [0.1] * 10


def test_lines_of_a_training_are_sound_also_with_less_or_more_in_them():
    for line in (LINE, {}, {"kind": "batch"}, LINE | {"mood": "good"}, LINE | {"reads": [0, 9]}):
        assert is_line(line)


@pytest.mark.parametrize(
    "wrong",
    [
        {"epoch": 0},
        {"epoch": 1.0},
        {"step": -1},
        {"step": True},
        {"loss": "low"},
        {"loss": float("nan")},
        {"accuracy": 1.5},
        {"val_loss": float("inf")},
        {"learning_rate": None},
        {"reads": [10]},
        {"reads": "7"},
    ],
)
def test_a_line_that_no_training_writes_is_not(wrong):
    assert not is_line(LINE | wrong)


def test_a_mean_over_few_digits_may_be_a_hair_beyond_one():
    assert is_line({"accuracy": 1.0005}) and not is_line({"accuracy": 1.01})


def test_at_most_as_many_predictions_as_digits_are_watched():
    assert are_reads([7] * WATCHED) and not are_reads([7] * (WATCHED + 1)) and not are_reads([True])


def test_readings_hold_ten_probabilities_for_each_drawing():
    assert is_reading({"step": 3, "epoch": 1, "probabilities": {"a": EVEN, "b": [0] * 9 + [1]}})
    for said in ([], {"a": EVEN[:9]}, {"a": [*EVEN[:9], 1.5]}, {"a": [*EVEN[:9], "x"]}, {"a": None}):
        assert not is_reading({"step": 3, "probabilities": said})
