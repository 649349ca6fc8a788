"""One drawing, judged by all: on the paper that Draw and Look inside share."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.analysis import answer_charts
from trainer.analysis.answer import Answer, answers, verdict
from trainer.figures.palette import mark
from trainer.text import percent
from ui.compare.selection import Chosen
from ui.digit_input import canvas, tabs
from ui.digit_input.source import Source
from ui.html import style
from ui.markdown import literal


def show(runs: list[Chosen]) -> None:
    """Let the networks that have learned digits judge what is drawn."""
    judges = [one for one in runs if one.kind.digits]
    if others := [one for one in runs if not one.kind.digits]:
        names = literal(", ".join(one.name for one in others))
        have = "has" if len(others) == 1 else "have"
        st.info(f"{names} {have} not learned digits: a drawing is nothing to {'it' if len(others) == 1 else 'them'}.")
    if not judges:
        st.page_link("pages/runs.py", label="Choose runs that learned digits", icon=":material/list:")
        return
    style(tabs.STYLE)
    _judge(judges)
    canvas.send_at_once()


@st.fragment
def _judge(runs: list[Chosen]) -> None:
    """Show the paper and what all say of what is on it; a stroke runs this alone again."""
    ways, sentence = tabs.two_columns("center")
    paper, chart = tabs.two_columns()
    tools, focused = tabs.two_columns()
    paper = paper.container(key="paper", gap=None)
    st.session_state.source = tabs.chosen() or tabs.DRAW  # set anew, as on the other pages with a paper
    st.session_state.pen = st.session_state.get("pen") or "Medium"
    with paper:
        source = tabs.show(runs[0].judge)
    said = {one: _ask(one, source) for one in runs}
    first = next((read for read in said.values() if read), [])
    focus = tabs.focus(len(first))
    at = [(one, read[focus] if read and focus is not None else None) for one, read in said.items()]
    words = _words(source, [(one.name, answer) for one, answer in at if answer])
    rows = [(f"{mark(one.colour)} {one.name}\n{percent(one.state.test_accuracy)}", answer) for one, answer in at]
    figure = answer_charts.judges_rows(rows, [one.colour.line for one in runs])
    with chart:
        st.plotly_chart(figure, config={"staticPlot": True}, alt=words, key="compare.judged")
    with sentence:
        st.markdown(literal(words))
        if source.error:
            st.error(source.error)
    with paper:
        tabs.mark(source, first, focus)
    with ways:
        tabs.switch()
    with tools:
        tabs.tools(runs[0].judge)
    with focused:
        tabs.choose_focus(len(first))
        for one, read in said.items():
            if read is None:
                begun = "has only begun to learn: it answers some seconds from now"
                st.caption(f"{literal(one.name)} {begun if one.live else 'has no network that works'}.")


def _ask(one: Chosen, source: Source) -> list[Answer] | None:
    """Return what a network says of each digit, or None where it has not begun or is damaged."""
    try:
        return answers(one.judge.network, source.images, strange=source.label is None)
    except UserError:
        return None


def _words(source: Source, said: list[tuple[str, Answer]]) -> str:
    if not said:
        return source.hint
    words = verdict(said) if len(said) > 1 else said[0][1].sentence
    if source.label is None:
        return words
    right = sum(answer.has_numbers and answer.best == source.label for _, answer in said)
    return f"{words} It is {source.label}: {right} of {len(said)} right."
