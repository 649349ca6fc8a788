"""Draw page: a drawn digit, the predictions of one or more networks, and the steps to the network's input."""

from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from trainer import UserError
from trainer.analysis.answer import Answer
from trainer.analysis.hand import Hand
from ui import entry, followed_digits, load_control, network_picker
from ui.components import live_text
from ui.digit_input import canvas, reading, tabs
from ui.digit_input.inputs import DigitInput
from ui.digit_input.reading import Reading
from ui.draw import bars, comparison, my_drawings, own_hand, steps
from ui.html import style
from ui.markdown import sentence
from ui.network_choice import NetworkChoice

entry.require_app("draw")

STYLE = Path(__file__).with_suffix(".css")


class Layout(NamedTuple):
    """Places of the parts of an answer on the page."""

    paper: DeltaGenerator
    tools: DeltaGenerator
    sentence: DeltaGenerator
    bars: DeltaGenerator
    comparison: DeltaGenerator
    labels: DeltaGenerator


def lay_out() -> Layout:
    """Lay out the paper with its tools on the left, and the answer on the right, or below it on a phone."""
    row = st.container(horizontal=True, gap="medium", key="draw.row")
    with row.container(gap="xsmall"):
        tabs.select_tab()
        paper, tools = st.container(key="paper", gap=None), st.container(gap="xsmall")
    with row.container(gap="xsmall"):
        text = st.container(key="draw.sentence")
        charts = st.container(horizontal=True, gap="small", key="draw.charts")
        labels = st.container()
    return Layout(paper, tools, text, charts.container(), charts.container(), labels)


@st.fragment
def render_page(choice: NetworkChoice, others: list[NetworkChoice]) -> None:
    """Lay out the page and render the parts that a stroke does not change."""
    layout = lay_out()
    if tabs.selected_tab() == tabs.DRAW:
        with layout.tools:
            tabs.render_tools(choice)
    alternatives = steps.select_alternatives(disabled=tabs.selected_tab() == tabs.TEST)
    render_answers(choice, others, alternatives, layout)


@st.fragment
def render_answers(choice: NetworkChoice, others: list[NetworkChoice], alternatives: list[str], layout: Layout) -> None:
    """Render the paper and the predictions, the bars first; a stroke reruns only this fragment."""
    with suppress(UserError):
        _ = choice.network  # read it before the turn
    hand = own_hand.find(choice)
    with rendering():
        with layout.paper:
            source = tabs.render_input(choice)
        read = reading.read(choice, source, hand)
        answers, _ = read
        focus = tabs.focused_digit(len(answers))
        image, answer = (None, None) if focus is None else (source.images[focus], answers[focus])
        render_reading(choice, hand, source, read, layout)
        with layout.paper:
            tabs.render_boxes(source, answers, focus)
        alternative_answers = steps.predict_alternatives(source, focus, choice, answer, alternatives)
        steps.render(source, focus, alternative_answers)
    if tabs.selected_tab() != tabs.DRAW:
        with layout.tools:
            tabs.render_tools(choice)
    with layout.labels.container():  # always there: a stroke may only write where the whole page has written
        tabs.select_focus(len(answers))
        render_labels(choice, source, focus, answers)
        own_hand.render(choice, hand)
    if others:
        with layout.comparison:
            comparison.render(image, choice, answer, others)


def rendering() -> AbstractContextManager[None]:
    """Return a context in which a part of a drawing's answer is rendered, in turns with those of other visitors."""
    return load_control.rendering() if tabs.selected_tab() == tabs.DRAW else nullcontext()


@st.fragment
def render_reading(
    choice: NetworkChoice, hand: Hand | None, finished: DigitInput, read: Reading, layout: Layout
) -> None:
    """Render the bars and the sentence; while the pen draws a stroke, this fragment alone is rerun with its points.

    It shows no pictures: a browser that decodes six of them ten times a second cannot follow the pen.
    """
    with rendering(), tabs.follow_pen(finished) as source:
        answers, error = read if source is finished else reading.read(choice, source, hand)
        focus = tabs.focused_digit(len(answers))
        answer = None if focus is None else answers[focus]
        with layout.bars:
            bars.render(answer, alt=answer.sentence if answer else source.hint)
        with layout.sentence:
            live_text.render(reading.sentence(source, answers), "sentence", is_final=not source.is_unfinished)
            if error:
                st.error(sentence(error))


def render_labels(choice: NetworkChoice, source: DigitInput, focus: int | None, answers: list[Answer]) -> None:
    """Render the buttons that label the digit in focus, unless it is a test digit, which has a label."""
    if source.label is not None:
        if focus is not None:
            followed_digits.render_follow_button(source.images[focus], source.label)
    elif focus is None:
        my_drawings.render(None, None, choice.id)
    else:
        drawing_id = source.sheet and f"{source.sheet} {focus} of {len(answers)}"
        lines = source.steps[focus].lines
        my_drawings.render(source.images[focus], answers[focus], choice.id, drawing_id, lines)


style(tabs.STYLE, STYLE, steps.STYLE)
choice, *others = network_picker.select_several("Draw a digit")
network_picker.render_introduction(choice)
render_page(choice, others)
canvas.send_at_once()
