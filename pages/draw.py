"""Draw: write a digit and see what networks say of it, and what they see."""

from contextlib import nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from trainer import UserError, bars
from trainer.answer import Answer
from ui import entry
from ui.digit_input import reading
from ui.html import style
from widgets import canvas, collection, crowd, followed, judges, said, seen, sources
from widgets.judges import Judge

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
    ways, sentence = sources.two_columns("center")
    paper, chart = sources.two_columns()
    tools, meant = sources.two_columns()
    with ways:
        sources.switch()
    if sources.chosen() == sources.DRAW:
        with tools:
            sources.tools(answering)
    otherwise = seen.ask(disabled=sources.chosen() == sources.TEST)
    with suppress(UserError):
        _ = answering.network  # so that the first stroke need not wait for it, nor keep others waiting
    show(answering, others, otherwise, Places(sentence, paper.container(key="paper", gap=None), chart, tools, meant))


@st.fragment
def show(answering: Judge, others: list[Judge], otherwise: list[str], places: Places) -> None:
    """Show the paper and what is said of what is on it; a stroke runs this alone again."""
    with crowd.turn if sources.chosen() == sources.DRAW else nullcontext():
        image, best = show_answer(answering, otherwise, places)
    if others:
        judges.compare(image, answering, best, others)


def show_answer(answering: Judge, otherwise: list[str], places: Places) -> tuple[np.ndarray | None, Answer | None]:
    """Show what one network says, the bars first; return the digit that is looked at and what is said of it."""
    with places.paper:
        source = sources.show(answering)
    read, error = reading.read(answering, source)
    focus = sources.focus(len(read))
    image, answer = (None, None) if focus is None else (source.images[focus], read[focus])
    words = answer.sentence if answer else source.hint
    places.chart.plotly_chart(bars.probability_bars(answer), config={"staticPlot": True}, alt=words, key="bars")
    with places.sentence:
        said.say(reading.sentence(source, read), key="sentence")
        if error:
            st.error(error)
    with places.tools:
        if sources.chosen() != sources.DRAW:
            sources.tools(answering)
        followed.offer(image)
    with places.paper:
        sources.mark(source, read, focus)
    with places.meant:
        sources.choose_focus(len(read))
        drawn = None if source.label is not None else image
        about = source.sheet and f"{source.sheet} {focus} of {len(read)}"
        collection.ask(drawn, answer.best if answer and answer.has_numbers else None, answering.id, about)
    seen.show(source, focus, answering, answer, otherwise)
    return image, answer


style(STYLE, sources.STYLE, seen.STYLE)
title, networks = sources.two_columns("bottom")
title.title("Draw a digit", anchor=False)
with networks:
    answering, *others = judges.choose()
judges.introduce(answering)
judges.badge()
with st.container(key="draw"):
    draw(answering, others)
canvas.send_at_once()
