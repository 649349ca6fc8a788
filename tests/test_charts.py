"""What a figure shows, whatever draws it."""

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from trainer import charts, digit, strokes

SEVEN = [0.01, 0.04, 0.0, 0.0, 0.0, 0.0, 0.0, 0.93, 0.0, 0.02]
NO_NUMBERS = [float("nan")] * 10


def bars(figure: charts.Figure) -> dict[str, Any]:
    (trace,) = figure["data"]
    return trace


def drawing(label: int) -> digit.Steps:
    steps = digit.from_canvas(strokes.draw(strokes.pen_strokes(label, np.random.default_rng(label))))
    assert steps is not None
    return steps


def svg(steps: digit.Steps | None) -> dict[str, ElementTree.Element]:
    """Return the parts of the view by their ids."""
    return {element.get("id", ""): element for element in ElementTree.fromstring(charts.digit_view(steps)).iter()}


@pytest.mark.parametrize("winner", range(10))
def test_all_ten_digits_keep_their_places_and_the_winner_is_blue(winner: int) -> None:
    probabilities = np.full(10, 0.01, np.float32)
    probabilities[winner] = 0.91
    trace = bars(charts.probability_bars(probabilities))
    assert trace["y"] == list(range(10))
    assert trace["x"] == pytest.approx(100 * probabilities, abs=0.01)
    assert [place for place, color in enumerate(trace["marker"]["color"]) if color == charts.BLUE] == [winner]


@pytest.mark.parametrize("probabilities", [None, NO_NUMBERS, SEVEN, [0.1] * 10])
def test_neither_the_axes_nor_the_size_depend_on_the_answer(probabilities: list[float] | None) -> None:
    layout = charts.probability_bars(probabilities)["layout"]
    assert layout["xaxis"]["range"] == [0, 100]
    assert layout["yaxis"]["range"] == [9.5, -0.5]  # 0 at the top
    assert {key: value for key, value in layout.items() if key != "annotations"} == {
        key: value for key, value in charts.probability_bars(SEVEN)["layout"].items() if key != "annotations"
    }


@pytest.mark.parametrize("probabilities", [None, NO_NUMBERS])
def test_without_an_answer_there_is_no_bar(probabilities: list[float] | None) -> None:
    figure = charts.probability_bars(probabilities)
    assert bars(figure)["x"] == []
    json.dumps(figure, allow_nan=False)


def test_the_winner_stands_large_beside_the_bars() -> None:
    large, small = charts.probability_bars(SEVEN)["layout"]["annotations"]
    assert large["text"] == "7"
    assert "93 %" in small["text"]


@pytest.mark.parametrize("probabilities", [None, SEVEN])
def test_plotly_knows_every_word_of_the_figure(probabilities: list[float] | None) -> None:
    go.Figure(charts.probability_bars(probabilities))


@pytest.mark.parametrize(
    ("probabilities", "sentence"),
    [
        (SEVEN, "Looks like a 7 (93 %). Next: 1 (4 %)."),
        ([0.0] * 8 + [1.0, 0.0], "Looks like an 8 (100 %)."),
        ([0.4, 0.3, 0.3] + [0.0] * 7, "Could be a 0 (40 %). Next: 1 (30 %)."),
        (None, "Draw a digit on the black paper."),
        (NO_NUMBERS, "This network answers with no numbers: train it again with a smaller learning rate."),
    ],
)
def test_a_sentence_says_what_the_bars_show(probabilities: list[float] | None, sentence: str) -> None:
    assert charts.probability_sentence(probabilities) == sentence


@pytest.mark.parametrize("label", range(10))
def test_the_view_holds_the_image_pixel_by_pixel(label: int) -> None:
    steps = drawing(label)
    seen = np.zeros((digit.SIZE, digit.SIZE))
    for pixel in svg(steps)["ink"]:
        column, row = pixel.attrib["d"][1:].split("h")[0].split()
        seen[int(row), int(column)] = float(pixel.attrib["opacity"])
    assert seen == pytest.approx(steps.image, abs=0.006)


@pytest.mark.parametrize("label", range(10))
def test_the_box_of_the_view_holds_all_ink_and_the_cross_marks_its_centre_of_mass(label: int) -> None:
    steps = drawing(label)
    parts = svg(steps)
    left, top, width, height = (float(parts["box"].attrib[key]) for key in ("x", "y", "width", "height"))
    rows, columns = steps.image.nonzero()
    assert (width, height) == (20, 20)
    assert left <= columns.min() and columns.max() + 1 <= left + 20
    assert top <= rows.min() and rows.max() + 1 <= top + 20
    cross = [float(number) for number in parts["centre"].attrib["d"][1:].split("m")[0].split()]
    assert cross == pytest.approx([index + 0.5 for index in digit.centre_of_mass(steps.image)], abs=0.01)


def test_the_view_of_blank_paper_has_an_empty_box() -> None:
    parts = svg(None)
    assert "box" in parts and "centre" not in parts
    assert len(parts["ink"]) == 0


HISTORY = [
    {"kind": "batch", "epoch": 1, "step": 5, "loss": 2.0, "accuracy": 0.3, "learning_rate": 0.01, "seconds": 0.1},
    {"kind": "batch", "epoch": 1, "step": 10, "loss": 1.5, "accuracy": 0.5, "learning_rate": 0.01, "seconds": 0.2},
    {"kind": "epoch", "epoch": 1, "step": 10, "loss": 1.75, "accuracy": 0.4, "val_loss": 1.4, "val_accuracy": 0.6},
    {"kind": "batch", "epoch": 2, "step": 15, "accuracy": 0.1},  # a loss that is no number is left out
]


def test_curves_run_over_the_epochs_with_training_solid_and_validation_dashed() -> None:
    figure = charts.learning_curves(HISTORY, steps=10, epochs=2, measure="loss")
    curves = {trace["name"]: trace for trace in figure["data"]}
    assert (curves["training"]["x"], curves["training"]["y"]) == ([0.5, 1.0], [2.0, 1.5])
    assert (curves["validation"]["x"], curves["validation"]["y"]) == ([1.0], [1.4])
    assert curves["training"]["line"]["dash"] == "solid" and curves["validation"]["line"]["dash"] == "dash"


def test_accuracy_is_in_percent_on_an_axis_that_never_moves() -> None:
    empty = charts.learning_curves([], steps=0, epochs=2, measure="accuracy")
    full = charts.learning_curves(HISTORY, steps=10, epochs=2, measure="accuracy")
    assert full["data"][0]["y"] == [30.0, 50.0, 10.0]
    assert empty["layout"] == full["layout"] and full["layout"]["yaxis"]["range"] == [0, 102]


@pytest.mark.parametrize("measure", ["loss", "accuracy"])
def test_plotly_knows_every_word_of_the_curves(measure: str) -> None:
    go.Figure(charts.learning_curves(HISTORY, steps=10, epochs=2, measure=measure))


def test_a_loss_beyond_all_bounds_keeps_the_axis_readable() -> None:
    wild = [{"kind": "batch", "epoch": 1, "step": 1, "loss": 1e30, "accuracy": 0.1}]
    assert charts.learning_curves(wild, 10, 1, "loss")["layout"]["yaxis"]["range"] == [0, 10]
