"""Learning curves: what a figure shows, whatever draws it."""

import json
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from trainer.analysis.learning_curves import (
    MAX_POINTS,
    MAX_SMALL_POINTS,
    changes,
    learning_curves,
    prediction_curves,
    rate_curve,
)
from trainer.config.training import TrainingConfig, schedule_factor
from trainer.figures.palette import BLUE, VERMILLION
from trainer.figures.plotly import Figure

HISTORY = [
    {"kind": "batch", "epoch": 1, "step": 5, "loss": 2.0, "accuracy": 0.3, "learning_rate": 0.01, "seconds": 0.1},
    {"kind": "batch", "epoch": 1, "step": 10, "loss": 1.5, "accuracy": 0.5, "learning_rate": 0.01, "seconds": 0.2},
    {"kind": "epoch", "epoch": 1, "step": 10, "loss": 1.75, "accuracy": 0.4, "val_loss": 1.4, "val_accuracy": 0.6},
    {"kind": "batch", "epoch": 2, "step": 15, "accuracy": 0.1},  # a loss that is no number is left out
]


def curves(figure: Figure) -> dict[str, dict[str, Any]]:
    return {trace["name"]: trace for trace in figure["data"]}


def long_history(lines: int) -> list[dict[str, Any]]:
    return [
        {"kind": "batch", "step": step, "loss": 2.0 / step, "accuracy": 1 - 1 / step, "learning_rate": 0.1 / step}
        for step in range(1, lines + 1)
    ]


def test_curves_run_over_the_epochs_with_training_solid_and_validation_dashed() -> None:
    shown = curves(learning_curves(HISTORY, steps=10, epochs=2, measure="loss"))
    assert (shown["training"]["x"], shown["training"]["y"]) == ([0.5, 1.0], [2.0, 1.5])
    assert (shown["validation"]["x"], shown["validation"]["y"]) == ([1.0], [1.4])
    assert "dash" not in shown["training"]["line"] and shown["validation"]["line"]["dash"] == "dash"
    assert list(shown) == ["training", "validation"]  # nothing off the lines


def test_accuracy_is_in_percent_on_a_fixed_axis_if_asked_for() -> None:
    empty = learning_curves([], steps=0, epochs=2, measure="accuracy", fixed=True)
    full = learning_curves(HISTORY, steps=10, epochs=2, measure="accuracy", fixed=True)
    assert full["data"][0]["y"] == [30.0, 50.0, 10.0]
    assert empty["layout"] == full["layout"] and full["layout"]["yaxis"]["range"] == [0, 102]


def fine_tuning() -> list[dict[str, Any]]:
    """Return a history whose first steps lie apart, and whose second epoch of three is the best."""
    first = {"kind": "batch", "step": 1, "loss": 2.0, "accuracy": 0.5}
    losses = ((10, 0.09), (20, 0.04), (30, 0.06))
    batches = [{"kind": "batch", "step": step, "loss": loss, "accuracy": 0.985} for step, loss in losses]
    ends = [
        line | {"kind": "epoch", "val_loss": line["loss"], "val_accuracy": 1 - line["loss"] / 5} for line in batches
    ]
    return [first, *batches, *ends]


def test_the_axes_zoom_to_the_values_after_the_first_epoch_and_ring_the_best_one() -> None:
    loss, accuracy = (learning_curves(fine_tuning(), 10, 3, measure) for measure in ("loss", "accuracy"))
    assert loss["layout"]["yaxis"]["range"] == [0, 0.1]
    assert accuracy["layout"]["yaxis"]["range"][0] == 98 and "from 98" in accuracy["layout"]["yaxis"]["title"]["text"]
    for figure in (loss, accuracy):
        assert curves(figure)["best epoch"]["x"] == [2.0]
        assert not figure["layout"]["shapes"]  # guessing lies outside
    assert learning_curves(fine_tuning(), 10, 3, "loss", fixed=True)["layout"]["yaxis"]["range"] == [0, 2.5]


def test_a_change_of_the_learning_rate_and_added_epochs_are_marked_but_not_the_schedule() -> None:
    config = TrainingConfig(learning_rate=0.1, schedule="cosine", epochs=2)
    rates = [(0.1 if step <= 10 else 0.5) * schedule_factor("cosine", step - 1, 20) for step in range(1, 19)]
    lines = [{"kind": "batch", "step": step, "learning_rate": rate} for step, rate in enumerate(rates, 1)]
    marks = changes([*lines, {"kind": "batch", "step": "no number"}], config, steps=10, epochs=3)
    assert marks == [(11, "rate 0.5"), (20, "more epochs")]
    figure = learning_curves(lines, 10, 3, "loss", marks=marks)
    shapes = [shape for shape in figure["layout"]["shapes"] if shape["x0"] in (1.1, 2.0)]
    assert [shape["label"]["text"] for shape in shapes] == ["rate 0.5", "more epochs"]


OTHERS = [("one", HISTORY, 10), ("two", HISTORY[:2], 10), ("three", HISTORY, 10)]


@pytest.mark.parametrize("history", [[], HISTORY, long_history(1000)], ids=["none", "short", "long"])
@pytest.mark.parametrize(
    "figure",
    [
        lambda history: learning_curves(history, 10, 2, "loss", log=True, at=5),
        lambda history: learning_curves(history, 10, 2, "accuracy", smoothing=0.6, others=OTHERS, at=5),
        lambda history: rate_curve(history, 10, 2, at=5),
    ],
    ids=["loss", "accuracy", "rate"],
)
def test_plotly_knows_every_word_of_the_curves(figure: Any, history: list[dict[str, Any]]) -> None:
    go.Figure(figure(history))
    json.dumps(figure(history), allow_nan=False)


def test_a_loss_beyond_all_bounds_keeps_the_axis_readable() -> None:
    wild = [{"kind": "batch", "epoch": 1, "step": 1, "loss": 1e30, "accuracy": 0.1}]
    assert learning_curves(wild, 10, 1, "loss")["layout"]["yaxis"]["range"] == [0, 10]


@pytest.mark.parametrize(("loss", "low", "ticks"), [(0.5, -3, "0.001"), (0.0002, -4, "0.0001"), (0.0, -3, "0.001")])
def test_a_log_axis_spans_whole_decades_and_as_many_as_the_loss_needs(loss: float, low: int, ticks: str) -> None:
    history = [{"kind": "batch", "step": 1, "loss": loss}]
    axis = learning_curves(history, 10, 1, "loss", log=True)["layout"]["yaxis"]
    assert axis["type"] == "log" and axis["range"][0] == low
    assert axis["ticktext"][0] == ticks and axis["ticktext"][-2:] == ["1", "10"]
    accuracy = learning_curves(history, 10, 1, "accuracy", log=True)["layout"]["yaxis"]
    assert "type" not in accuracy


def test_smoothing_draws_the_smoothed_curve_over_the_faint_raw_one() -> None:
    raw, smooth = learning_curves(HISTORY, 10, 2, "loss", smoothing=0.5)["data"][:2]
    assert raw["y"] == [2.0, 1.5] and raw["opacity"] < 1
    assert smooth["name"] == "training"
    assert smooth["y"] == pytest.approx([2.0, (0.5 * 2.0 + 1.5) / 1.5], abs=1e-6)  # the first counts half


def test_a_long_history_becomes_few_points_whose_last_is_exact() -> None:
    history = long_history(5200)
    trace = curves(learning_curves(history, 26, 200, "loss"))["training"]
    assert len(trace["x"]) <= MAX_POINTS
    assert (trace["x"][-1], trace["y"][-1]) == (200.0, pytest.approx(2 / 5200, abs=1e-6))
    assert trace["y"][0] == pytest.approx(np.mean([line["loss"] for line in history[:16]]), abs=1e-6)


def test_a_growing_curve_keeps_the_points_that_it_has() -> None:
    history = long_history(1000)
    before = curves(learning_curves(history[:900], 10, 100, "loss"))["training"]
    after = curves(learning_curves(history, 10, 100, "loss"))["training"]
    assert after["y"][: len(before["y"]) - 1] == before["y"][:-1]


def test_other_runs_are_thin_and_differ_by_hue_and_dash() -> None:
    figure = learning_curves(HISTORY, 10, 2, "accuracy", others=OTHERS)
    shown = curves(figure)
    assert shown["one"]["y"] == [60.0]  # validation where there is one
    assert "two" not in shown  # no epoch is over yet
    lines = [shown[name]["line"] for name in ("training", "validation", "one", "three")]
    assert len({line["color"] for line in lines}) == len({line.get("dash") for line in lines}) == 4
    assert all(shown[name]["line"]["width"] < shown["training"]["line"]["width"] for name in ("one", "three"))


def test_a_run_without_validation_is_compared_by_its_training() -> None:
    history = [{"kind": "epoch", "epoch": 1, "step": 10, "loss": 1.75, "accuracy": 0.4}]
    assert curves(learning_curves([], 10, 2, "loss", others=[("b", history, 5)]))["b"]["x"] == [2.0]


def test_a_name_is_shown_letter_by_letter_short_in_the_legend_and_whole_under_the_mouse() -> None:
    name = "<b>%{y}</b> a name that is far too long for a legend"
    trace = learning_curves([], 10, 2, "loss", others=[(name, HISTORY, 10)])["data"][-1]
    assert trace["name"].startswith("&lt;b>% {y}&lt;/b>") and trace["name"].endswith("…")
    assert "too long for a legend<extra>" in trace["hovertemplate"].replace("</extra>", "<extra>")
    assert "<b>" not in trace["hovertemplate"]


def test_guessing_is_a_line_where_it_means_something() -> None:
    levels = {
        (measure, guessing): [
            shape["y0"] for shape in learning_curves([], 10, 2, measure, guessing=guessing)["layout"]["shapes"]
        ]
        for measure in ("loss", "accuracy")
        for guessing in (True, False)
    }
    assert levels == {
        ("loss", True): [pytest.approx(2.3026, abs=1e-4)],
        ("loss", False): [],
        ("accuracy", True): [10],
        ("accuracy", False): [10],
    }


def test_an_update_can_be_marked() -> None:
    figures = [
        learning_curves(HISTORY, 10, 2, "loss", at=15),
        rate_curve(HISTORY, 10, 2, at=15),
        prediction_curves([], "a", 3, 10, 2, at=15),
    ]
    assert [figure["layout"]["shapes"][-1]["x0"] for figure in figures] == [1.5] * 3


def test_the_learning_rates_axis_stands_from_the_beginning() -> None:
    early, late = (rate_curve(lines, 10, 2, highest=0.02) for lines in (HISTORY[:1], HISTORY))
    assert early["layout"] == late["layout"] and early["layout"]["yaxis"]["range"][1] > 0.02
    assert late["data"][0]["y"] == [0.01, 0.01]
    raised = rate_curve([*HISTORY, {"kind": "batch", "step": 16, "learning_rate": 0.5}], 10, 2, highest=0.02)
    assert raised["layout"]["yaxis"]["range"][1] > 0.5


def readings(*winners: int) -> list[dict[str, Any]]:
    """One reading after each ten updates, in which 60 % are the winner's."""
    return [
        {
            "step": 10 * place,
            "epoch": place,
            "probabilities": {"a": [0.6 if digit == winner else 0.4 / 9 for digit in range(10)]},
        }
        for place, winner in enumerate(winners, 1)
    ]


def test_a_followed_drawing_has_its_meant_digit_in_blue_and_a_wrong_winner_in_vermillion() -> None:
    figure = prediction_curves(readings(1, 3, 8), "a", 3, steps=10, epochs=5)
    shown = curves(figure)
    assert (shown["3"]["x"], shown["3"]["y"]) == ([1.0, 2.0, 3.0], [4.44, 60.0, 4.44])
    assert (shown["3"]["line"]["color"], shown["8"]["line"]["color"]) == (BLUE, VERMILLION)
    assert "1" not in shown  # it won once, but not in the end: one of the gray ones
    names = {name["text"]: name for name in figure["layout"]["annotations"]}
    assert set(names) == {"3", "8"} and names["8"]["y"] > names["3"]["y"]
    go.Figure(figure)


def test_a_followed_drawing_that_is_read_right_has_no_vermillion() -> None:
    shown = curves(prediction_curves(readings(1, 3), "a", 3, 10, 5))
    assert set(shown) == {"the others", "3"} and shown["3"]["line"]["color"] == BLUE


def test_where_no_digit_was_meant_the_winner_is_blue() -> None:
    shown = curves(prediction_curves(readings(1, 3), "a", None, 10, 5))
    assert set(shown) == {"the others", "3"} and shown["3"]["line"]["color"] == BLUE


@pytest.mark.parametrize("lines", [[], readings(3), [{"step": 1, "epoch": 1, "probabilities": {"a": [0.0] * 10}}]])
@pytest.mark.parametrize("drawing", ["a", "somebody else's"])
def test_neither_size_nor_axes_of_a_followed_drawing_depend_on_the_readings(
    lines: list[dict[str, Any]], drawing: str
) -> None:
    figure = prediction_curves(lines, drawing, 3, 10, 5)
    go.Figure(figure)
    layout = {key: value for key, value in figure["layout"].items() if key != "annotations"}
    empty = prediction_curves([], "a", 3, 10, 5)["layout"]
    assert layout == {key: value for key, value in empty.items() if key != "annotations"}


def test_many_readings_become_few_points_whose_last_is_exact() -> None:
    trace = curves(prediction_curves(readings(*[3] * 999, 5), "a", 3, 10, 1000))["3"]
    assert len(trace["x"]) <= MAX_SMALL_POINTS and (trace["x"][-1], trace["y"][-1]) == (1000.0, 4.44)


def test_names_of_equal_probabilities_do_not_lie_on_each_other() -> None:
    half = [{"step": 10, "epoch": 1, "probabilities": {"a": [0.5, 0.5] + [0.0] * 8}}]
    one, other = prediction_curves(half, "a", 1, 10, 5)["layout"]["annotations"]
    assert abs(one["y"] - other["y"]) >= 14
