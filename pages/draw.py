"""Draw page: a drawn digit, the predictions of one or more networks, and the steps to the network's input."""

from contextlib import nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from trainer import UserError
from trainer.analysis import answer_charts
from trainer.analysis.answer import Answer
from ui import entry, followed_digits, load_control, network_picker
from ui.components import live_text
from ui.digit_input import canvas, reading, tabs
from ui.draw import my_drawings, steps
from ui.html import style
from ui.markdown import sentence
from ui.network_choice import NetworkChoice

entry.require_app("draw")

STYLE = Path(__file__).with_suffix(".css")


class Layout(NamedTuple):
    """Places of the parts of an answer on the page."""

    sentence: DeltaGenerator
    paper: DeltaGenerator
    chart: DeltaGenerator
    tools: DeltaGenerator
    my_drawings: DeltaGenerator


@st.fragment
def render_page(choice: NetworkChoice, others: list[NetworkChoice]) -> None:
    """Lay out the page and render the parts that a stroke does not change."""
    tab_place, answer_place = tabs.two_columns("center")
    paper, chart = tabs.two_columns()
    tools, drawings = tabs.two_columns()
    with tab_place:
        tabs.select_tab()
    if tabs.selected_tab() == tabs.DRAW:
        with tools:
            tabs.render_tools(choice)
    alternatives = steps.select_alternatives(disabled=tabs.selected_tab() == tabs.TEST)
    with suppress(UserError):
        _ = choice.network  # load it before the first stroke, which would wait for it
    layout = Layout(answer_place, paper.container(key="paper", gap=None), chart, tools, drawings)
    render_answers(choice, others, alternatives, layout)


@st.fragment
def render_answers(choice: NetworkChoice, others: list[NetworkChoice], alternatives: list[str], layout: Layout) -> None:
    """Render the canvas and the predictions; a stroke reruns only this fragment."""
    image, answer = render_answer(choice, alternatives, layout)
    if others:
        network_picker.render_comparison(image, choice, answer, others)


def render_answer(
    choice: NetworkChoice, alternatives: list[str], layout: Layout
) -> tuple[np.ndarray | None, Answer | None]:
    """Render the prediction of one network, the bars first; return the image in focus and its answer."""
    rendering = load_control.rendering if tabs.selected_tab() == tabs.DRAW else nullcontext
    with rendering(), layout.paper:
        source = tabs.render_input(choice)
    read, error = reading.read(choice, source)
    focus = tabs.focused_digit(len(read))
    image, answer = (None, None) if focus is None else (source.images[focus], read[focus])
    others = steps.predict_alternatives(source, focus, choice, answer, alternatives)
    description = answer.sentence if answer else source.hint
    with rendering():
        layout.chart.plotly_chart(
            answer_charts.probability_bars(answer), config={"staticPlot": True}, alt=description, key="bars"
        )
        with layout.sentence:
            live_text.render(reading.sentence(source, read), key="sentence")
            if error:
                st.error(sentence(error))
        with layout.paper:
            tabs.render_boxes(source, read, focus)
        steps.render(source, focus, others)
    with layout.tools:
        if tabs.selected_tab() != tabs.DRAW:
            tabs.render_tools(choice)
        followed_digits.render_follow_button(image)
    with layout.my_drawings:
        tabs.select_focus(len(read))
        drawing = None if source.label is not None else image
        drawing_id = source.sheet and f"{source.sheet} {focus} of {len(read)}"
        predicted = answer.best if answer and answer.is_finite else None
        my_drawings.render(drawing, predicted, choice.id, drawing_id)
    return image, answer


style(STYLE, tabs.STYLE, steps.STYLE)
title, picker = tabs.two_columns("bottom")
title.title("Draw a digit", anchor=False)
with picker:
    choice, *others = network_picker.select_several()
network_picker.render_introduction(choice)
with st.container(key="draw"):
    render_page(choice, others)
canvas.send_at_once()
