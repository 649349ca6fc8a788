"""Points of a stroke that is being drawn: a browser sends them, so they may be anything."""

import pytest

from ui.digit_input import live_stroke


def test_points_are_read_and_kept_on_the_paper() -> None:
    points = live_stroke.points({"number": 1, "points": [[0.25, 0.5], [1.5, -3]]})
    assert points is not None and points.tolist() == [[0.25, 0.5], [1, 0]]


@pytest.mark.parametrize(
    "message",
    [
        None,
        7,
        {},
        {"points": []},
        {"points": 7},
        {"points": [7]},
        {"points": [[1, 2, 3]]},
        {"points": [[1], [1, 2]]},
        {"points": [["a", "b"]]},
        {"points": [[{}, []]]},
        {"points": [[None, 1]]},
        {"points": [[float("nan"), 1]]},
        {"points": [[float("inf"), 1]]},
        {"points": [[0.1, 0.2]] * (live_stroke.MAX_POINTS + 1)},
    ],
)
def test_any_other_message_is_no_stroke(message: object) -> None:
    assert live_stroke.points(message) is None
