"""Look inside: what a network makes of an image, layer by layer, and why it says what it says."""

import streamlit as st

from trainer import UserError, bars
from trainer.figures import sheets
from ui import entry
from ui.digit_input import reading
from ui.html import style
from widgets import canvas, inside, judges, sources
from widgets.inside import look
from widgets.inside.look import Look
from widgets.judges import Judge

entry.require_app("inside")


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
    read, error = reading.read(judge, source)
    focus = sources.focus(len(read))
    answer = None if focus is None else read[focus]
    words = reading.sentence(source, [answer] if answer else [])
    with chart:
        st.plotly_chart(bars.probability_bars(answer), config={"staticPlot": True}, alt=words, key="inside.bars")
    with sentence:
        st.markdown(words)
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


style(sources.STYLE, sheets.STYLE, look.STYLE)
title, networks = sources.two_columns("bottom")
title.title("Look inside", anchor=False)
with networks:
    judge = judges.ask()
look_inside(judge)
canvas.send_at_once()
