"""The answers of several networks to one drawing, made on the canvas that Draw and Look inside share."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.analysis import answer_charts
from trainer.analysis.answer import Answer, agreement_text, predict
from trainer.figures.palette import symbol
from trainer.text import percent
from ui.compare.selection import ComparedRun
from ui.digit_input import canvas, tabs
from ui.digit_input.inputs import DigitInput
from ui.html import style
from ui.markdown import literal, sentence


def render(runs: list[ComparedRun]) -> None:
    """Render the canvas and the answers of the networks that have learned digits."""
    digit_runs = [one for one in runs if one.info.is_digits]
    if others := [one for one in runs if not one.info.is_digits]:
        names = literal(", ".join(one.name for one in others))
        have = "has" if len(others) == 1 else "have"
        st.info(f"{names} {have} not learned digits and cannot read a drawing.")
    if not digit_runs:
        st.page_link("pages/runs.py", label="Choose runs that learned digits", icon=":material/list:")
        return
    style(tabs.STYLE)
    _render_answers(digit_runs)
    canvas.send_at_once()


@st.fragment
def _render_answers(runs: list[ComparedRun]) -> None:
    """Render the canvas and all answers; a stroke reruns this fragment alone."""
    left, right = tabs.two_columns()
    ways, paper, tools = left.container(), left.container(key="paper", gap=None), left.container()
    answer_place, chart, focus_row = right.container(), right.container(), right.container()
    st.session_state.source = tabs.selected_tab() or tabs.DRAW  # set again, as on the other pages with a canvas
    st.session_state.pen = st.session_state.get("pen") or "Medium"
    with paper:
        source = tabs.render_input(runs[0].network)
    answers: dict[ComparedRun, list[Answer]] = {}
    problems: dict[ComparedRun, str] = {}
    for one in runs:
        try:
            answers[one] = predict(one.network.network, source.images, strange=source.label is None)
        except UserError as failure:
            problems[one] = str(failure)
    first = next((found for found in answers.values() if found), [])
    focus = tabs.focused_digit(len(first))
    found = {one: read[focus] for one, read in answers.items() if read and focus is not None}
    focused = [(one, found.get(one)) for one in runs]
    words = _summary(source, [(one.name, answer) for one, answer in focused if answer])
    rows = [
        (f"{symbol(one.line_style)} {one.name}\n{percent(one.state.test_accuracy)}", answer) for one, answer in focused
    ]
    figure = answer_charts.network_rows(rows, [one.line_style.color for one in runs])
    with chart:
        st.plotly_chart(figure, config={"staticPlot": True}, alt=words, key="compare.judged")
    with answer_place:
        st.markdown(literal(words))
        if source.error:
            st.error(sentence(source.error))
    with paper:
        tabs.render_boxes(source, first, focus)
    with ways:
        tabs.select_tab()
    with tools:
        tabs.render_tools(runs[0].network)
    with focus_row:
        tabs.select_focus(len(first))
        for one, problem in problems.items():
            starting = "It has only just started: it answers in a few seconds."
            st.caption(f"{literal(one.name)}: {starting if one.live else literal(problem)}")


def _summary(source: DigitInput, answers: list[tuple[str, Answer]]) -> str:
    if not answers:
        return source.hint
    words = agreement_text(answers) if len(answers) > 1 else answers[0][1].sentence
    if source.label is None:
        return words
    right = sum(answer.is_finite and answer.best == source.label for _, answer in answers)
    return f"{words} It is {source.label}: {right} of {len(answers)} right."
