"""The drawing round: a member draws one of each digit, in an order of their own, for the class's digits."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from trainer import UserError
from trainer.analysis.answer import named
from trainer.classroom.classroom import Classroom, Member
from trainer.config.limits import CLASSES
from trainer.text import counted, listed
from ui.classroom import own_digits
from ui.components import live_text
from ui.digit_input import canvas
from ui.markdown import sentence

CANVAS_KEY = "class.paper"
STYLE = canvas.PAPER_STYLE + Path(__file__).with_suffix(".css").read_text("utf-8")
_STATE = "class.round"  # session key: where this tab is in the round
_PROBLEM = "class.problem"  # session key: why the last drawing was not saved

# Not the button's own shortcut, which would take Enter from every other button that has the focus.
_enter_key = st.components.v2.component(
    "digit_lab_enter_saves", js=Path(__file__).with_name("enter_key.js").read_text("utf-8")
)

Drawn = dict[int, NDArray[np.uint8]]  # a member's drawings by digit


class _Round:
    """Where a tab is in the round of a class; what was drawn is read from the class."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.chosen: int | None = None  # the digit that was chosen to be drawn again
        self.skipped: set[int] = set()
        self.asked: list[int] = []  # the digits that were asked before the present one


def order(classroom: Classroom, member: Member) -> list[int]:
    """Return the ten digits in a member's order, which is always the same."""
    seed = hashlib.sha256(f"{classroom.code} {member.owner}".encode()).hexdigest()
    digits = list(range(CLASSES))
    random.Random(seed).shuffle(digits)
    return digits


def is_under_way(classroom: Classroom, member: Member, drawn: Drawn) -> bool:
    """Tell whether a digit is to be drawn now."""
    return _next(_round(classroom), order(classroom, member), drawn) is not None


def render(classroom: Classroom, member: Member) -> None:
    """Render the paper with the next digit to draw, or what was drawn once all ten are.

    The page reruns when the last one is saved, or the first one is drawn again.
    """
    _render(classroom, member)


@st.fragment
def _render(classroom: Classroom, member: Member) -> None:
    digits, drawn, now = order(classroom, member), classroom.own_drawings(member.owner), _round(classroom)
    digit = _next(now, digits, drawn)
    was_drawing = st.session_state.get("class.drawing")
    st.session_state["class.drawing"] = digit is not None
    if was_drawing not in (None, digit is not None):  # the rest of the page changes too
        st.rerun()
    if digit is None:
        _render_thanks(classroom, digits, drawn, now)
        return
    row = st.container(horizontal=True, gap="medium", key="class.draw")
    with row.container(gap="small", key="class.drawing_side"):
        st.header(f"Draw {named(digit)}", anchor=False)
        with st.container(gap=None, key="class.sheet"):
            _render_paper()
        _render_buttons(classroom, member, digit, now)
        if problem := st.session_state.pop(_PROBLEM, ""):
            st.error(sentence(problem))
    with row.container(gap="small", key="class.drawn_side"):
        live_text.render(_status(digit, drawn), "class.status")
        own_digits.render(digits, drawn, digit, lambda chosen: _choose(now, chosen, digit))
        st.caption(
            "Draw as you usually write. By keyboard: arrow keys move the pen, Space lowers and lifts it, Enter saves."
        )
    canvas.send_at_once()
    _enter_key(key="class.enter")


@st.fragment
def _render_paper() -> None:
    """Render the paper; a stroke reruns only this."""
    canvas.render(CANVAS_KEY)


def _render_buttons(classroom: Classroom, member: Member, digit: int, now: _Round) -> None:
    def button(label: str, icon: str, change: Callable[[], None], key: str, help: str, **options: Any) -> None:
        st.button(
            label,
            icon=f":material/{icon}:",
            on_click=change,
            help=help,
            width="stretch",
            key=f"class.{key}",
            **options,
        )

    with st.container(gap="xsmall", key="class.buttons"):
        button(
            "Save and next",
            "check",
            lambda: _save(classroom, member, digit),
            "save",
            "Saves the drawing for the class (Enter).",
            type="primary",
        )
        with st.container(horizontal=True, wrap=False, gap="xsmall"):
            button(
                "Undo", "undo", lambda: canvas.undo(CANVAS_KEY), "undo", "Removes the last stroke.", shortcut="Mod+Z"
            )
            button("Skip", "skip_next", lambda: _skip(now, digit), "skip", "Leaves this digit for later.")
            button(
                "Back",
                "arrow_back",
                lambda: _go_back(now),
                "back",
                "Draws the previous digit again.",
                disabled=not now.asked,
            )


def _status(digit: int, drawn: Drawn) -> str:
    count = f"{len(drawn)} of {CLASSES} drawn."
    return f"{count} This replaces your {digit}." if digit in drawn else count


def _render_thanks(classroom: Classroom, digits: list[int], drawn: Drawn, now: _Round) -> None:
    if len(drawn) == CLASSES:
        live_text.render("Thank you! Your ten digits are in.", "class.status")
    else:
        left = listed([str(digit) for digit in range(CLASSES) if digit not in drawn])
        live_text.render(f"{len(drawn)} of {CLASSES} drawn. Still to draw: {left}.", "class.status")
    own_digits.render(digits, drawn, None, lambda chosen: _choose(now, chosen, None))
    if len(drawn) < CLASSES and now.skipped:
        st.button(
            f"Draw the {counted(CLASSES - len(drawn), 'digit')} left",
            icon=":material/draw:",
            type="primary",
            on_click=now.skipped.clear,
            key="class.rest",
        )
    st.caption("Press one of them to draw it again. " + _outlook(classroom))


def _outlook(classroom: Classroom) -> str:
    """Say what happens next."""
    if classroom.settings.is_collecting:
        return "The class is still drawing: when it is done, every network is tested on these digits."
    return "Every network of the class is tested on these digits: train one, and see its score below."


# --- the state --------------------------------------------------------------------------------------------------


def _round(classroom: Classroom) -> _Round:
    now: _Round | None = st.session_state.get(_STATE)
    if now is None or now.code != classroom.code:
        now = st.session_state[_STATE] = _Round(classroom.code)
    return now


def _next(now: _Round, digits: list[int], drawn: Drawn) -> int | None:
    """Return the digit to draw now, or None if all are drawn or skipped."""
    if now.chosen is not None:
        return now.chosen
    return next((digit for digit in digits if digit not in drawn and digit not in now.skipped), None)


def _save(classroom: Classroom, member: Member, digit: int) -> None:
    """Save the drawing on the paper, in a callback, and go on; or leave it there and say what is wrong."""
    try:
        steps = canvas.current(CANVAS_KEY).steps()
        if steps is None or steps.is_mark:
            found = "it is blank" if steps is None else "it has only a mark"
            raise UserError(f"The paper must show {named(digit)} ({found}): draw one, or skip it.")
        classroom.save_drawing(member.owner, digit, steps.image)
    except UserError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    now = _round(classroom)
    now.asked.append(digit)
    now.chosen = None
    _start_sheet()


def _skip(now: _Round, digit: int) -> None:
    now.asked.append(digit)
    now.chosen = None
    now.skipped.add(digit)
    _start_sheet()


def _go_back(now: _Round) -> None:
    """Ask for the previous digit again."""
    if now.asked:
        now.chosen = now.asked.pop()
        now.skipped.discard(now.chosen)
        _start_sheet()


def _choose(now: _Round, chosen: int, digit: int | None) -> None:
    """Ask for a digit, in a callback. digit: the one that was asked for until now, if any."""
    if chosen != digit:
        if digit is not None:
            now.asked.append(digit)
        now.chosen = chosen
        now.skipped.discard(chosen)
        _start_sheet()


def _start_sheet() -> None:
    canvas.clear(CANVAS_KEY)
    canvas.focus(uuid4().hex)
