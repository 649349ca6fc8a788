"""Bars of a score by digit and by writer, and the progress of a score."""

import numpy as np

from trainer.classroom import charts
from trainer.classroom.digits import ClassDigits
from trainer.classroom.scores import Score, score
from trainer.figures.palette import BLUE, GRAY


class ReadsSeven:
    """A network that reads every digit as a 7."""

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        return np.tile(np.eye(10, dtype=np.float32)[7], (len(images), 1))


def class_score(reports: list[float] | None = None) -> Score:
    labels = np.array([7, 3, 7] * 20, np.uint8)
    digits = ClassDigits(np.zeros((60, 28, 28), np.uint8), labels, np.repeat([2, 5], 30))
    return score(ReadsSeven(), digits, (reports if reports is not None else []).append)


def test_ten_digits_always_have_their_places() -> None:
    figure = charts.digit_bars(class_score())
    (bars,) = figure["data"]
    assert bars["y"] == [None, None, None, 0.0, None, None, None, 100.0, None, None]
    assert figure["layout"]["xaxis"]["ticktext"] == [*"0123456789"]


def test_the_own_writers_bar_stands_out() -> None:
    (bars,) = charts.writer_bars(class_score(), own=5)["data"]
    assert bars["customdata"] == [["2", 30], ["5", 30]] and bars["marker"]["color"] == [GRAY, BLUE]
    (bars,) = charts.writer_bars(class_score())["data"]
    assert bars["marker"]["color"] == [BLUE, BLUE]


def test_a_score_reports_its_progress() -> None:
    reports: list[float] = []
    assert class_score(reports).right.sum() == 40
    assert reports == [0.0, 25 / 60, 50 / 60]
    assert (
        len(score(ReadsSeven(), ClassDigits(np.zeros((0, 28, 28), np.uint8), *[np.zeros(0, np.uint8)] * 2)).labels) == 0
    )
