"""The teacher's view: what each pupil does, and what holds for the whole class."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from trainer import UserError
from trainer.classroom.teacher import Teacher
from trainer.text import counted
from ui.callbacks import attempt
from ui.classroom import board, opening, poll, predict, projector, pupils, review, screens, shared, teaching
from ui.html import style
from ui.markdown import literal, sentence

PUPILS, BOARD, DIGITS, PREDICT, POLL, JOIN = "Pupils", "Board", "Digits", "Predict", "Poll", "Join"
STYLE = Path(__file__).with_suffix(".css")


def render(teacher: Teacher) -> None:
    """Render the teacher's view."""
    style(STYLE)
    classroom = teacher.classroom
    try:
        settings = classroom.settings
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="class.heading"):
            st.title(literal(settings.title), anchor=False, width="content")
            st.badge(classroom.code, icon=":material/key:", help="The code with which pupils join.")
        if settings.is_frozen:
            teacher.pause_running(st.session_state.engine)
        opening.render_link()
        _render_controls(teacher)
        view = st.segmented_control(
            "View",
            (PUPILS, BOARD, DIGITS, PREDICT, POLL, JOIN),
            default=None if "class.view" in st.session_state else PUPILS if classroom.members() else JOIN,
            required=True,
            label_visibility="collapsed",
            persist_state="session",
            key="class.view",
        )
        {
            PUPILS: lambda: pupils.render(teacher),
            BOARD: lambda: board.render(classroom),
            DIGITS: lambda: review.render(teacher),
            PREDICT: lambda: predict.render_teacher(teacher),
            POLL: lambda: poll.render_teacher(teacher),
            JOIN: lambda: projector.render_join(classroom),
        }[view or PUPILS]()
    except UserError as error:
        st.warning(sentence(str(error)))
    _render_end(teacher)


def _render_controls(teacher: Teacher) -> None:
    """Render what the teacher can do with the whole class."""
    settings = teacher.classroom.settings
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="class.controls"):
        st.button(
            "End the digits round" if settings.is_collecting else "Ask for ten digits",
            icon=":material/draw:",
            type="primary" if settings.is_collecting else "secondary",
            help="Asks every pupil to draw each digit once: the networks of the class are tested on them.",
            on_click=attempt,
            args=(_change, teacher, not settings.is_collecting),
            key="class.collect",
        )
        st.button(
            "Unfreeze training" if settings.is_frozen else "Freeze training",
            icon=":material/ac_unit:",
            type="primary" if settings.is_frozen else "secondary",
            help="Lets the trainings go on that were paused."
            if settings.is_frozen
            else "Pauses every training of the class while you explain something, and lets new ones wait.",
            on_click=attempt,
            args=(_unfreeze if settings.is_frozen else _freeze, teacher),
            key="class.freeze",
        )
        st.selectbox(
            "Open this on every screen",
            list(screens.targets()),
            index=None,
            placeholder="A page, a lesson, or a link",
            accept_new_options=True,
            label_visibility="collapsed",
            width=280,
            key="class.screen",
        )
        st.button(
            "Open on every screen",
            icon=":material/cast:",
            help="Choose a page or a lesson, or paste the address of one, such as that of a run: every pupil sees it.",
            on_click=attempt,
            args=(_push, teacher),
            key="class.push",
        )


def _change(teacher: Teacher, is_collecting: bool) -> None:
    teacher.check()
    teacher.classroom.change(is_collecting=is_collecting)
    _expire(teacher)


def _freeze(teacher: Teacher) -> None:
    teacher.freeze(st.session_state.engine)
    _expire(teacher)


def _unfreeze(teacher: Teacher) -> None:
    try:
        teacher.unfreeze(st.session_state.engine)
    finally:
        _expire(teacher)


def _push(teacher: Teacher) -> None:
    chosen = st.session_state.get("class.screen")
    if not chosen:
        raise UserError("A page must be chosen first: choose one, or paste a link.")
    teacher.check()
    teacher.classroom.push(*screens.find(str(chosen)))
    _expire(teacher)
    st.toast(f"Opens on the screens of {counted(len(teacher.classroom.members()), 'pupil')}.", icon=":material/cast:")


def _expire(teacher: Teacher) -> None:
    """Let all screens see a change at once."""
    for kind in ("settings", "standing"):
        shared.expire((kind, teacher.classroom.code))


def _render_end(teacher: Teacher) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Leave the teacher's view",
            icon=":material/logout:",
            type="tertiary",
            help="The class stays open. Your teacher's link leads back.",
            on_click=teaching.end,
            key="class.end_view",
        )
