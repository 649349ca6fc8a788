"""Shared parts of charts, checked by Plotly."""

import plotly.graph_objects as go
import pytest

from trainer.figures.plotly import AXIS, frame, literal


def test_plotly_accepts_the_frame_and_the_axis():
    layout = go.Figure(layout={**frame(100, 1, 2, 3, 4), "xaxis": AXIS, "yaxis": AXIS}).layout
    assert (layout.height, layout.margin.l, layout.margin.r, layout.margin.t, layout.margin.b) == (100, 1, 2, 3, 4)
    assert layout.dragmode is False and layout.xaxis.fixedrange and layout.yaxis.fixedrange


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("a & b", "a &amp; b"), ("<b>run</b>", "&lt;b>run&lt;/b>"), ("%{y}", "% {y}"), ("100 %", "100 %")],
)
def test_text_is_shown_literally(typed, shown):
    assert literal(typed) == shown
