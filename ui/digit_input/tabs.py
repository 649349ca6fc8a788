"""The ways in: a digit that is drawn, one of the test digits, or a photo of digits on paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from markupsafe import Markup
from streamlit.delta_generator import DeltaGenerator

from trainer import UserError
from trainer.analysis.answer import Answer
from trainer.drawing import step_pictures
from ui.digit_input import canvas, photo, test_digits
from ui.digit_input.source import NOTHING, Source, picture
from ui.html import html
from ui.network_picker import Judge

PAPER = "canvas"
ANSWER = 560  # pixels wide, beside the paper, or less on a phone
DRAW, TEST, PHOTO = "Draw", "Test digit", "Photo"

STYLE = f"""
:root {{ --paper-side: {canvas.SIDE}px }}
{Path(__file__).with_suffix(".css").read_text("utf-8")}"""


def two_columns(vertical_alignment: str = "top") -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return two places, for the paper and for the answer, side by side where both have room, else one below the other.

    Columns of Streamlit's would shrink, and cut the paper off.
    """
    row = st.container(horizontal=True, gap="small", vertical_alignment=vertical_alignment)
    return row.container(width=canvas.SIDE, gap="small"), row.container(width=ANSWER, gap="small")


def chosen() -> str:
    """Return the way in that is open."""
    way: str = st.session_state.get("source", DRAW)
    return way


def switch() -> None:
    """Ask for the way in."""
    st.segmented_control(
        "Where the digit comes from",
        (DRAW, TEST, PHOTO),
        default=DRAW if "source" not in st.session_state else None,
        required=True,
        help="Draw with the mouse, a pen or a finger; take one of the test digits; or photograph digits on paper.",
        label_visibility="collapsed",
        width="stretch",
        persist_state="session",
        key="source",
    )


def show(answering: Judge) -> Source:
    """Show the paper, the test digit or the photo, and return what is on it."""
    return {DRAW: _drawing, TEST: lambda: test_digits.show(answering), PHOTO: photo.show}[chosen()]()


def mark(source: Source, read: Sequence[Answer], focus: int | None) -> None:
    """Put a box around each digit where there are several, or a photo, with what it is read as."""
    words = [answer.short for answer in read] or [""] * len(source.boxes)
    alt = f"A box around each digit, read as {' '.join(words)}"
    if chosen() == PHOTO and source.picture is not None:
        html(picture(step_pictures.boxed(source.picture, source.boxes, words, focus), alt))
    elif chosen() == DRAW:
        with st.container(key="boxes"):
            if len(words) > 1:
                html(picture(step_pictures.boxes_alone((canvas.SIDE, canvas.SIDE), source.boxes, words, focus), alt))
            else:
                html(Markup("<i></i>") if words else Markup("<span>Draw here</span>"))


def focus(digits: int) -> int | None:
    """Return which of several digits the bars and the steps are of: the last one drawn, or the first on a photo."""
    if not digits:
        return None
    chosen_digit: int = st.session_state.get(_focus_key(digits), _first_focus(digits))
    return chosen_digit


def choose_focus(digits: int) -> None:
    """Ask which of several digits the bars and the steps are of."""
    if digits > 1:
        st.segmented_control(
            "Look at the digit",
            range(digits),
            default=_first_focus(digits) if _focus_key(digits) not in st.session_state else None,
            required=True,
            format_func=_ordinal,
            help="Several digits were found side by side: look at each of them.",
            key=_focus_key(digits),
        )


def _focus_key(digits: int) -> str:
    return f"focus.{chosen()}.{digits}"


def _first_focus(digits: int) -> int:
    return digits - 1 if chosen() == DRAW else 0


def _ordinal(place: int) -> str:
    number = place + 1
    ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def tools(answering: Judge) -> None:
    """Show what can be done with the open way in."""
    {DRAW: _pens, TEST: lambda: test_digits.tools(answering), PHOTO: photo.tools}[chosen()]()


# --- the paper ------------------------------------------------------------------------------------------------


def _drawing() -> Source:
    hint = "Draw a digit on the black paper."
    pen = canvas.PENS[st.session_state.get("pen", "Medium")]
    drawing = canvas.ask(PAPER, pen=pen)
    try:
        steps = drawing.digits()
    except UserError as error:
        return Source(NOTHING, hint, error=str(error))
    return Source.of(steps, None, hint, drawing.sheet) if steps else Source(NOTHING, hint)


def _pens() -> None:
    with st.container(horizontal=True, gap="small"):
        for label, change, icon, shortcut, words in (
            ("Undo", canvas.undo, "undo", "Mod+Z", "Take the last stroke away."),
            ("Clear", canvas.clear, "delete", "Backspace", "Take a clean sheet."),
        ):
            st.button(
                label,
                on_click=change,
                args=(PAPER,),
                icon=f":material/{icon}:",
                shortcut=shortcut,
                help=words,
                width="stretch",
                key=label.lower(),
            )
    st.segmented_control(
        "Pen",
        canvas.PENS,
        default="Medium" if "pen" not in st.session_state else None,
        required=True,
        help="How thick the pen draws. Where that is far from MNIST's, the network sees a stroke redrawn.",
        label_visibility="collapsed",
        width="stretch",
        persist_state="session",
        key="pen",
    )


def offer_test_digit(at: int, label: str, key: str) -> None:
    """Show a button that makes test image `at` the one that is looked at."""
    st.button(
        label, on_click=_take_test_digit, args=(at,), help="Put it where your drawing is, and look inside.", key=key
    )


def _take_test_digit(at: int) -> None:
    st.session_state.source = TEST
    test_digits.choose(at)
