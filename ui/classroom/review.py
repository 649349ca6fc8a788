"""The class's digits for their teacher: a click sets a drawing aside, or puts it back."""

from __future__ import annotations

import streamlit as st

from trainer.analysis.answer import named
from trainer.classroom.digits import ClassDigits
from trainer.classroom.teacher import Teacher
from trainer.config.limits import CLASSES
from trainer.data.statistics import SAMPLE_SIZE
from trainer.text import counted
from ui.callbacks import attempt
from ui.classroom import shared
from ui.data import image_grid

WIDTH = 420  # pixels of a grid


@st.fragment
def render(teacher: Teacher) -> None:
    """Render the drawings of one digit: those of the class, and those that were set aside."""
    digit = st.segmented_control(
        "Digit",
        range(CLASSES),
        default=None if "class.review" in st.session_state else 0,
        required=True,
        label_visibility="collapsed",
        persist_state="session",
        key="class.review",
    )
    with st.container(horizontal=True, gap="large"):
        for is_aside in (False, True):
            with st.container(width=WIDTH, gap="small"):
                _render_grid(teacher, digit or 0, is_aside)


def _render_grid(teacher: Teacher, digit: int, is_aside: bool) -> None:
    drawings = _of_digit(teacher.classroom.digits(set_aside=is_aside), digit)
    writers: list[int] = drawings.writers.tolist()
    st.markdown(f"**{'Set aside' if is_aside else 'In the class'}**: {counted(len(writers), 'drawing')}")
    if not writers:
        st.caption("A drawing that you click in the class moves here." if is_aside else "Nobody has drawn this digit.")
        return
    act = "puts it back" if is_aside else "sets it aside"
    st.caption(f"A click {act}.")
    image_grid.render(
        drawings.images[:SAMPLE_SIZE],
        [f"{named(digit).capitalize()} by writer {writer}: {act}" for writer in writers],
        list(range(len(writers)))[:SAMPLE_SIZE],
        -1,
        f"class.grid.{digit}.{is_aside}",
        lambda place: attempt(_move, teacher, writers[place], digit, not is_aside),
        f"{act}",
    )


def _of_digit(digits: ClassDigits, digit: int) -> ClassDigits:
    chosen = digits.labels == digit
    return ClassDigits(digits.images[chosen], digits.labels[chosen], digits.writers[chosen])


def _move(teacher: Teacher, writer: int, digit: int, aside: bool) -> None:
    teacher.check()
    teacher.classroom.set_aside(writer, digit, aside)
    shared.expire(("standing", teacher.classroom.code))
