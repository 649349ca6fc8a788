"""Plots in a page's script; tests/browser/test_plot.py covers what the browser shows."""

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from trainer.analysis.learning_curves import learning_curves
    from ui.components.plot import plot

    @st.fragment
    def watch() -> None:
        for column, measure in zip(st.columns(2), ("loss", "accuracy"), strict=True):
            with column:
                plot(learning_curves([], 10, 2, measure), f"curve.{measure}", f"The {measure}")

    watch()


def test_two_plots_render_side_by_side_and_rerun() -> None:
    app = AppTest.from_function(page).run().run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == len(app.get("bidi_component")) == 2
