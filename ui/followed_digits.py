"""Followed digits: a visitor's own drawings, whose predictions are recorded while the visitor's networks train."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from secrets import token_hex

import numpy as np
import streamlit as st

from trainer import UserError
from trainer.analysis import followed
from trainer.figures.images import drawing_png
from trainer.runs.owner import owner_hash
from trainer.runs.requests import MAX_DRAWINGS, FollowedDrawing
from trainer.runs.run import Run, RunView
from ui.components.plot import plot
from ui.digit_input import canvas
from ui.markdown import sentence

CANVAS_KEY = "your_digit"  # of the small canvas on Train
CANVAS_SIDE = 210  # pixels
THUMBNAIL_SIDE = 40  # pixels
LIMIT_REACHED = (
    f"At most {MAX_DRAWINGS} drawings can be followed (you follow {MAX_DRAWINGS}): remove one on Train, under "
    "Followed digits."
)
MAX_VISITORS = 1_000  # whose drawings are remembered
MAX_SEARCHED_RUNS = 50  # newest runs that are searched for a visitor's own


@st.cache_resource(show_spinner=False)
def _drawings_by_owner() -> OrderedDict[str, tuple[FollowedDrawing, ...]]:
    """Return the drawings of each visitor of this server, by owner hash: reloads and other tabs share them."""
    return OrderedDict()


def followed_drawings() -> tuple[FollowedDrawing, ...]:
    """Return this visitor's drawings; a new session, as after a reload, restores the earlier ones."""
    if "pins" not in st.session_state:
        newest_run = next((run.requests.drawings for run in _own_runs()), ())
        _save(_drawings_by_owner().get(owner_hash(st.session_state.owner), newest_run))
    drawings: tuple[FollowedDrawing, ...] = st.session_state.pins
    return drawings


def _save(drawings: tuple[FollowedDrawing, ...]) -> None:
    everyone, owner = _drawings_by_owner(), owner_hash(st.session_state.owner)
    st.session_state.pins = everyone[owner] = drawings
    everyone.move_to_end(owner)
    while len(everyone) > MAX_VISITORS:
        everyone.popitem(last=False)


def follow(image: np.ndarray, label: int) -> None:
    """Follow a drawing, (28, 28) float32, in this visitor's present and future trainings.

    Raises UserError if the visitor already follows MAX_DRAWINGS.
    """
    if len(followed_drawings()) >= MAX_DRAWINGS:
        raise UserError(LIMIT_REACHED)
    drawing = FollowedDrawing(token_hex(4), label, image)
    _save((*followed_drawings(), drawing))
    _request_of_live_runs("pin", **drawing.request())


def unfollow(drawing_id: str) -> None:
    """Stop following a drawing."""
    _save(tuple(drawing for drawing in followed_drawings() if drawing.id != drawing_id))
    _request_of_live_runs("unpin", drawing=drawing_id)


def _own_runs() -> list[Run]:
    owner = owner_hash(st.session_state.owner)
    return [run for run in st.session_state.engine.runs.runs()[:MAX_SEARCHED_RUNS] if run.state.owner == owner]


def _request_of_live_runs(kind: str, **values: object) -> None:
    """Send a request to each of this visitor's runs that has not ended."""
    for run in _own_runs():
        if not run.state.ended:
            with suppress(UserError):  # it may be deleted at this moment
                st.session_state.engine.request(run.id, kind, st.session_state.owner, **values)


# --- choosing drawings ------------------------------------------------------------------------------------------


def render_follow_button(image: np.ndarray, label: int) -> None:
    """Render the button on Draw that follows a digit, (28, 28) float32, or stops following it."""
    drawings = followed_drawings()
    # A followed drawing has 256 levels of gray.
    present = next((one for one in drawings if np.allclose(one.image, image, atol=1 / 255)), None)
    is_full = present is None and len(drawings) >= MAX_DRAWINGS
    st.button(
        "Stop following" if present else "Follow this digit",
        icon=":material/visibility_off:" if present else ":material/visibility:",
        help=LIMIT_REACHED
        if is_full
        else "Shows on Train how a network learns to read this drawing. Only you can see it.",
        disabled=is_full,
        on_click=unfollow if present else follow,
        args=(present.id,) if present else (image, label),
        key="follow",
    )


@st.fragment
def render_panel() -> None:
    """Render Train's panel of followed digits: a small canvas and the list of drawings."""
    popover = st.popover(
        "Followed digits",
        icon=":material/visibility:",
        help=f"Draw up to {MAX_DRAWINGS} digits, before or during a training, and see how the network learns to read "
        "them.",
        on_change="rerun",  # a closed popover drops its canvas, which starts again with the drawing when it opens
        key="your_digits",
    )
    if popover.open:
        with popover:
            if len(followed_drawings()) < MAX_DRAWINGS:
                _render_canvas()
                canvas.send_at_once()
            else:
                st.caption(LIMIT_REACHED)
            _render_list()


def _render_canvas() -> None:
    st.caption("Draw a digit, then choose which one it is. Only you can see it.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=CANVAS_SIDE):
            drawing = canvas.render(CANVAS_KEY, CANVAS_SIDE)
        st.button(
            "Clear",
            icon=":material/delete:",
            help="Clears the paper.",
            on_click=canvas.clear,
            args=(CANVAS_KEY,),
            key="clear",
        )
    steps = None
    try:
        steps = drawing.steps()
    except UserError as error:
        st.error(sentence(str(error)))
    _select_digit(None if steps is None else steps.image, "your_digit_is")


def _select_digit(image: np.ndarray | None, key: str) -> None:
    """Let the visitor choose which digit a drawing is, and follow it from then on."""

    def choose() -> None:
        label, st.session_state[key] = st.session_state[key], None
        if label is not None and image is not None:
            follow(image, label)
            if key == "your_digit_is":
                canvas.clear(CANVAS_KEY)

    st.pills(
        "Which digit is it?",
        range(10),
        disabled=image is None,
        help="Choose the digit that you meant. The drawing is followed from then on.",
        on_change=choose,
        key=key,
    )


def _render_list() -> None:
    """Render the followed drawings, each with the digit that was meant and a button to stop following it."""
    with st.container(horizontal=True, gap="small", key="followed.list"):
        for drawing in followed_drawings():
            name = followed.named(drawing.label)
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content", border=True):
                st.image(drawing_png(drawing.image), width=THUMBNAIL_SIDE, alt=f"Your drawing of {name}")
                st.markdown(f"You meant **{drawing.label}**", width="content")
                st.button(
                    f"Stop following your drawing of {name}",  # the name of the icon: the style sheet hides it
                    icon=":material/delete:",
                    type="tertiary",
                    on_click=unfollow,
                    args=(drawing.id,),
                    key=f"unfollow.{drawing.id}",
                )


# --- predictions during a training ------------------------------------------------------------------------------


def render_predictions(view: RunView, at: int | None = None) -> None:
    """Render the predictions for a run's followed drawings, up to step `at`, to the run's owner only."""
    drawings = view.requests.drawings
    if not drawings or view.state.owner != owner_hash(st.session_state.owner):
        return
    lines = st.session_state.engine.runs.predictions(view.run)
    known = lines if at is None else [line for line in lines if line.get("step", 0) <= at]
    texts = [f"{followed.named(drawing.label)}: {followed.status(known, drawing)}" for drawing in drawings]
    st.markdown("##### Followed digits  \n:small[The probability of each digit, 0 to 100 %, over the epochs]")
    figure = followed.followed_rows(lines, drawings, texts, view.state.steps, view.requests.epochs, at)
    plot(figure, "followed", f"Predictions for your drawings during the training. {'. '.join(texts)}.")
