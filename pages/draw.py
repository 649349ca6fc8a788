"""Draw: write a digit and see what networks say of it, and what they see."""

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
from ui.network_picker import Judge

entry.require_app("draw")

STYLE = Path(__file__).with_suffix(".css")


class Places(NamedTuple):
    """Where the parts of an answer stand on the page."""

    sentence: DeltaGenerator
    paper: DeltaGenerator
    chart: DeltaGenerator
    tools: DeltaGenerator
    meant: DeltaGenerator


@st.fragment
def draw(answering: Judge, others: list[Judge]) -> None:
    """Lay out the page and show what a stroke does not change."""
    ways, sentence = tabs.two_columns("center")
    paper, chart = tabs.two_columns()
    tools, meant = tabs.two_columns()
    with ways:
        tabs.switch()
    if tabs.chosen() == tabs.DRAW:
        with tools:
            tabs.tools(answering)
    otherwise = steps.ask(disabled=tabs.chosen() == tabs.TEST)
    with suppress(UserError):
        _ = answering.network  # so that the first stroke need not wait for it, nor keep others waiting
    show(answering, others, otherwise, Places(sentence, paper.container(key="paper", gap=None), chart, tools, meant))


@st.fragment
def show(answering: Judge, others: list[Judge], otherwise: list[str], places: Places) -> None:
    """Show the paper and what is said of what is on it; a stroke runs this alone again."""
    with load_control.turn if tabs.chosen() == tabs.DRAW else nullcontext():
        image, best = show_answer(answering, otherwise, places)
    if others:
        network_picker.compare(image, answering, best, others)


def show_answer(answering: Judge, otherwise: list[str], places: Places) -> tuple[np.ndarray | None, Answer | None]:
    """Show what one network says, the bars first; return the digit that is looked at and what is said of it."""
    with places.paper:
        source = tabs.show(answering)
    read, error = reading.read(answering, source)
    focus = tabs.focus(len(read))
    image, answer = (None, None) if focus is None else (source.images[focus], read[focus])
    words = answer.sentence if answer else source.hint
    places.chart.plotly_chart(
        answer_charts.probability_bars(answer), config={"staticPlot": True}, alt=words, key="bars"
    )
    with places.sentence:
        live_text.say(reading.sentence(source, read), key="sentence")
        if error:
            st.error(error)
    with places.tools:
        if tabs.chosen() != tabs.DRAW:
            tabs.tools(answering)
        followed_digits.offer(image)
    with places.paper:
        tabs.mark(source, read, focus)
    with places.meant:
        tabs.choose_focus(len(read))
        drawn = None if source.label is not None else image
        about = source.sheet and f"{source.sheet} {focus} of {len(read)}"
        my_drawings.ask(drawn, answer.best if answer and answer.has_numbers else None, answering.id, about)
    steps.show(source, focus, answering, answer, otherwise)
    return image, answer


style(STYLE, tabs.STYLE, steps.STYLE)
title, networks = tabs.two_columns("bottom")
title.title("Draw a digit", anchor=False)
with networks:
    answering, *others = network_picker.choose()
network_picker.introduce(answering)
network_picker.badge()
with st.container(key="draw"):
    draw(answering, others)
canvas.send_at_once()
