"""Charts of the losses and of ten probabilities."""

import math

import pytest

from trainer.lessons.loss_curves import loss_curve, probability_columns


@pytest.mark.parametrize("kind, loss", [("cross-entropy", math.log(2)), ("squared error", (0.25 + 0.25 / 9) / 10)])
def test_the_curve_falls_and_marks_the_probability(kind, loss):
    curve, dot = loss_curve(kind, 0.5)["data"]
    assert dot["x"] == [50] and dot["y"] == pytest.approx([loss])
    assert all(before > after for before, after in zip(curve["y"], curve["y"][1:], strict=False))


def test_columns_show_their_percentages():
    (bars,) = probability_columns([0.7, *[0.3 / 9] * 9], "0123456789")["data"]
    assert bars["text"][:2] == ["70", "3.3"] and len({*bars["marker"]["color"][1:]}) == 1
    assert bars["marker"]["color"][0] != bars["marker"]["color"][1]
