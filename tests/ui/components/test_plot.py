"""A plot in a page's script, as far as a browser is not needed; what one sees of it is in browser/test_plot.py."""

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


def test_plots_stand_beside_each_other_and_may_be_shown_again() -> None:
    app = AppTest.from_function(page).run().run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == len(app.get("bidi_component")) == 2
