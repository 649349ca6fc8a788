"""Fabric's paths as strokes, and what a browser may send in their place."""

from typing import Any

import numpy as np
import pytest

from harness.visitor import fabric_path
from trainer.drawing import fabric

POINTS = [[10.0, 10.0], [20.0, 20.0], [30.0, 10.0]]
PATH = fabric_path(POINTS)
DOT = {"type": "Path", "strokeWidth": 20, "path": [["M", 49.98, 50], ["Q", 50, 50, 50.02, 50], ["L", 50.02, 50]]}


def test_the_points_of_each_path_and_its_pen_are_read() -> None:
    read = fabric.read([PATH, {**DOT, "strokeWidth": 9}], 300)
    assert read is not None and read.pens == [20, 9] and read.side == 300
    assert np.unique(read.lines[0], axis=0).tolist() == np.unique(POINTS, axis=0).tolist()
    assert read.lines[1] == pytest.approx(np.array([[50, 50]] * 3), abs=0.03)


def test_points_beyond_the_paper_are_moved_to_its_edge() -> None:
    read = fabric.read([fabric_path([[-5.0, 10.0], [1e300, 400.0]])], 300)
    assert read is not None and read.lines[0].min() == 0 and read.lines[0].max() == 300


ODD: dict[str, Any] = {
    "nothing": [],
    "no object": [None],
    "a text": ["M 0 0"],
    "a number": [7],
    "another object": [{"type": "Rect", "width": 10}],
    "no path": [{**PATH, "path": None}],
    "an empty path": [{**PATH, "path": []}],
    "a path as text": [{**PATH, "path": "M 0 0 L 1 1"}],
    "texts as commands": [{**PATH, "path": ["M12", "L12"]}],
    "another command": [{**PATH, "path": [["M", 0, 0], ["C", 1, 1, 1, 1, 1, 1]]}],
    "two paths in one": [{**PATH, "path": [["M", 0, 0], ["M", 1, 1]]}],
    "a list as a command's name": [{**PATH, "path": [[["M"], 0, 0]]}],
    "a list as a number": [{**PATH, "path": [["M", [0], [0]]]}],
    "a missing number": [{**PATH, "path": [["M", 0, 0], ["L", 1]]}],
    "a number that is not finite": [{**PATH, "path": [["M", float("nan"), 0]]}],
    "null as a number": [{**PATH, "path": [["M", None, 0]]}],
    "a huge number": [{**PATH, "path": [["M", 10**400, 0]]}],
    "no pen": [{**PATH, "strokeWidth": 0}],
    "an infinite pen": [{**PATH, "strokeWidth": float("inf")}],
    "a moved path": [{**PATH, "scaleX": 2}],
    "too many strokes": [PATH] * (fabric.MAX_STROKES + 1),
    "too many points": [fabric_path([[1.0, 2.0]] * fabric.MAX_POINTS)],
    "one odd stroke among others": [PATH, {}, PATH],
}


@pytest.mark.parametrize("objects", ODD.values(), ids=ODD.keys())
def test_anything_else_is_not_read(objects: list[Any]) -> None:
    assert fabric.read(objects, 300) is None
