"""Draw: write a digit and see what networks say of it, and what they see."""

import streamlit as st

from trainer import UserError, bars
from trainer.answer import Answer, answers, reading
from widgets import canvas, collection, followed, judges, said, seen, sources
from widgets.judges import Judge
from widgets.source import Source

if "engine" not in st.session_state:  # the first page a fresh server shows runs without app.py
    st.switch_page("app.py", query_params={**st.query_params.to_dict(), "page": "draw"})

STYLE = """<style>
    @media (max-width: 640px) {  /* so that the bars come into view with the paper */
        .stMainBlockContainer { padding-top: 3.25rem }
        .stMainBlockContainer h1 { font-size: 1.75rem; padding: 0.25rem 0 }
        .st-key-network label { display: none }
        .st-key-introduction p { font-size: 0.8rem }
        .st-key-introduction, .st-key-draw .stVerticalBlock, .st-key-draw .stHorizontalBlock { gap: 0.6rem }
    }
</style>"""


@st.fragment
def draw(answering: Judge, others: list[Judge]) -> None:
    """Show the paper and what is said of what is on it; a stroke runs this alone again, and the bars come first."""
    ways, sentence = sources.two_columns("center")
    paper, chart = sources.two_columns()
    tools, meant = sources.two_columns()
    paper = paper.container(key="paper", gap=None)
    with paper:
        source = sources.show(answering)
    read, error = ask(answering, source)
    focus = sources.focus(len(read))
    answer = None if focus is None else read[focus]
    words = answer.sentence if answer else source.hint
    chart.plotly_chart(bars.probability_bars(answer), config={"staticPlot": True}, alt=words, key="bars")
    with sentence:
        said.say(tell(source, read), key="sentence")
        if error:
            st.error(error)
    with ways:
        sources.switch()
    image = None if focus is None else source.images[focus]
    with tools:
        sources.tools(answering)
        followed.offer(image)
    with paper:
        sources.mark(source, read, focus)
    with meant:
        sources.choose_focus(len(read))
        drawn = None if source.label is not None else image
        about = source.sheet and f"{source.sheet} {focus} of {len(read)}"
        collection.ask(drawn, answer.best if answer and answer.has_numbers else None, answering.id, about)
    seen.show(source, focus, answering, answer)
    if others:
        judges.compare(image, answering, answer, others)


def ask(answering: Judge, source: Source) -> tuple[list[Answer], str]:
    """Return what the network says of each digit, or why it cannot."""
    try:
        network = answering.network  # also for blank paper, so that the first stroke need not wait for it
        return answers(network, source.images, strange=source.label is None), source.error
    except UserError as error:
        return [], str(error)


def tell(source: Source, read: list[Answer]) -> str:
    if not read:
        return source.hint
    if len(read) > 1:
        return reading(read)
    (answer,) = read
    return answer.sentence if source.label is None else answer.judged(source.label)


st.html(STYLE + sources.STYLE + seen.STYLE)
title, networks = sources.two_columns("bottom")
title.title("Draw a digit", anchor=False)
with networks:
    answering, *others = judges.choose()
judges.introduce(answering)
judges.badge()
with st.container(key="draw"):
    draw(answering, others)
canvas.send_at_once()
