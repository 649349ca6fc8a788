"""A chart that changes in place, however often its figure does."""

import json
import re

import streamlit as st

from trainer.figures.plotly import Figure

# Streamlit takes a chart with another figure for another chart: it removes the one and builds the other, and whoever
# hovered over it, or clicked a curve away, begins anew. So Streamlit gets a frame that never changes, and this puts
# the figure into it, with the Plotly that Streamlit has loaded. Streamlit follows, and keeps to the size and theme.
# The figure is put there again whenever it is not there: a frame may come later, or come back empty.
_show = st.components.v2.component(
    "digit_lab_plot",
    js="""
    const PATIENCE = 60000;  // milliseconds for Streamlit to load Plotly, on a slow line
    const timers = new WeakMap(), failed = new WeakSet();
    let figures = 0;

    // This is called for each figure, but what it returns only in the end.
    export default ({data: json, parentElement, setStateValue}) => {
        const {frame, alt, data, layout} = JSON.parse(new TextDecoder().decode(json));
        const begun = performance.now(), meta = ++figures;
        const stop = () => clearInterval(timers.get(parentElement));
        const fail = () => {
            stop();
            failed.add(parentElement);
            setStateValue("failed", true);
        };
        const show = () => {
            const chart = document.querySelector(`.${frame} .js-plotly-plot`);
            if (!chart?._fullLayout) return performance.now() - begun > PATIENCE && fail();
            if (!window.Plotly?.react) return fail();
            if (chart.layout.meta === meta) return;
            const visible = Object.fromEntries(chart.data.map((trace) => [trace.name, trace.visible]));
            const traces = data.map((trace) => ({...trace, visible: visible[trace.name] ?? trace.visible}));
            const {template, width, height} = chart.layout;
            Plotly.react(chart, traces, {...layout, template, width, height, meta});
            const figure = chart.closest("[data-testid=stPlotlyChart]");
            figure?.setAttribute("role", "figure");
            figure?.setAttribute("aria-label", alt);
        };
        stop();
        if (failed.has(parentElement)) return;
        timers.set(parentElement, setInterval(show, 100));
        show();
        return stop;
    };
    """,
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
