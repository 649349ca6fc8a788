"""A poll in the class: the teacher asks, members answer, and the board shows how many chose each answer."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.classroom import polls
from trainer.classroom.classroom import Classroom, Member
from trainer.classroom.polls import MAX_ANSWERS, MAX_QUESTION, MIN_ANSWERS, Poll
from trainer.classroom.teacher import Teacher
from trainer.text import counted
from ui import load_control
from ui.callbacks import attempt
from ui.classroom import shared
from ui.html import html, style
from ui.markdown import literal, sentence

POLL_SECONDS = 2.0
STYLE = Path(__file__).with_name("board.css")


def result(poll: Poll) -> Markup:
    """Return a poll's question with a bar for each answer."""
    total = sum(poll.votes)
    bars = Markup().join(
        Markup('<li><span>{}</span><span class="board-bar" style="--share: {:.0f}%"></span><b>{}</b></li>').format(
            answer, 100 * votes / max(1, total), votes
        )
        for answer, votes in zip(poll.answers, poll.votes, strict=True)
    )
    words = f"{counted(total, 'answer')}{'' if poll.is_open else ', closed'}"
    return Markup('<div class="poll"><b>{}</b> <span>{}</span><ul>{}</ul></div>').format(poll.question, words, bars)


def render(classroom: Classroom, member: Member) -> None:
    """Render the poll for a member, if there is one: the answers to choose from or, once it is closed, the result."""
    style(STYLE)
    every = load_control.poll_seconds(POLL_SECONDS)
    st.fragment(_render, run_every=every)(classroom, member)


def _render(classroom: Classroom, member: Member) -> None:
    try:
        poll = _current(classroom)
        chosen = polls.vote_of(classroom, member.owner, poll.number) if poll else None
    except UserError as error:
        st.warning(sentence(str(error)))
        return
    if poll is None:
        return
    if not poll.is_open:
        html(result(poll))
        return
    with st.container(border=True, key="class.poll"):
        st.markdown(f"**{literal(poll.question)}**")
        with st.container(horizontal=True, gap="small"):
            for place, answer in enumerate(poll.answers):
                st.button(
                    literal(answer),
                    type="primary" if place == chosen else "secondary",
                    on_click=attempt,
                    args=(_vote, classroom, member, poll.number, place),
                    key=f"class.poll.{poll.number}.{place}",
                )


def _vote(classroom: Classroom, member: Member, number: int, place: int) -> None:
    polls.vote(classroom, member.owner, number, place)
    _expire(classroom)


def _current(classroom: Classroom) -> Poll | None:
    return shared.shared(("poll", classroom.code), lambda: polls.current(classroom))


def _expire(classroom: Classroom) -> None:
    for kind in ("poll", "standing"):
        shared.expire((kind, classroom.code))


# --- the teacher ------------------------------------------------------------------------------------------------


def render_teacher(teacher: Teacher) -> None:
    """Render the poll with its result, and the form that starts another one."""
    style(STYLE)
    st.fragment(_render_result, run_every=load_control.poll_seconds(POLL_SECONDS))(teacher)
    with st.form("class.new_poll", width=520):
        st.text_input("Question", max_chars=MAX_QUESTION, key="class.question")
        st.text_area(
            "Answers, one a line",
            height=120,
            placeholder="Yes\nNo",
            help=f"{MIN_ANSWERS} to {MAX_ANSWERS} answers.",
            key="class.answers",
        )
        st.form_submit_button(
            "Start the poll",
            icon=":material/ballot:",
            on_click=attempt,
            args=(_start, teacher),
            key="class.start_poll",
        )


def _render_result(teacher: Teacher) -> None:
    try:
        poll = _current(teacher.classroom)
    except UserError as error:
        st.warning(sentence(str(error)))
        return
    if poll is None:
        st.caption("No poll. Pupils answer one on their class page; the board shows the result.")
        return
    html(result(poll))
    act = _close if poll.is_open else _remove
    label = "Close the poll" if poll.is_open else "Remove the poll"
    st.button(label, on_click=attempt, args=(act, teacher), key="class.end_poll")


def _start(teacher: Teacher) -> None:
    teacher.check()
    polls.start(teacher.classroom, st.session_state["class.question"], st.session_state["class.answers"].splitlines())
    _expire(teacher.classroom)


def _close(teacher: Teacher) -> None:
    teacher.check()
    polls.close(teacher.classroom)
    _expire(teacher.classroom)


def _remove(teacher: Teacher) -> None:
    teacher.check()
    polls.remove(teacher.classroom)
    _expire(teacher.classroom)
