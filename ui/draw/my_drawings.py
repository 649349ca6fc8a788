"""I meant a ...: a visitor says what a drawing is, and it is kept in a set of their own. Nobody else sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from trainer import UserError
from trainer.analysis.answer import named
from trainer.config.limits import CLASSES
from trainer.drawing.collection import Collection, key_of
from trainer.figures.images import drawing_picture
from trainer.runs.parent import SHIPPED

PICTURE = 40  # pixels a side of a drawing in the list
LISTED = 10  # drawings at a time
KEEP = "I meant"

# One component instead of ten buttons, since it is sent with every stroke. A press names its drawing: by the time the
# server receives it, the paper may show another digit, or one more stroke of the same one.
_choose = st.components.v2.component(
    "digit_lab_meant",
    html=f'<div class="row" role="group" aria-label="{KEEP}"><span>{KEEP}</span>'
    + "".join(
        f'<button type="button" title="{KEEP} {named(digit)} (key {digit}); once more takes it back" '
        f'aria-label="{KEEP} {named(digit)}">{digit}</button>'
        for digit in range(CLASSES)
    )
    + "</div>",
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def ask(image: np.ndarray | None, said: int | None, parent: str = SHIPPED, about: str = "") -> None:
    """Ask what the drawing on the paper was meant to be, and keep it with one press.

    image: (28, 28) float32, 0 paper .. 1 ink, or None for blank paper; said: what the network of `parent`, a run's id
    or "shipped", takes it for, if it was asked. A further press on another digit corrects, one on the same takes back.
    `about` names a digit that may get more strokes, the same before and after.
    """
    collection: Collection = st.session_state.engine.collection(st.session_state.owner)
    with st.container(key="meant", gap="xsmall"):
        try:
            kept = _ask_digit(collection, image, said, about)
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                _tell(collection, kept)
                _show(collection, parent)
        except UserError as error:
            st.warning(str(error))
            st.button(
                "Delete all",
                icon=":material/delete:",
                on_click=_attempt,
                args=(collection.clear,),
                key="meant.begin_anew",
            )


def _ask_digit(collection: Collection, image: np.ndarray | None, said: int | None, about: str) -> int | None:
    """Ask what the drawing was meant to be, and return as what it is kept, if it is."""
    drawing = "" if image is None else about or key_of(image)
    press = st.session_state.pop("meant.press", None)
    if image is not None and drawing == _part(press, "drawing"):
        keep(collection, image, _part(press, "digit"), said)
    kept = None if image is None else collection.label_of(image)

    def take() -> None:
        # It is judged above, by the drawing as it then is: a callback still has the one of the run before.
        st.session_state["meant.press"] = st.session_state["meant.digit"].get("digit")

    _choose(
        data=json.dumps({"drawing": drawing, "kept": kept}).encode(),
        on_digit_change=take,
        width="stretch",
        key="meant.digit",
    )
    return kept


def _tell(collection: Collection, kept: int | None) -> None:
    drawn, right = len(collection), collection.right
    words = f"**{drawn:,} drawn, {right:,} right**" if drawn else "What you say is kept, for a network to learn from."
    again = f" · kept as {named(kept)}: press {kept} again to take it back" if kept is not None else ""
    st.caption(f"{words}{again}", width="content")


def _part(press: Any, name: str) -> Any:
    return press.get(name) if isinstance(press, dict) else None


def keep(collection: Collection, image: np.ndarray, digit: Any, said: int | None) -> None:
    """Keep, correct or take back a drawing, as a press on a digit asks; a browser sent it, so it may be anything."""

    def change() -> None:
        if collection.label_of(image) == digit:
            collection.remove(key_of(image))
        else:
            collection.add(image, digit, said)

    if type(digit) is int and 0 <= digit < CLASSES:
        _attempt(change)


def _attempt(change: Callable[..., None], *arguments: Any) -> None:
    """Do something in a callback, and say what kept it from being done."""
    try:
        change(*arguments)
    except UserError as error:
        st.toast(str(error), icon=":material/error:")


# --- what is kept ---------------------------------------------------------------------------------------------


def _show(collection: Collection, parent: str) -> None:
    """Show the button to this visitor's drawings; what is behind it is made once it is open."""
    popover = st.popover(
        "My drawings",
        icon=":material/collections_bookmark:",
        help="What you meant by your drawings: look at it, take it along, let a network learn it. Only you see it.",
        disabled=not len(collection),
        on_change="rerun",
        key="my_drawings",
    )
    if popover.open and len(collection):
        with popover:
            st.page_link(
                "pages/train.py",
                label="Fine-tune a network on them",
                icon=":material/model_training:",
                query_params={"parent": parent},
                help="Go on training the network that answers here, with these drawings among the digits.",
            )
            _list(collection)
            _offer(collection)


def _list(collection: Collection) -> None:
    """Show the drawings, the newest first, each with what was meant, what was said, and a button that deletes it."""
    drawings = collection.drawings
    newest_first = range(len(drawings.labels))[::-1]
    pages = -(-len(newest_first) // LISTED)
    page = st.pagination(pages, key="my_drawings.page") if pages > 1 else 1
    with st.container(horizontal=True, gap="small", key="my_drawings.list"):
        for place in newest_first[(page - 1) * LISTED : page * LISTED]:
            meant, said = int(drawings.labels[place]), int(drawings.said[place])
            key = drawings.keys[place]
            read = "" if said in (meant, -1) else f", read as {named(said)}"
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
                picture = drawing_picture(drawings.images[place] / 255)
                st.image(picture, width=PICTURE, alt=f"Your drawing of {named(meant)}{read}")
                st.button(
                    f"{meant}" + (f", read {said}" if read else ""),
                    icon=":material/close:",
                    type="tertiary",
                    help=f"Delete this drawing of {named(meant)}{read}",
                    on_click=_attempt,
                    args=(collection.remove, key),
                    key=f"my_drawings.delete.{key}",
                )


def _offer(collection: Collection) -> None:
    """Offer to take the drawings with one, and to delete them all, which is asked once more."""
    with st.container(horizontal=True):
        st.download_button(
            "npz",
            collection.content,
            "my_drawings.npz",
            icon=":material/download:",
            on_click="ignore",
            help="For NumPy: images (n, 28, 28) from 0, paper, to 255, ink; labels, what you meant; "
            "said, what the network said, or -1.",
            key="my_drawings.npz",
        )
        st.download_button(
            "PNG",
            collection.sheet,
            "my_drawings.png",
            "image/png",
            icon=":material/download:",
            on_click="ignore",
            help="One picture of all, in rows by what you meant.",
            key="my_drawings.png",
        )
        asked = "my_drawings.delete_all"
        if not st.session_state.get(asked):
            st.button(
                "Delete all",
                icon=":material/delete:",
                help="Delete all your drawings; it is asked once more.",
                on_click=lambda: st.session_state.update({asked: True}),
                key="my_drawings.ask_delete",
            )
    if st.session_state.get(asked):
        st.markdown(f"Delete all {len(collection):,}? Networks that learned from them stay.")
        with st.container(horizontal=True):
            for label, change in (("Delete them", collection.clear), ("Keep them", lambda: None)):

                def answer(change: Callable[[], None] = change) -> None:
                    st.session_state[asked] = False
                    _attempt(change)

                st.button(label, on_click=answer, key=f"my_drawings.{label}")
