import json
from itertools import pairwise

import numpy as np
import pytest

from trainer.analysis import followed
from trainer.runs.requests import FollowedDrawing


def said(*winners, drawing="a"):
    """Readings, two an epoch, in which a drawing was read as these digits; None: with no numbers."""
    lines = []
    for place, winner in enumerate(winners):
        share = [0.0 if winner is None else 0.04] * 10
        if winner is not None:
            share[winner] = 0.64
        lines.append({"step": 10 * place + 10, "epoch": place // 2 + 1, "probabilities": {drawing: share}})
    return lines


def pinned(label, name="a"):
    return FollowedDrawing(name, label, np.eye(28, dtype=np.float32))


@pytest.mark.parametrize(
    ("winners", "since", "until", "words"),
    [
        ([], None, None, "not read yet"),
        ([3], 1, 1, "read as a 3 (64 %), right since epoch 1"),
        ([1, 1, 1, 3, 3], 2, 3, "read as a 3 (64 %), right since epoch 2"),
        ([3, 3, 1, 1, 3], 3, 3, "read as a 3 (64 %), right since epoch 3"),
        ([1, 8], None, None, "read as an 8 (64 %), not right so far"),
        ([1, 3, 3, 1], None, 2, "read as a 1 (64 %), was right until epoch 2"),
        ([3, 3, None], None, 1, "answered with no numbers, was right until epoch 1"),
    ],
)
def test_since_and_until_when_a_drawing_is_read_right(winners, since, until, words):
    lines = said(*winners)
    assert followed.right_since(lines, "a", 3) == since and followed.right_until(lines, "a", 3) == until
    assert followed.account(lines, pinned(3)) == words


def test_a_drawing_that_was_meant_to_be_nothing_is_only_read():
    assert followed.account(said(3, 8), pinned(None)) == "read as an 8 (64 %)"


def test_lines_that_say_nothing_of_the_drawing_are_passed_over():
    damaged = [
        {},
        {"step": 1, "epoch": 1, "probabilities": []},
        {"step": 1, "epoch": 1, "probabilities": {"a": None}},
        {"step": 1, "epoch": 1, "probabilities": {"a": []}},
        {"step": 1, "epoch": 1, "probabilities": {"a": [1.0]}},
        {"step": 1, "epoch": 1, "probabilities": {"a": ["1"] * 10}},
        {"step": 1, "epoch": 1, "probabilities": {"a": [float("nan")] * 10}},
        {"step": 1, "epoch": "1", "probabilities": {"a": [0.1] * 10}},
    ]
    lines = [*said(3), *said(1, drawing="b"), *damaged]
    assert followed.account(lines, pinned(3)) == "read as a 3 (64 %), right since epoch 1"
    assert followed.account(damaged, pinned(3)) == "not read yet"


@pytest.mark.parametrize("number", [1, 2, 5])
def test_rows_are_one_figure_with_axes_of_their_own(number):
    lines = said(1, 3, 3, 3)
    for line in lines:
        line["probabilities"] |= {str(place): line["probabilities"]["a"] for place in range(number)}
    drawings = [pinned(3, str(place)) for place in range(number)]
    words = [f"row {place}" for place in range(number)]
    figure = followed.rows(lines, drawings, words, steps=20, epochs=2, at=30)
    layout = figure["layout"]
    domains = [layout[axis]["domain"] for axis in layout if axis.startswith("yaxis")]
    assert len(domains) == number == len(layout["images"]) == len({trace["yaxis"] for trace in figure["data"]})
    assert all(above[0] > below[1] for above, below in pairwise(domains))
    assert [note["text"] for note in layout["annotations"] if note["text"].startswith("row")] == words
    assert {shape["x0"] for shape in layout["shapes"]} == {1.5}
    assert json.dumps(figure, allow_nan=False)


def test_rows_stand_before_anything_was_read():
    empty = followed.rows([], [pinned(3), pinned(None, "b")], ["not read yet"] * 2, steps=0, epochs=3)
    read = followed.rows(said(3, 3), [pinned(3), pinned(None, "b")], ["read"] * 2, steps=1, epochs=3)
    assert empty["layout"]["height"] == read["layout"]["height"]
    assert empty["layout"]["xaxis"]["range"] == read["layout"]["xaxis"]["range"]


def test_a_long_training_has_no_more_points_than_a_screen_shows():
    figure = followed.rows(said(*[3] * 5000), [pinned(3)], [""], steps=2, epochs=2500)
    assert max(len(trace["x"]) for trace in figure["data"]) <= 10 * (followed.POINTS + 2)
