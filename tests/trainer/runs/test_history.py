"""Validation of the lines of history.jsonl and readings.jsonl."""

import pytest

from trainer.runs.history import MAX_WATCHED_DIGITS, are_labels, is_valid_line, is_valid_prediction

LINE = {"kind": "epoch", "epoch": 1, "step": 9, "loss": 0.5, "accuracy": 0.9, "seconds": 1.5, "memory": 10**9}
EVEN = [0.1] * 10


def test_lines_of_a_training_are_valid_with_fewer_or_more_keys():
    for line in (LINE, {}, {"kind": "batch"}, LINE | {"mood": "good"}, LINE | {"reads": [0, 9]}):
        assert is_valid_line(line)


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
def test_a_line_that_no_training_writes_is_invalid(wrong):
    assert not is_valid_line(LINE | wrong)


def test_rounding_may_take_a_mean_slightly_beyond_one():
    assert is_valid_line({"accuracy": 1.0005}) and not is_valid_line({"accuracy": 1.01})


def test_at_most_one_label_for_each_watched_digit_is_valid():
    assert (
        are_labels([7] * MAX_WATCHED_DIGITS)
        and not are_labels([7] * (MAX_WATCHED_DIGITS + 1))
        and not are_labels([True])
    )


def test_predictions_have_ten_probabilities_for_each_drawing():
    assert is_valid_prediction({"step": 3, "epoch": 1, "probabilities": {"a": EVEN, "b": [0] * 9 + [1]}})
    for predictions in ([], {"a": EVEN[:9]}, {"a": [*EVEN[:9], 1.5]}, {"a": [*EVEN[:9], "x"]}, {"a": None}):
        assert not is_valid_prediction({"step": 3, "probabilities": predictions})
