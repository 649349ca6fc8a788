import xml.etree.ElementTree as ET

from tests.support.apps import TINY
from trainer.analysis.sweep_charts import BLACK, COLORS, WHITE, color, setting_chart, small_picture, text_color
from trainer.config.variation import Axis, Setting
from trainer.runs.sweep import Cell, Plan

RATES = Axis(Setting("learning_rate"), (0.01, 0.1, 1.0))
PLAN = Plan(TINY, (RATES,))
KNOWN = [
    Cell("a", "rate 0.01", "finished", 0.91, True),
    Cell("b", "rate 0.1", "running", 0.95),
    Cell("c", "rate 1", "queued"),
]


def test_the_better_the_lighter_and_the_number_on_it_can_be_read():
    assert color(0.0) == COLORS[0].lower() and color(1.0) == COLORS[-1].lower()
    assert color(-3.0) == color(0.0) and color(2.0) == color(1.0)
    assert (text_color(color(0.0)), text_color(color(1.0))) == (WHITE, BLACK)

    def luminance(paper):
        parts = [int(paper[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    papers = [color(step / 50) for step in range(51)]
    light = [luminance(paper) for paper in papers]
    assert light == sorted(light)
    for paper in papers:
        above, below = sorted((luminance(paper), luminance({WHITE: "#ffffff", BLACK: "#000000"}[text_color(paper)])))
        assert (below + 0.05) / (above + 0.05) >= 4.5


def test_the_small_picture_has_a_square_for_each_run():
    plan = Plan(TINY, (RATES, Axis(Setting("batch_size"), (20, 50))))
    squares = ET.fromstring(small_picture(plan, [*KNOWN, *KNOWN]))
    assert len(squares) == 6 and squares.get("viewBox") == "0 0 36 24"
    assert [square.get("fill") for square in squares][:3] == [color(0.0), color(1.0), "none"]


def test_one_setting_is_a_chart_whose_axis_lets_the_differences_be_seen():
    figure = setting_chart(PLAN, KNOWN)
    curve, layout = figure["data"][0], figure["layout"]
    assert curve["x"] == [0, 1] and curve["y"] == [91.0, 95.0]
    assert curve["marker"]["symbol"] == ["star", "circle-open"]
    assert layout["xaxis"]["ticktext"] == ["0.01", "0.1", "1"] and layout["yaxis"]["range"][0] == 80
    assert setting_chart(PLAN, [Cell("", "", "queued")] * 3)["data"][0]["x"] == []
