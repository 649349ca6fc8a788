"""Look inside: what a network makes of an image, layer by layer, and why it says what it says."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from trainer import UserError, bars, sheets
from trainer.answer import Answer, answers
from widgets import canvas, inside, judges, sources
from widgets.inside import look
from widgets.inside.look import Look
from widgets.judges import Judge
from widgets.source import Source

if "engine" not in st.session_state:  # the first page a fresh server shows runs without app.py
    st.switch_page("app.py", query_params={**st.query_params.to_dict(), "page": "inside"})

ANSWER = 560  # pixels wide, beside the paper, or less on a phone


def two_columns(vertical_alignment: str = "top") -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return two places, side by side where both have room, else one above the other."""
    row = st.container(horizontal=True, gap="small", vertical_alignment=vertical_alignment)
    return row.container(width=canvas.SIDE, gap="small"), row.container(width=ANSWER, gap="small")


@st.fragment
def look_inside(judge: Judge) -> None:
    """Show the image, what the network says of it, and the view that is asked for; a stroke runs this alone again."""
    ways, sentence = two_columns("center")
    paper, chart = two_columns()
    tools, views = two_columns()
    paper = paper.container(key="paper", gap=None)
    # Set anew, since a choice that was made on another page by default alone is not kept.
    st.session_state.source = (sources.chosen() or sources.DRAW) if judge.kind.digits else sources.TEST
    st.session_state.pen = st.session_state.get("pen") or "Medium"
    with paper:
        source = sources.show(judge)
    read, error = ask(judge, source)
    focus = sources.focus(len(read))
    answer = None if focus is None else read[focus]
    with chart:
        show_bars(judge, answer, source)
    with sentence:
        st.markdown(tell(judge, source, answer))
        if error:
            st.error(error)
    with paper:
        sources.mark(source, read, focus)
    with ways:
        if judge.kind.digits:
            sources.switch()
    with tools:
        sources.tools(judge)
        sources.choose_focus(len(read))
    with views:
        view = inside.ask()
    if answer is None and view.needs_image:
        st.info("Draw a digit, or take a test digit: what happens inside the network is shown here.")
        return
    image = None if focus is None else source.images[focus]
    try:
        view.show(Look(judge, judge.network, image, answer))
    except UserError as failure:
        st.error(str(failure))


def ask(judge: Judge, source: Source) -> tuple[list[Answer], str]:
    """Return what the network says of each image, or why it cannot."""
    try:
        network = judge.network
        if source.images.shape[1:] != judge.kind.shape:
            return [], source.error
        return answers(network, source.images, strange=source.label is None, kind=judge.kind), source.error
    except UserError as error:
        return [], str(error)


def tell(judge: Judge, source: Source, answer: Answer | None) -> str:
    if answer is None:
        return source.hint
    if source.label is None:
        return answer.sentence
    right = answer.has_numbers and answer.best == source.label
    return f"{answer.sentence} {'Right.' if right else f'Wrong: it is {judge.kind.named(source.label)}.'}"


def show_bars(judge: Judge, answer: Answer | None, source: Source) -> None:
    figure = bars.probability_bars(answer)
    if not judge.kind.digits:
        words = [f'<span style="color: currentColor">{word}</span>' for word in judge.kind.classes]
        figure["layout"]["yaxis"] |= {"ticktext": words}
        figure["layout"]["annotations"] = []
    alt = tell(judge, source, answer)
    st.plotly_chart(figure, config={"staticPlot": True}, alt=alt, key="inside.bars")


st.html(sources.STYLE + sheets.STYLE + look.STYLE)
title, networks = two_columns("bottom")
title.title("Look inside", anchor=False)
with networks:
    judge = judges.ask()
look_inside(judge)
canvas.send_at_once()
