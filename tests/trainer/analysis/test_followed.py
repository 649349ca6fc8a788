import json
from itertools import pairwise

import numpy as np
import pytest

from trainer.analysis import followed
from trainer.runs.requests import FollowedDrawing


def readings(*winners, drawing="a"):
    """Return readings, two per epoch, in which a drawing is read as these digits; None stands for NaN."""
    lines = []
    for place, winner in enumerate(winners):
        share = [0.0 if winner is None else 0.04] * 10
        if winner is not None:
            share[winner] = 0.64
        lines.append({"step": 10 * place + 10, "epoch": place // 2 + 1, "probabilities": {drawing: share}})
    return lines


def drawing(label, name="a"):
    return FollowedDrawing(name, label, np.eye(28, dtype=np.float32))


@pytest.mark.parametrize(
    ("winners", "since", "until", "words"),
    [
        ([], None, None, "not read yet"),
        ([3], 1, 1, "read as a 3 (64 %), correct since epoch 1"),
        ([1, 1, 1, 3, 3], 2, 3, "read as a 3 (64 %), correct since epoch 2"),
        ([3, 3, 1, 1, 3], 3, 3, "read as a 3 (64 %), correct since epoch 3"),
        ([1, 8], None, None, "read as an 8 (64 %), not correct so far"),
        ([1, 3, 3, 1], None, 2, "read as a 1 (64 %), correct until epoch 2"),
        ([3, 3, None], None, 1, "network output NaN, correct until epoch 1"),
    ],
)
def test_the_status_tells_since_and_until_when_a_drawing_is_read_correctly(winners, since, until, words):
    lines = readings(*winners)
    assert followed.right_since(lines, "a", 3) == since and followed.right_until(lines, "a", 3) == until
    assert followed.status(lines, drawing(3)) == words


def test_the_status_of_a_drawing_without_a_label_is_the_latest_prediction():
    assert followed.status(readings(3, 8), drawing(None)) == "read as an 8 (64 %)"


def test_lines_without_the_drawing_are_skipped():
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
    lines = [*readings(3), *readings(1, drawing="b"), *damaged]
    assert followed.status(lines, drawing(3)) == "read as a 3 (64 %), correct since epoch 1"
    assert followed.status(damaged, drawing(3)) == "not read yet"


@pytest.mark.parametrize("number", [1, 2, 5])
def test_rows_share_a_figure_and_have_their_own_axes(number):
    lines = readings(1, 3, 3, 3)
    for line in lines:
        line["probabilities"] |= {str(place): line["probabilities"]["a"] for place in range(number)}
    drawings = [drawing(3, str(place)) for place in range(number)]
    words = [f"row {place}" for place in range(number)]
    figure = followed.followed_rows(lines, drawings, words, steps=20, epochs=2, at=30)
    layout = figure["layout"]
    domains = [layout[axis]["domain"] for axis in layout if axis.startswith("yaxis")]
    assert len(domains) == number == len(layout["images"]) == len({trace["yaxis"] for trace in figure["data"]})
    assert all(above[0] > below[1] for above, below in pairwise(domains))
    assert [note["text"] for note in layout["annotations"] if note["text"].startswith("row")] == words
    assert {shape["x0"] for shape in layout["shapes"]} == {1.5}
    assert json.dumps(figure, allow_nan=False)


def test_rows_have_their_final_size_before_the_first_reading():
    empty = followed.followed_rows([], [drawing(3), drawing(None, "b")], ["not read yet"] * 2, steps=0, epochs=3)
    read = followed.followed_rows(readings(3, 3), [drawing(3), drawing(None, "b")], ["read"] * 2, steps=1, epochs=3)
    assert empty["layout"]["height"] == read["layout"]["height"]
    assert empty["layout"]["xaxis"]["range"] == read["layout"]["xaxis"]["range"]


def test_a_long_training_has_no_more_points_than_a_screen_can_show():
    figure = followed.followed_rows(readings(*[3] * 5000), [drawing(3)], [""], steps=2, epochs=2500)
    assert max(len(trace["x"]) for trace in figure["data"]) <= 10 * (followed.MAX_POINTS + 2)
