"""Look inside page: the layers of a network for one image, and the reasons for its answer."""

import streamlit as st

from trainer import UserError
from trainer.analysis import answer_charts
from trainer.figures import sheets
from ui import entry, inside, network_picker
from ui.digit_input import canvas, reading, tabs
from ui.html import style
from ui.inside import subject
from ui.inside.subject import Subject
from ui.markdown import sentence
from ui.network_choice import NetworkChoice

entry.require_app("inside")


@st.fragment
def look_inside(choice: NetworkChoice) -> None:
    """Render the image, the network's answer and the selected view; a stroke reruns only this fragment."""
    tab_place, answer_place = tabs.two_columns("center")
    paper, chart = tabs.two_columns()
    tools, views = tabs.two_columns()
    paper = paper.container(key="paper", gap=None)
    # Streamlit drops a widget's value on another page, unless the visitor has changed it: set the defaults again.
    st.session_state.source = (tabs.selected_tab() or tabs.DRAW) if choice.info.is_digits else tabs.TEST
    st.session_state.pen = st.session_state.get("pen") or "Medium"
    with paper:
        source = tabs.render_input(choice)
    read, error = reading.read(choice, source)
    focus = tabs.focused_digit(len(read))
    answer = None if focus is None else read[focus]
    text = reading.sentence(source, [answer] if answer else [])
    with chart:
        st.plotly_chart(
            answer_charts.probability_bars(answer), config={"staticPlot": True}, alt=text, key="inside.bars"
        )
    with answer_place:
        st.markdown(text)
        if error:
            st.error(sentence(error))
    with paper:
        tabs.render_boxes(source, read, focus)
    with tab_place:
        if choice.info.is_digits:
            tabs.select_tab()
    with tools:
        tabs.render_tools(choice)
        tabs.select_focus(len(read))
    with views:
        view = inside.select_view()
    if answer is None and view.needs_image:
        st.info(f"{source.hint} Then you can see here what happens inside the network.")
        return
    image = None if focus is None else source.images[focus]
    try:
        view.render(Subject(choice, choice.network, image, answer))
    except UserError as failure:
        st.error(sentence(str(failure)))


style(tabs.STYLE, sheets.STYLE, subject.STYLE)
title, picker = tabs.two_columns("bottom")
title.title("Look inside", anchor=False)
with picker:
    choice = network_picker.select()
look_inside(choice)
canvas.send_at_once()
