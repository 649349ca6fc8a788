"""My drawings: the visitor's own labeled drawings, which only they see, for training a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from trainer import UserError
from trainer.analysis.answer import Answer, named
from trainer.config.limits import CLASSES
from trainer.drawing.collection import NO_PREDICTION, Collection, drawing_key
from trainer.figures.images import drawing_png
from trainer.runs.parent import SHIPPED
from trainer.text import counted
from ui import followed_digits
from ui.callbacks import attempt
from ui.markdown import sentence

THUMBNAIL_SIDE = 48  # pixels
PAGE_SIZE = 12  # drawings
PROMPT, NUDGE = "I meant", "Tell it what you meant"  # the nudge for a digit that the network is not sure of

# One component instead of ten buttons, since it is sent with every stroke. A press names its drawing: by the time the
# server receives it, the canvas may show another digit, or one more stroke of the same one.
_component = st.components.v2.component(
    "digit_lab_meant",
    html=f'<div class="row" role="group" aria-label="{PROMPT}"><span>{PROMPT}</span>'
    + '<div class="digits">'
    + "".join(
        f'<button type="button" title="{PROMPT} {named(digit)} (key {digit}); press again to undo" '
        f'aria-label="{PROMPT} {named(digit)}">{digit}</button>'
        for digit in range(CLASSES)
    )
    + "</div></div>",
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def render(
    image: np.ndarray | None,
    answer: Answer | None,
    parent: str = SHIPPED,
    drawing_id: str = "",
    lines: Sequence[np.ndarray] = (),
) -> None:
    """Render the buttons that label the current drawing, and what can be done with the labeled drawings.

    image: (28, 28) float32, 0 paper .. 1 ink, or None for a blank canvas; answer: of the network of `parent`, a run's
    id or "shipped", if there is one. Pressing another digit corrects the label, pressing the same digit removes it.
    `drawing_id` identifies a digit that may get more strokes; `lines` are its strokes, as `NormalizationSteps` has
    them.
    """
    collection: Collection = st.session_state.engine.collection(st.session_state.owner)
    predicted = answer.best if answer and answer.is_finite else None
    with st.container(key="meant", gap="xsmall"):
        try:
            is_unsure = image is not None and answer is not None and not answer.sure
            prompt = NUDGE if is_unsure else PROMPT
            label = _select_label(collection, image, predicted, drawing_id, lines, prompt)
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                _render_summary(collection)
                _render_collection_button(collection, parent)
                if image is not None and label is not None:
                    followed_digits.render_follow_button(image, label)
                if label is not None and predicted not in (None, label):
                    _render_fine_tune_link(parent)
        except UserError as error:
            st.warning(sentence(str(error)))
            st.button(
                "Delete all",
                icon=":material/delete:",
                on_click=attempt,
                args=(collection.clear,),
                key="meant.begin_anew",
            )


def _select_label(
    collection: Collection,
    image: np.ndarray | None,
    predicted: int | None,
    drawing_id: str,
    lines: Sequence[np.ndarray],
    prompt: str,
) -> int | None:
    """Render the ten buttons, save the label that was pressed, and return the drawing's label, if it has one."""
    drawing = "" if image is None else drawing_id or drawing_key(image)
    press = st.session_state.pop("meant.press", None)
    if image is not None and drawing == _field(press, "drawing"):
        save_label(collection, image, _field(press, "digit"), predicted, lines)
    label = None if image is None else collection.label_of(image)

    def receive() -> None:
        # A callback has the drawing of the previous run, so the press is saved above, with the current one.
        st.session_state["meant.press"] = st.session_state["meant.digit"].get("digit")

    shown_prompt = PROMPT if label is not None else prompt
    _component(
        data=json.dumps({"drawing": drawing, "label": label, "prompt": shown_prompt}).encode(),
        on_digit_change=receive,
        width="stretch",
        key="meant.digit",
    )
    return label


def _render_summary(collection: Collection) -> None:
    """Render how many drawings are labeled, and how many of them the network read correctly."""
    count = len(collection)
    total = f"**{counted(count, 'drawing')}, {collection.correct_count:,} read correctly**"
    st.caption(total if count else "Label your drawings to train a network on them.", width="content")


def _render_fine_tune_link(parent: str) -> None:
    st.page_link(
        "pages/train.py",
        label="Fine-tune on my drawings",
        icon=":material/model_training:",
        query_params={"parent": parent},
        help="Continues the training of the selected network with these drawings added.",
    )


def _field(press: Any, name: str) -> Any:
    return press.get(name) if isinstance(press, dict) else None


def save_label(
    collection: Collection, image: np.ndarray, digit: Any, predicted: int | None, lines: Sequence[np.ndarray] = ()
) -> None:
    """Save, correct or remove the label of a drawing. `digit` comes from a browser, so it may be anything."""

    def change() -> None:
        if collection.label_of(image) == digit:
            collection.remove(drawing_key(image))
        else:
            collection.add(image, digit, predicted, lines)

    if type(digit) is int and 0 <= digit < CLASSES:
        attempt(change)


# --- the labeled drawings --------------------------------------------------------------------------------------


def _render_collection_button(collection: Collection, parent: str) -> None:
    """Render the button to this visitor's drawings."""
    has_drawings = len(collection) > 0
    if st.button(
        "My drawings",
        icon=":material/collections_bookmark:",
        help="View, download or delete your labeled drawings, or train a network on them. Only you can see them."
        if has_drawings
        else "Shows your labeled drawings. There are none yet: draw a digit, and press the digit that you meant.",
        disabled=not has_drawings,
        key="my_drawings",
    ):
        _render_collection(collection, parent)


@st.dialog("My drawings", width="medium", icon=":material/collections_bookmark:", on_dismiss="rerun")
def _render_collection(collection: Collection, parent: str) -> None:
    if not len(collection):
        st.markdown("There are no drawings any more.")
        return
    _render_fine_tune_link(parent)
    _render_list(collection)
    _render_actions(collection)


def _render_list(collection: Collection) -> None:
    """Render the drawings, newest first, each with its label, the prediction if it differs, and a delete button."""
    drawings = collection.drawings
    newest_first = range(len(drawings.labels))[::-1]
    pages = -(-len(newest_first) // PAGE_SIZE)
    page = st.pagination(pages, key="my_drawings.page") if pages > 1 else 1
    with st.container(horizontal=True, gap="small", key="my_drawings.list"):
        for place in newest_first[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]:
            label, predicted = int(drawings.labels[place]), int(drawings.predictions[place])
            key = drawings.keys[place]
            is_misread = predicted not in (label, NO_PREDICTION)
            name = named(label) + (f", read as {named(predicted)}" if is_misread else "")
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content", border=True):
                picture = drawing_png(drawings.images[place] / 255)
                st.image(picture, width=THUMBNAIL_SIDE, alt=f"Your drawing of {name}")
                st.markdown(f"**{label}**, read as {predicted}" if is_misread else f"**{label}**", width="content")
                st.button(
                    f"Delete the drawing of {name}",  # the name of the icon: the style sheet hides it
                    icon=":material/delete:",
                    type="tertiary",
                    on_click=attempt,
                    args=(collection.remove, key),
                    key=f"my_drawings.delete.{key}",
                )


def _render_actions(collection: Collection) -> None:
    """Render the downloads, and the button that deletes all drawings, with a confirmation."""
    with st.container(horizontal=True):
        st.download_button(
            "npz",
            collection.content,
            "my_drawings.npz",
            icon=":material/download:",
            on_click="ignore",
            help="NumPy file: images (n, 28, 28), 0 paper to 255 ink; labels, the digits that you meant; said, the "
            "digits that the network read, or −1; points, the x and y of all your strokes, 0 to 65,535 within their "
            "digit; points_of_stroke and strokes_of_drawing, how many belong to each.",
            key="my_drawings.npz",
        )
        st.download_button(
            "PNG",
            collection.sheet,
            "my_drawings.png",
            "image/png",
            icon=":material/download:",
            on_click="ignore",
            help="One picture of all drawings, in rows by digit.",
            key="my_drawings.png",
        )
        confirm_key = "my_drawings.delete_all"
        if not st.session_state.get(confirm_key):
            st.button(
                "Delete all",
                icon=":material/delete:",
                help="Deletes all your drawings after you confirm it.",
                on_click=lambda: st.session_state.update({confirm_key: True}),
                key="my_drawings.ask_delete",
            )
    if st.session_state.get(confirm_key):
        st.markdown(f"Delete {counted(len(collection), 'drawing')}? The networks trained on them stay.")
        with st.container(horizontal=True):
            for text, change in (("Delete them", collection.clear), ("Keep them", lambda: None)):

                def answer(change: Callable[[], None] = change) -> None:
                    st.session_state[confirm_key] = False
                    attempt(change)

                st.button(text, on_click=answer, key=f"my_drawings.{text}")
