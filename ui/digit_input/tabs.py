"""Tabs of the digit input: drawing, test digit and photo, with the tools of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import streamlit as st
from markupsafe import Markup
from streamlit.delta_generator import DeltaGenerator

from trainer import UserError
from trainer.analysis.answer import Answer
from trainer.drawing import step_pictures
from ui.digit_input import canvas, live_stroke, photo, test_digits
from ui.digit_input.inputs import NO_IMAGES, DigitInput, image_html
from ui.html import html
from ui.network_choice import NetworkChoice

CANVAS_KEY = "canvas"
ANSWER_WIDTH = 560  # pixels beside the canvas; less on a phone
DRAW, TEST, PHOTO = "Draw", "Test digit", "Photo"
_FOLLOWED = "followed"  # session key of the input before a stroke, and what the paper has shown since

STYLE = canvas.PAPER_STYLE + Path(__file__).with_suffix(".css").read_text("utf-8")


def two_columns() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return places for the canvas and the answer, side by side on a wide screen, else one below the other.

    Streamlit's own columns would shrink and clip the canvas.
    """
    row = st.container(horizontal=True, gap="small")
    paper = row.container(width=canvas.SIDE, gap="small", key="paper-column")
    return paper, row.container(width=ANSWER_WIDTH, gap="small")


def selected_tab() -> str:
    tab: str = st.session_state.get("source", DRAW)
    return tab


def select_tab() -> None:
    """Render the choice between drawing, test digit and photo."""
    st.segmented_control(
        "Digit input",
        (DRAW, TEST, PHOTO),
        default=DRAW if "source" not in st.session_state else None,
        required=True,
        help="Draw with a mouse, a pen or a finger, choose a test digit, or photograph digits on paper.",
        label_visibility="collapsed",
        width="stretch",
        persist_state="session",
        key="source",
    )


def render_input(choice: NetworkChoice) -> DigitInput:
    """Render the canvas, the test digit or the photo, and return its images."""
    return {DRAW: _render_canvas, TEST: lambda: test_digits.render(choice), PHOTO: photo.render}[selected_tab()]()


def render_boxes(source: DigitInput, read: Sequence[Answer], focus: int | None) -> None:
    """Draw a box around each of several digits, or each digit of a photo, with its prediction."""
    words = [answer.short for answer in read] or [""] * len(source.boxes)
    alt = f"A box around each digit, read as {' '.join(words)}"
    if selected_tab() == PHOTO and source.picture is not None:
        html(image_html(step_pictures.boxed_url(source.picture, source.boxes, words, focus), alt))
    elif selected_tab() == DRAW:
        with st.container(key="boxes"):
            if len(words) > 1:
                html(image_html(step_pictures.boxes_url((canvas.SIDE, canvas.SIDE), source.boxes, words, focus), alt))
            else:
                html(Markup("<i></i>") if words else Markup("<span>Draw here</span>"))


def focused_digit(digits: int) -> int | None:
    """Return the index of the digit that the bars and steps show: by default the last drawn, or a photo's first."""
    if not digits:
        return None
    index: int = st.session_state.get(_focus_key(digits), _first_focus(digits))
    return index


def select_focus(digits: int) -> None:
    """Render the choice of the digit that the bars and steps show, if there are several."""
    if digits > 1:
        st.segmented_control(
            "Digit to look at",
            range(digits),
            default=_first_focus(digits) if _focus_key(digits) not in st.session_state else None,
            required=True,
            format_func=_ordinal,
            help="Several digits were found. Choose the one to look at in detail.",
            key=_focus_key(digits),
        )


def _focus_key(digits: int) -> str:
    return f"focus.{selected_tab()}.{digits}"


def _first_focus(digits: int) -> int:
    return digits - 1 if selected_tab() == DRAW else 0


def _ordinal(index: int) -> str:
    number = index + 1
    ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def render_tools(choice: NetworkChoice) -> None:
    """Render the tools of the selected tab."""
    tools = {DRAW: _render_canvas_tools, TEST: lambda: test_digits.render_tools(choice), PHOTO: photo.render_tools}
    tools[selected_tab()]()


# --- the canvas -----------------------------------------------------------------------------------------------


def _render_canvas() -> DigitInput:
    return _read_drawing(canvas.render(CANVAS_KEY, pen=_pen()))


def _pen() -> float:
    return canvas.PEN_WIDTHS[st.session_state.get("pen", "Medium")]


def _read_drawing(drawing: canvas.Drawing) -> DigitInput:
    hint = "Draw a digit on the black paper."
    try:
        steps = drawing.digits()
    except UserError as error:
        return DigitInput(NO_IMAGES, hint, error=str(error))
    return DigitInput.from_steps(steps, None, hint, drawing.sheet) if steps else DigitInput(NO_IMAGES, hint)


@contextmanager
def follow_pen(source: DigitInput) -> Iterator[DigitInput]:
    """Yield a rendered input or, while the pen is on the paper, what the paper shows so far; render it in the block.

    The fragment that does this is rerun several times during a stroke.
    """
    if selected_tab() != DRAW:
        yield source
        return
    with live_stroke.follow() as points:
        if points is not None and (drawing := canvas.with_stroke(CANVAS_KEY, points, _pen())):
            st.session_state[_FOLLOWED] = source, replace(_read_drawing(drawing), is_unfinished=True)
        elif st.session_state.get(_FOLLOWED, (source,))[0] is not source:
            del st.session_state[_FOLLOWED]
        yield st.session_state.get(_FOLLOWED, (source,))[-1]  # also when a timer reruns the fragment during the stroke


def _render_canvas_tools() -> None:
    """Render Undo, Clear and the pen in one row, as wide as the paper."""
    with st.container(horizontal=True, wrap=False, gap="xsmall", key="canvas.tools"):
        for label, change, icon, shortcut, help in (
            ("Undo", canvas.undo, "undo", "Mod+Z", "Removes the last stroke (Ctrl+Z or ⌘Z)."),
            ("Clear", canvas.clear, "delete", "Backspace", "Clears the paper (Backspace)."),
        ):
            st.button(
                label,
                on_click=change,
                args=(CANVAS_KEY,),
                icon=f":material/{icon}:",
                shortcut=shortcut,
                help=help,
                width="stretch",
                key=label.lower(),
            )
        st.segmented_control(
            "Pen",
            canvas.PEN_WIDTHS,
            default="Medium" if "pen" not in st.session_state else None,
            required=True,
            help="Width of the pen on the paper. The network sees your strokes drawn again, with a pen like MNIST's.",
            label_visibility="collapsed",
            width="content",
            persist_state="session",
            key="pen",
        )


def render_test_digit_button(at: int, label: str, key: str) -> None:
    """Render a button that opens test image `at` as the digit input."""
    if st.button(
        label, on_click=select_test_digit, args=(at,), help="Opens this image in place of the present digit.", key=key
    ):
        st.rerun()  # the input is outside the button's fragment


def select_test_digit(at: int) -> None:
    """Make test image `at` the digit input, here or on the next page."""
    st.session_state.source = TEST
    test_digits.select(at)
