"""Look inside page: a network as one picture of its layers for an image, and the reasons for its answer."""

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from trainer import UserError
from trainer.figures import sheets
from ui import dataset_loader, entry, inside, load_control, network_picker
from ui.components import live_text
from ui.digit_input import canvas, reading, tabs
from ui.digit_input.inputs import DigitInput
from ui.html import style
from ui.inside import subject
from ui.inside.subject import Subject
from ui.markdown import sentence
from ui.network_choice import NetworkChoice

entry.require_app("inside")

STYLE = Path(__file__).with_suffix(".css")
UPDATE_SECONDS = 2.0  # between two looks at a network that trains: its file is replaced at most that often


@st.fragment
def look_inside(choice: NetworkChoice, every: float | None) -> None:
    """Render the input and what is inside; a finished stroke reruns only this fragment."""
    # Streamlit drops a widget's value on another page, unless the visitor has changed it: set the defaults again.
    st.session_state.source = (tabs.selected_tab() or tabs.DRAW) if choice.info.is_digits else tabs.TEST
    st.session_state.pen = st.session_state.get("pen") or "Medium"
    grid = st.container(horizontal=True, gap="medium", key="inside")
    with grid.container(width=canvas.SIDE, gap="small", key="inside-input"):
        if choice.info.is_digits:
            tabs.select_tab()
        paper = st.container(key="paper", gap=None)
        with paper:
            source = tabs.render_input(choice)
        tabs.render_tools(choice)
        tabs.select_focus(len(source.images))
    with grid:
        st.fragment(render_answer, run_every=every)(choice, every, source, paper)


def render_answer(choice: NetworkChoice, every: float | None, finished: DigitInput, paper: DeltaGenerator) -> None:
    """Render the network's answer and the selected view.

    While the pen draws a stroke, this fragment alone is rerun with its points. While the network trains, it runs again
    every so many seconds.
    """
    if every and (not is_training(choice) or load_control.poll_seconds(UPDATE_SECONDS, every) != every):
        st.rerun()
    finished_read = reading.read(choice, finished)
    with paper:
        tabs.render_boxes(finished, finished_read[0], tabs.focused_digit(len(finished_read[0])))
    head, body = st.container(gap="small", key="inside-head"), st.container(gap="small", key="inside-view")
    with body, tabs.follow_pen(finished) as source:
        read, error = finished_read if source is finished else reading.read(choice, source)
        focus = tabs.focused_digit(len(read))
        answer, image = (None, None) if focus is None else (read[focus], source.images[focus])
        text = reading.sentence(source, [answer] if answer else [])
        if answer is None and not error and (example := example_digit(choice)):
            read, error = reading.read(choice, example)
            answer, image = (*read, None)[0], example.images[0]
            text = f"{source.hint} Until then, you see a test {choice.info.noun}."
        with head:
            live_text.render(text, key="inside.sentence", is_final=not source.is_unfinished)
            if error:
                st.error(sentence(error))
            view = inside.select_view()
        if answer is None and view.needs_image:
            if not error:
                st.info(f"{source.hint} Then you can see here what happens inside the network.")
            return
        try:
            view.render(Subject(choice, choice.network, image, answer, source.is_unfinished))
        except UserError as failure:
            st.error(sentence(str(failure)))


def example_digit(choice: NetworkChoice) -> DigitInput | None:
    """Return the first test image if its data set is loaded, to show the network at work before anything is drawn."""
    dataset = dataset_loader.available(choice.dataset)
    return DigitInput(dataset.images("test", slice(0, 1)), "", label=int(dataset.y_test[0])) if dataset else None


def is_training(choice: NetworkChoice) -> bool:
    run = st.session_state.engine.runs.get(choice.id)
    return run is not None and run.state.phase == "running"


style(tabs.STYLE, sheets.STYLE, subject.STYLE, STYLE)
choice = network_picker.select("Look inside")
every = load_control.poll_seconds(UPDATE_SECONDS) if is_training(choice) else None
look_inside(choice, every)
canvas.send_at_once()
