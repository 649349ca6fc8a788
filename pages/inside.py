"""Look inside: what a network makes of an image, layer by layer, and why it says what it says."""

import streamlit as st

from trainer import UserError
from trainer.analysis import answer_charts
from trainer.figures import sheets
from ui import entry, inside, network_picker
from ui.digit_input import canvas, reading, tabs
from ui.html import style
from ui.inside import subject
from ui.inside.subject import Look
from ui.network_picker import Judge

entry.require_app("inside")


@st.fragment
def look_inside(judge: Judge) -> None:
    """Show the image, what the network says of it, and the view that is asked for; a stroke runs this alone again."""
    ways, sentence = tabs.two_columns("center")
    paper, chart = tabs.two_columns()
    tools, views = tabs.two_columns()
    paper = paper.container(key="paper", gap=None)
    # Set anew, since a choice that was made on another page by default alone is not kept.
    st.session_state.source = (tabs.chosen() or tabs.DRAW) if judge.kind.digits else tabs.TEST
    st.session_state.pen = st.session_state.get("pen") or "Medium"
    with paper:
        source = tabs.show(judge)
    read, error = reading.read(judge, source)
    focus = tabs.focus(len(read))
    answer = None if focus is None else read[focus]
    words = reading.sentence(source, [answer] if answer else [])
    with chart:
        st.plotly_chart(
            answer_charts.probability_bars(answer), config={"staticPlot": True}, alt=words, key="inside.bars"
        )
    with sentence:
        st.markdown(words)
        if error:
            st.error(error)
    with paper:
        tabs.mark(source, read, focus)
    with ways:
        if judge.kind.digits:
            tabs.switch()
    with tools:
        tabs.tools(judge)
        tabs.choose_focus(len(read))
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


style(tabs.STYLE, sheets.STYLE, subject.STYLE)
title, networks = tabs.two_columns("bottom")
title.title("Look inside", anchor=False)
with networks:
    judge = network_picker.ask()
look_inside(judge)
canvas.send_at_once()
