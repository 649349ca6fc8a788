"""Your digits: a visitor's own drawings, followed while networks learn. Nobody else sees them."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from secrets import token_hex

import numpy as np
import streamlit as st

from trainer import UserError
from trainer.analysis import followed
from trainer.figures.images import drawing_picture
from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.requests import MAX_DRAWINGS, FollowedDrawing
from trainer.runs.run import Run
from trainer.runs.state import State
from ui.components.plot import plot
from ui.digit_input import canvas

PAPER = "your_digit"  # the small one, on Train
SIDE = 210  # pixels of it
PICTURE = 40  # pixels a side of a drawing in the list
ENOUGH = (
    f"At most {MAX_DRAWINGS} drawings can be followed, and you follow {MAX_DRAWINGS}: remove one, on Train under "
    "Your digits."
)
VISITORS = 1_000  # whose drawings are kept
LOOKED_AT = 50  # runs, the newest, among which a visitor's own are found


@st.cache_resource(show_spinner=False)
def kept() -> OrderedDict[str, tuple[FollowedDrawing, ...]]:
    """Return each visitor's drawings, by their hash, while this server runs: a reload or a second tab finds them."""
    return OrderedDict()


def pins() -> tuple[FollowedDrawing, ...]:
    """Return this visitor's drawings; a session that begins, as at a reload, finds those of before."""
    if "pins" not in st.session_state:
        newest_run = next((run.requests.drawings for run in _own_runs()), ())
        keep(kept().get(owner_hash(st.session_state.owner), newest_run))
    found: tuple[FollowedDrawing, ...] = st.session_state.pins
    return found


def keep(drawings: tuple[FollowedDrawing, ...]) -> None:
    everyone, mine = kept(), owner_hash(st.session_state.owner)
    st.session_state.pins = everyone[mine] = drawings
    everyone.move_to_end(mine)
    while len(everyone) > VISITORS:
        everyone.popitem(last=False)


def follow(image: np.ndarray, label: int) -> None:
    """Follow a drawing, (28, 28) float32, in this visitor's trainings, those of now included.

    Raises UserError where it would be one too many.
    """
    if len(pins()) >= MAX_DRAWINGS:
        raise UserError(ENOUGH)
    pinned = FollowedDrawing(token_hex(4), label, image)
    keep((*pins(), pinned))
    _tell("pin", **pinned.request())


def unfollow(drawing: str) -> None:
    """Follow a drawing, named by its id, no longer."""
    keep(tuple(pinned for pinned in pins() if pinned.id != drawing))
    _tell("unpin", drawing=drawing)


def _own_runs() -> list[Run]:
    mine = owner_hash(st.session_state.owner)
    return [run for run in st.session_state.engine.runs.runs()[:LOOKED_AT] if run.state.owner == mine]


def _tell(kind: str, **values: object) -> None:
    for run in _own_runs():
        if not run.state.ended:
            with suppress(UserError):  # it may have gone this very moment
                st.session_state.engine.request(run.id, kind, st.session_state.owner, **values)


# --- asking ---------------------------------------------------------------------------------------------------


def offer(image: np.ndarray | None) -> None:
    """Offer to follow the drawing that a network has just answered, or None, in training."""
    known = pins() if image is not None else ()
    pinned = next((one for one in known if np.allclose(one.image, image, atol=1 / 255)), None)  # kept in 256 levels
    popover = st.popover(
        f"Followed as {followed.named(pinned.label)}" if pinned else "Follow in training",
        icon=":material/visibility:",
        help="See on Train how a network learns to read this very drawing. Only you see it.",
        disabled=image is None or pinned is not None,
        on_change="rerun",
        key="offer",
    )
    if popover.open and image is not None and pinned is None:
        with popover:
            if len(pins()) < MAX_DRAWINGS:
                _ask_digit(image, "offered_digit")
            else:
                st.caption(ENOUGH)


@st.fragment
def ask() -> None:
    """Show the button to this visitor's digits: a paper for one more, and those that are followed."""
    popover = st.popover(
        "Your digits",
        icon=":material/visibility:",
        help=f"Draw up to {MAX_DRAWINGS} digits and see how a network learns to read them, before a training or during "
        "it.",
        on_change="rerun",  # a closed one forgets its canvas: shown again, it begins with what was drawn
        key="your_digits",
    )
    if popover.open:
        with popover:
            if len(pins()) < MAX_DRAWINGS:
                _ask_drawing()
                canvas.send_at_once()
            else:
                st.caption(ENOUGH)
            _list()


def _ask_drawing() -> None:
    st.caption("Draw a digit, then say which one it is. Only you see it.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=SIDE):
            drawing = canvas.ask(PAPER, SIDE)
        st.button(
            "Clear",
            icon=":material/delete:",
            help="Take a clean sheet",
            on_click=canvas.clear,
            args=(PAPER,),
            key="clear",
        )
    steps = None
    try:
        steps = drawing.steps()
    except UserError as error:
        st.error(str(error))
    _ask_digit(None if steps is None else steps.image, "your_digit_is")


def _ask_digit(image: np.ndarray | None, key: str) -> None:
    """Ask which digit a drawing is; the answer makes it one that is followed."""

    def choose() -> None:
        label, st.session_state[key] = st.session_state[key], None
        if label is not None and image is not None:
            follow(image, label)
            if key == "your_digit_is":
                canvas.clear(PAPER)

    st.pills(
        "Which digit is it?",
        range(10),
        disabled=image is None,
        help="Choose the digit that you meant: from then on the drawing is followed.",
        on_change=choose,
        key=key,
    )


def _list() -> None:
    with st.container(horizontal=True):
        for pinned in pins():
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
                st.image(
                    drawing_picture(pinned.image),
                    width=PICTURE,
                    alt=f"Your drawing of {followed.named(pinned.label)}",
                )
                st.button(
                    followed.named(pinned.label),
                    icon=":material/close:",
                    type="tertiary",
                    help=f"Follow this drawing of {followed.named(pinned.label)} no longer",
                    on_click=unfollow,
                    args=(pinned.id,),
                    key=f"unfollow.{pinned.id}",
                )


# --- watching -------------------------------------------------------------------------------------------------


def show(engine: Engine, run: Run, state: State, owner: str, at: int | None = None) -> None:
    """Show a run's owner how its network came to read their drawings, up to the step `at`; others see nothing."""
    if state.owner != owner_hash(owner) or not (drawings := (requests := run.requests).drawings):
        return
    lines = engine.runs.readings(run)
    until = lines if at is None else [line for line in lines if line.get("step", 0) <= at]
    words = [f"{followed.named(drawing.label)}: {followed.account(until, drawing)}" for drawing in drawings]
    st.markdown(
        "##### Your digits  \n:small[How probable each digit is to the network, from 0 to 100 %, over the epochs]"
    )
    figure = followed.rows(lines, drawings, words, state.steps, requests.epochs, at)
    plot(figure, "followed", f"Your drawings while the network learns. {'. '.join(words)}.")
