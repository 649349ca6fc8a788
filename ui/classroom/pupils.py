"""The pupils of a class for their teacher: digits drawn, what their newest run does, and what to do about it."""

from __future__ import annotations

import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.classroom.classroom import Member
from trainer.classroom.status import Status, status
from trainer.classroom.teacher import Teacher
from trainer.config.limits import CLASSES
from trainer.runs.index import RunRow
from ui import load_control
from ui.callbacks import attempt
from ui.classroom import shared, standing
from ui.classroom.standing import Standing
from ui.html import html
from ui.markdown import literal, sentence

POLL_SECONDS = 2.0
GUESSING = 0.2  # accuracy below which an ended training may have diverged, so that its history is read
ICONS = {"nothing": "–", "queued": "…", "running": "▶", "stuck": "⚠", "paused": "‖", "finished": "✓", "stopped": "■"}
RENAME, REMOVE = "Clear the nickname", "Remove from the class"


def render(teacher: Teacher) -> None:
    """Render a row for each pupil, which follows what they do."""
    every = load_control.poll_seconds(POLL_SECONDS)
    st.fragment(_render, run_every=every)(teacher, every)


def _render(teacher: Teacher, every: float) -> None:
    if load_control.poll_seconds(POLL_SECONDS, every) != every:
        st.rerun()
    try:
        now = standing.current(teacher.classroom)
        if now.settings.is_frozen:
            teacher.pause_running(st.session_state.engine)
    except UserError as error:
        st.warning(sentence(str(error)))
        return
    if not now.members:
        st.info("Nobody has joined yet: show the code and the QR picture under Join, or present them on the projector.")
        return
    writers = now.digits.writers.tolist()
    with st.container(gap=None, key="class.pupils"):
        for member in now.members:
            _render_pupil(teacher, now, member, writers.count(member.writer))


def _render_pupil(teacher: Teacher, now: Standing, member: Member, drawn: int) -> None:
    row = now.newest(member.owner)
    state = _status(now, row)
    key = f"class.pupil.{member.writer}"
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=key):
        html(_summary(member, drawn, state))
        if row is not None:
            st.page_link(
                "pages/train.py",
                label="Open",
                icon=":material/open_in_new:",
                query_params={"run": row.id},
                help=f"Opens the run of {literal(member.nickname)}.",
                width="content",
            )
            _render_steering(teacher, row, key)
        st.menu_button(
            f"More for {literal(member.nickname)}",
            (RENAME, REMOVE),
            icon=":material/more_vert:",
            type="tertiary",
            on_click=_choose,
            args=(teacher, member, f"{key}.more"),
            key=f"{key}.more",
        )


def _render_steering(teacher: Teacher, row: RunRow, key: str) -> None:
    """Render the buttons that pause, resume and stop a run."""
    can_resume, can_pause = row.phase == "paused", row.live
    st.button(
        "Resume" if can_resume else "Pause",
        icon=f":material/{'play_arrow' if can_resume else 'pause'}:",
        type="tertiary",
        disabled=not (can_resume or can_pause),
        on_click=attempt,
        args=(_request, teacher, row.id, "resume" if can_resume else "pause"),
        key=f"{key}.pause",
    )
    st.button(
        "Stop",
        icon=":material/stop:",
        type="tertiary",
        disabled=not (can_resume or can_pause),
        on_click=attempt,
        args=(_request, teacher, row.id, "stop"),
        key=f"{key}.stop",
    )


def _request(teacher: Teacher, run_id: str, kind: str) -> None:
    teacher.request(st.session_state.engine, run_id, kind)
    shared.expire(("standing", teacher.classroom.code))


def _status(now: Standing, row: RunRow | None) -> Status:
    """Return what a run does; its history is read only where it matters."""
    engine, history, position = st.session_state.engine, [], 0
    if row is not None:
        low = row.ended and row.test_accuracy is not None and row.test_accuracy < GUESSING
        run = engine.runs.get(row.id) if row.phase in ("running", "paused") or low else None
        history = engine.runs.history(run) if run else []
        position = engine.position(row.id) if row.phase == "queued" else 0
    return status(row, history, position, now.settings.is_frozen)


def _summary(member: Member, drawn: int, state: Status) -> Markup:
    return Markup(
        '<div class="pupil"><b title="{}">{}</b><span class="pupil-drawn" title="{} of {} digits drawn" '
        'style="--share: {}%">{}</span><span class="pupil-{}"><i aria-hidden="true">{}</i> {}</span></div>'
    ).format(
        f"Writer {member.writer}",
        member.nickname,
        drawn,
        CLASSES,
        100 * drawn // CLASSES,
        f"{drawn} of {CLASSES}",
        state.kind,
        ICONS.get(state.kind, "✗"),
        state.text,
    )


# --- names and removal ----------------------------------------------------------------------------------------


def _choose(teacher: Teacher, member: Member, key: str) -> None:
    chosen = st.session_state[key]
    if chosen == RENAME:
        attempt(_clear_name, teacher, member)
    elif chosen == REMOVE:
        _confirm_removal(teacher, member)


def _clear_name(teacher: Teacher, member: Member) -> None:
    teacher.check()
    renamed = teacher.classroom.join(member.owner)
    shared.expire(("standing", teacher.classroom.code))
    st.toast(f"{literal(member.nickname)} is now {literal(renamed.nickname)}.")


@st.dialog("Remove from the class")
def _confirm_removal(teacher: Teacher, member: Member) -> None:
    st.markdown(
        f"Remove **{literal(member.nickname)}**? Their digits in the class are deleted. Their runs stay, and they can "
        "join again."
    )
    if st.button(
        "Remove",
        type="primary",
        icon=":material/person_remove:",
        on_click=attempt,
        args=(_remove, teacher, member),
        key="class.remove",
    ):
        st.rerun()


def _remove(teacher: Teacher, member: Member) -> None:
    teacher.check()
    teacher.classroom.leave(member.owner)
    shared.expire(("standing", teacher.classroom.code))
