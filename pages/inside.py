"""Look inside: what a network makes of an image, layer by layer, and why it says what it says."""

import streamlit as st

from trainer import UserError, bars
from trainer.answer import Answer, answers
from trainer.figures import sheets
from ui.html import style
from widgets import canvas, inside, judges, sources
from widgets.inside import look
from widgets.inside.look import Look
from widgets.judges import Judge
from widgets.source import Source

if "engine" not in st.session_state:  # the first page a fresh server shows runs without app.py
    st.switch_page("app.py", query_params={**st.query_params.to_dict(), "page": "inside"})


@st.fragment
def look_inside(judge: Judge) -> None:
    """Show the image, what the network says of it, and the view that is asked for; a stroke runs this alone again."""
    ways, sentence = sources.two_columns("center")
    paper, chart = sources.two_columns()
    tools, views = sources.two_columns()
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
        alt = tell(source, answer)
        st.plotly_chart(bars.probability_bars(answer), config={"staticPlot": True}, alt=alt, key="inside.bars")
    with sentence:
        st.markdown(tell(source, answer))
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
        st.info(f"What happens inside the network is shown here. {source.hint}")
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


def tell(source: Source, answer: Answer | None) -> str:
    if answer is None:
        return source.hint
    return answer.sentence if source.label is None else answer.judged(source.label)


style(sources.STYLE, sheets.STYLE, look.STYLE)
title, networks = sources.two_columns("bottom")
title.title("Look inside", anchor=False)
with networks:
    judge = judges.ask()
look_inside(judge)
canvas.send_at_once()
