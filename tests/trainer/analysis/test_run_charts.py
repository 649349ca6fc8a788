"""Figures of several runs: what they show, whatever draws it."""

import math

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.analysis.run_charts import Cost, RunCurves, accuracy_against, learning_curves, spread
from trainer.figures.palette import LINE_STYLES

HISTORY = [
    {"kind": "batch", "epoch": 1, "step": 5, "loss": 2.0, "accuracy": 0.3, "seconds": 0.1},
    {"kind": "batch", "epoch": 1, "step": 10, "loss": 1.5, "accuracy": 0.5, "seconds": 0.2},
    {"kind": "epoch", "step": 10, "loss": 1.7, "accuracy": 0.4, "val_loss": 1.4, "val_accuracy": 0.6, "seconds": 0.3},
    {"kind": "batch", "epoch": 2, "step": 15, "accuracy": 0.7, "seconds": 0.4},  # a loss that is no number is left out
    {"kind": "epoch", "step": 20, "loss": 1.1, "accuracy": 0.7, "val_loss": 1.0, "val_accuracy": 0.9, "seconds": 0.6},
]
UNVALIDATED = [{key: value for key, value in line.items() if not key.startswith("val")} for line in HISTORY]


def learner(history=HISTORY, name="A", place=0, steps=10):
    return RunCurves(name, LINE_STYLES[place], history, steps)


def curves(figure):
    return {trace["name"]: (trace["x"], trace["y"]) for trace in figure["data"]}


def test_each_run_has_a_validation_and_a_faint_training_curve_over_the_epochs():
    figure = learning_curves([learner(), learner(name="B", place=1, steps=20)], "loss")
    assert curves(figure) == {
        "A, training": ([0.5, 1.0], [2.0, 1.5]),
        "B, training": ([0.25, 0.5], [2.0, 1.5]),
        "A": ([1.0, 2.0], [1.4, 1.0]),
        "B": ([0.5, 1.0], [1.4, 1.0]),
    }
    for trace in figure["data"]:
        color = LINE_STYLES["B" in trace["name"]]
        assert (trace["line"]["color"], trace["line"]["dash"]) == (color.color, color.dash)
        assert (trace.get("opacity", 1) < 1) == ("training" in trace["name"])


def test_curves_run_over_seconds_and_training_can_be_left_out():
    figure = learning_curves([learner()], "accuracy", "seconds", training=False)
    assert curves(figure) == {"A": ([0.3, 0.6], [60.0, 90.0])}
    assert figure["layout"]["xaxis"]["title"]["text"] == "seconds"


def test_who_keeps_no_validation_digits_shows_what_its_epochs_read_on_average():
    assert not learner(UNVALIDATED).validates and learner().validates and learner([]).validates
    figure = learning_curves([learner(UNVALIDATED)], "accuracy", training=False)
    assert curves(figure)["A"] == ([1.0, 2.0], [40.0, 70.0])
    assert "A, training" in figure["data"][0]["hovertemplate"]


def test_smoothing_is_the_mean_that_is_corrected_for_its_beginning():
    figure = learning_curves([learner()], "loss", smoothing=0.5, training=False)
    assert curves(figure)["A"][1] == pytest.approx([1.4, (1.0 * 2 + 1.4) / 3], rel=1e-5)


@pytest.mark.parametrize(("least", "begins"), [(0.05, 0), (0.55, 50), (0.93, 90), (0.985, 98)])
def test_the_accuracy_begins_where_runs_can_be_told_apart_and_says_so(least, begins):
    history = [{"kind": "epoch", "step": 10, "val_accuracy": least, "val_loss": 1.0, "accuracy": 1.0}]
    axis = learning_curves([learner(history)], "accuracy")["layout"]["yaxis"]
    assert axis["range"][0] == begins <= 100 * least and axis["range"][1] > 100
    assert (f"from {begins}" in axis["title"]["text"]) == bool(begins)


@given(st.lists(st.floats(1e-9, 20), max_size=5))
def test_a_logarithmic_loss_has_room_for_every_epoch_in_whole_decades(losses):
    history = [{"kind": "epoch", "step": 10 * (at + 1), "val_loss": loss} for at, loss in enumerate(losses)]
    axis = learning_curves([learner(history)], "loss", log=True)["layout"]["yaxis"]
    low, high = axis["range"]
    assert low == round(low) < high == round(high) and len(axis["tickvals"]) == len(axis["ticktext"])
    assert all(low <= math.log10(loss) <= high for loss in losses if loss >= 1e-6)


def test_an_axis_shows_all_epochs_that_are_wanted_and_all_that_were_learned():
    assert learning_curves([learner()], "loss", epochs=9)["layout"]["xaxis"]["range"][1] >= 9
    assert learning_curves([learner()], "loss", epochs=1)["layout"]["xaxis"]["range"][1] >= 2


COSTS = [
    Cost("Small", LINE_STYLES[0], 0.92, 7_850),
    Cost("Large", LINE_STYLES[1], 0.921, 640_890),
    Cost("Best", LINE_STYLES[2], 0.991, 29_658),
]


def test_each_run_is_a_point_with_its_name_beside_it():
    figure = accuracy_against(COSTS, "parameters")
    assert {trace["name"]: (trace["x"], trace["y"]) for trace in figure["data"]} == {
        "Small": ([7_850], [92.0]),
        "Large": ([640_890], [92.1]),
        "Best": ([29_658], [99.1]),
    }
    axes = figure["layout"]
    assert axes["xaxis"]["type"] == "log"
    for cost, label in zip(COSTS, axes["annotations"], strict=True):
        assert label["text"] == cost.name and label["x"] == pytest.approx(math.log10(cost.cost))
        assert axes["xaxis"]["range"][0] < label["x"] < axes["xaxis"]["range"][1]
        assert axes["yaxis"]["range"][0] < label["y"] < axes["yaxis"]["range"][1]
    assert len({trace["marker"]["symbol"] for trace in figure["data"]}) == 3


def test_the_axis_is_plain_where_the_costs_are_of_one_size():
    near = [Cost(str(place), LINE_STYLES[place], 0.9, 10.0 + place) for place in range(3)]
    assert "type" not in accuracy_against(near, "seconds")["layout"]["xaxis"]
    free = [Cost(str(place), LINE_STYLES[place], 0.9, 100.0 * place) for place in range(3)]  # one took no time at all
    assert "type" not in accuracy_against(free, "seconds")["layout"]["xaxis"]


@given(st.lists(st.floats(0, 300), max_size=6))
def test_labels_move_apart_as_little_as_need_be_and_keep_their_order(heights):
    moved = spread(heights, 16)
    ordered = sorted(range(len(heights)), key=heights.__getitem__)
    gaps = np.diff([moved[at] for at in ordered])
    assert (gaps > 16 - 1e-6).all()
    if (np.diff(sorted(heights)) >= 16).all():
        assert moved == pytest.approx(heights)
    assert sum(moved) == pytest.approx(sum(heights), abs=1e-6)  # least squares: nothing is pushed to one side


@pytest.mark.parametrize(
    "figure",
    [
        learning_curves([], "loss"),
        learning_curves([learner([])], "accuracy"),
        learning_curves([learner(), learner(UNVALIDATED, "<b>%{x}</b>", 1)], "loss", "seconds", log=True),
        accuracy_against([], "seconds"),
        accuracy_against(COSTS[:1], "parameters"),
        accuracy_against([*COSTS, Cost("<b>%{x}</b>", LINE_STYLES[3], 0.0, 1.0)], "parameters"),
    ],
)
def test_plotly_knows_every_word_and_nothing_typed_is_markup(figure):
    assert "<b>" not in str(go.Figure(figure).to_json())
