"""Plotly chart that updates in place when its figure changes."""

import json
import re
from pathlib import Path

import streamlit as st

from trainer.figures.plotly import Figure

# Streamlit replaces a chart whose figure has changed, which loses the hover and the curves hidden in the legend. So
# Streamlit renders an empty chart that never changes, and the script draws the figure into it with the Plotly that
# Streamlit has loaded. Streamlit still sets its size and theme. The script checks the chart repeatedly and redraws it,
# because Streamlit may render the empty chart later or again.
_component = st.components.v2.component(
    "digit_lab_plot",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def plot(figure: Figure, key: str, alt: str) -> None:
    """Render a Plotly figure of fixed height; `alt` is its description for screen readers.

    When the figure of a key changes, the chart updates in place: the hover stays, and so do the curves hidden in the
    legend, which are identified by their names.
    """
    frame = f"{key}.frame"
    config = {"displayModeBar": False}
    frame_data = {"frame": "st-key-" + re.sub(r"[^a-zA-Z0-9_-]", "-", frame), "alt": alt}
    with st.container(gap=None, key=key):
        rendered = _component(
            data=json.dumps({**frame_data, **figure}).encode(),  # bytes: Streamlit would search a dict for data frames
            on_failed_change=lambda: None,
            key=f"{key}.figure",
        )
        if rendered.failed:  # a later version of Streamlit may render charts in another way
            st.plotly_chart(figure, config=config, alt=alt, key=f"{key}.whole")
        else:
            st.plotly_chart(_frame(figure["layout"]["height"]), config=config, key=frame)


def _frame(height: int) -> Figure:
    hidden = {"visible": False}
    return {
        "data": [{"type": "scatter"}],
        "layout": {"template": "none", "height": height, "xaxis": hidden, "yaxis": hidden},
    }
