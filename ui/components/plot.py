"""A chart that changes in place, however often its figure does."""

import json
import re
from pathlib import Path

import streamlit as st

from trainer.figures.plotly import Figure

# Streamlit takes a chart with another figure as another chart: it removes the old one and builds a new one, and the
# hover and the curves hidden in the legend are lost. So Streamlit renders an empty chart that never changes, and the
# script draws the figure into it with the Plotly that Streamlit has loaded. Streamlit still sets its size and theme.
# The script keeps checking, and draws again: the empty chart may come later, or come back empty.
_show = st.components.v2.component(
    "digit_lab_plot",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def plot(figure: Figure, key: str, alt: str) -> None:
    """Show a Plotly figure, which has a fixed height; `alt` says in a sentence what it shows.

    Where the same key shows another figure, the chart changes in place: what was hovered over stays hovered over, and
    curves that were clicked away in the legend stay away, told by their names.
    """
    frame = f"{key}.frame"
    config = {"displayModeBar": False}
    shown_in = {"frame": "st-key-" + re.sub(r"[^a-zA-Z0-9_-]", "-", frame), "alt": alt}
    with st.container(gap=None):
        shown = _show(
            data=json.dumps({**shown_in, **figure}).encode(),  # a dict would make Streamlit look for pandas' tables
            on_failed_change=lambda: None,
            key=f"{key}.figure",
        )
        if shown.failed:  # a later Streamlit that is built otherwise
            st.plotly_chart(figure, config=config, alt=alt, key=f"{key}.whole")
        else:
            st.plotly_chart(_frame(figure["layout"]["height"]), config=config, key=frame)


def _frame(height: int) -> Figure:
    hidden = {"visible": False}
    return {
        "data": [{"type": "scatter"}],
        "layout": {"template": "none", "height": height, "xaxis": hidden, "yaxis": hidden},
    }
