"""What a projector shows of a class, with `?present=1`: how to join and who has joined, beside the board."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.classroom.classroom import Classroom
from trainer.classroom.console import CLASS
from trainer.config.limits import CLASSES
from trainer.text import counted
from ui import load_control
from ui.classroom import addresses, board, membership, opening, standing, teaching
from ui.classroom.standing import Standing
from ui.html import html, style
from ui.markdown import sentence

POLL_SECONDS = 2.0
NEWEST, FEW = 40, 6  # nicknames that are shown, of those who joined last: before and beside the board
STYLE = Path(__file__).with_suffix(".css")


def classroom() -> Classroom | None:
    """Return the class that this page presents: that of the link, the teacher's, or the member's."""
    if linked := membership.classrooms().get(st.query_params.get(CLASS, "")):
        return linked
    if teacher := teaching.current():
        return teacher.classroom
    joined = membership.current()
    return joined[0] if joined else None


def render(classroom: Classroom) -> None:
    """Render how to join, large at first, and the board below it as soon as networks are trained."""
    style(STYLE, board.STYLE)
    opening.render_unreachable()
    every = load_control.poll_seconds(POLL_SECONDS)
    st.fragment(_render, run_every=every)(classroom, every)


def _render(classroom: Classroom, every: float) -> None:
    if load_control.poll_seconds(POLL_SECONDS, every) != every:
        st.rerun()
    try:
        now = standing.current(classroom)
    except UserError as error:
        st.warning(sentence(str(error)))
        return
    has_board = bool(now.entries or now.learners or now.poll)
    html(_joining(classroom.code, now, small=has_board))
    if has_board:
        board.render_standing(now, presented=True)


def render_join(classroom: Classroom) -> None:
    """Render the address, the code, the QR picture and the nicknames, which appear as they join."""
    style(STYLE)
    opening.render_unreachable()
    every = load_control.poll_seconds(POLL_SECONDS)
    st.fragment(_render_joining, run_every=every)(classroom)


def _render_joining(classroom: Classroom) -> None:
    try:
        html(_joining(classroom.code, standing.current(classroom), small=False))
    except UserError as error:
        st.warning(sentence(str(error)))


def _joining(code: str, now: Standing, small: bool) -> Markup:
    """Return how to join, and who has joined; if small, in a strip with the newest nicknames alone."""
    link = addresses.for_pupils(code)
    return Markup(
        '<div class="join {}"><img src="{}" alt="{}"><div class="join-how"><p>Open</p><p class="join-address">{}</p>'
        '<p>and type</p><p class="join-code">{}</p></div>{}</div>'
    ).format(
        "join-small" if small else "",
        addresses.qr_url(link),
        f"QR picture of {link}",
        _breakable(addresses.shown()),
        code,
        _members(now, FEW if small else NEWEST),
    )


def _breakable(address: str) -> Markup:
    """Let an address break before its page only."""
    host, _, page = address.rpartition("/")
    return Markup("{}<wbr>/{}").format(host, page)


def _members(now: Standing, most: int) -> Markup:
    newest = sorted(now.members, key=lambda member: member.joined, reverse=True)[:most]
    count = len(now.members)
    done = sum(_drawn(now).get(member.writer, 0) == CLASSES for member in now.members)
    words = f"{counted(count, 'has', 'have')} joined" if count else "Nobody has joined yet"
    if count and now.settings.is_collecting:
        words += f", {done} of {count} have drawn their digits"
    return Markup('<div class="joined"><p><b>{}</b></p><p class="nicknames">{}</p></div>').format(
        words, Markup(" ").join(Markup("<span>{}</span>").format(member.nickname) for member in newest)
    )


def _drawn(now: Standing) -> dict[int, int]:
    """Return how many digits each writer has drawn."""
    writers = now.digits.writers.tolist()
    return {writer: writers.count(writer) for writer in set(writers)}
