"""What bars show, whatever draws them."""

import numpy as np
import plotly.graph_objects as go
import pytest

from trainer.analysis.answer import Answer
from trainer.analysis.answer_charts import network_rows
from trainer.figures.palette import BLUE, GRAY, VERMILLION
from trainer.figures.plotly import Figure

NAN = Answer(np.full(10, np.nan, np.float32))


def sure(digit: int, share: float = 0.91) -> Answer:
    probabilities = np.full(10, (1 - share) / 9, np.float32)
    probabilities[digit] = share
    return Answer(probabilities)


SEVEN, DOUBT = sure(7, 0.93), sure(7, 0.4)


def rows(*answers: Answer | None) -> Figure:
    return network_rows([(f"Network {place}\n9{place} %", answer) for place, answer in enumerate(answers)])


def test_each_network_has_a_row_of_ten_bars_and_differs_by_color_and_word() -> None:
    figure = rows(sure(7), sure(7, 0.6), sure(1, 0.8))
    (trace,) = figure["data"]
    assert trace["x"] == [*range(10)] * 3
    bases = np.reshape(trace["base"], (3, 10))
    assert (bases == bases[:, :1]).all() and (np.diff(bases[:, 0]) == -1).all()  # one below the other
    heights = np.reshape(trace["y"], (3, 10))
    assert heights.argmax(axis=1).tolist() == [7, 7, 1] and (heights < 1).all()
    colors = np.reshape(trace["marker"]["color"], (3, 10))
    assert [colors[0, 7], colors[1, 7], colors[2, 1]] == [BLUE, BLUE, VERMILLION]
    texts = " ".join(note["text"] for note in figure["layout"]["annotations"])
    assert texts.count("agrees") == 1 and texts.count("differs") == 1


def test_networks_with_colors_of_their_own_answer_in_them_and_none_leads() -> None:
    figure = network_rows([("A", sure(7)), ("B", None), ("C", sure(1))], ["red", "green", "blue"])
    colors = np.reshape(figure["data"][0]["marker"]["color"], (2, 10))
    assert [colors[0, 7], colors[1, 1]] == ["red", "blue"] and (colors == GRAY).sum() == 18
    texts = " ".join(note["text"] for note in figure["layout"]["annotations"])
    assert "color: red" in texts and not any(word in texts for word in ("answers", "agrees", "differs"))


def test_the_size_depends_only_on_how_many_networks_judge() -> None:
    full, empty = rows(SEVEN, DOUBT)["layout"], rows(None, NAN)["layout"]
    assert {**full, "annotations": None} == {**empty, "annotations": None}
    assert rows(SEVEN, DOUBT, SEVEN)["layout"]["height"] > full["height"]


def test_what_somebody_typed_is_shown_letter_by_letter() -> None:
    note = network_rows([("<b>%{x}</b>", SEVEN), ("B", SEVEN)])["layout"]["annotations"][0]
    assert "&lt;b>% {x}&lt;/b>" in note["text"]


@pytest.mark.parametrize("figure", [rows(SEVEN), rows(SEVEN, None, NAN, DOUBT)])
def test_plotly_knows_every_word_of_the_figure(figure: Figure) -> None:
    go.Figure(figure)
