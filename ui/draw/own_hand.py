"""The visitor's hand: whether it corrects the ready-made network on Draw, and what that changes."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from trainer import UserError
from trainer.analysis import hand as hands
from trainer.analysis.hand import MIN_DRAWINGS, Hand
from trainer.drawing.collection import Collection, Drawings
from trainer.runs.parent import SHIPPED
from trainer.storage.memory import cached
from trainer.text import counted
from ui import background, dataset_loader, load_control, visitor_file
from ui.background import Task
from ui.markdown import sentence
from ui.network_choice import NetworkChoice

FILE = "hand.txt"  # "on" while the hand corrects the network


def find(choice: NetworkChoice) -> Hand | None:
    """Return the hand that corrects a network's answers: the visitor has switched it on, and drawn enough for it."""
    if choice.id != SHIPPED or visitor_file.read(FILE) != "on":
        return None
    collection: Collection = st.session_state.engine.collection(st.session_state.owner)
    try:
        drawings = collection.drawings
    except UserError:  # Draw shows it beside the drawings
        return None
    return _learn(drawings) if len(drawings.labels) >= MIN_DRAWINGS else None


@cached(50_000_000, key=lambda drawings: (drawings.keys, drawings.labels.tobytes()))
def _learn(drawings: Drawings) -> Hand:
    return Hand.learn(np.divide(drawings.images, 255, dtype=np.float32), drawings.labels)


def render(choice: NetworkChoice, hand: Hand | None) -> None:
    """Render the switch for the visitor's hand, and what it changes; `hand` is what corrects the network now."""
    collection: Collection = st.session_state.engine.collection(st.session_state.owner)
    try:
        count = len(collection)
    except UserError:  # Draw shows it beside the drawings
        return
    if choice.id != SHIPPED or not count:
        return
    is_on, missing = hand is not None, MIN_DRAWINGS - count
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="hand"):
        st.toggle(
            "Learn my hand",
            value=is_on,
            disabled=missing > 0,
            help=f"Label {counted(missing, 'more drawing')} first."
            if missing > 0
            else "Reads what resembles your labeled drawings as you meant them. The ready-made network stays as it is.",
            on_change=visitor_file.write,
            args=(FILE, "off" if is_on else "on"),
            key=f"hand.switch.{is_on}",
        )
        if missing > 0:
            st.caption(f"{counted(missing, 'more labeled drawing')} to go", width="content")
    if hand:
        before, after = hand.own_counts
        st.caption(
            f"With your hand, {after:,} of your {count:,} drawings are read correctly, without it {before:,}: each is "
            "read as if it were new."
        )
        _render_test_digits(hand)


def _render_test_digits(hand: Hand) -> None:
    """Render how well MNIST's test digits are read without the hand and with it; they are read once for everybody."""
    dataset = dataset_loader.available()
    if dataset is None or dataset.source != "MNIST":
        return
    key = "hand", dataset.hash
    task = background.find(key) or background.start(
        key,
        partial(hands.read_test_digits, dataset),
        failure="The test digits could not be read",
        turns=load_control.evaluations,
        visitor=load_control.current_visitor(),
    )
    if not task.done:
        background.render_progress(task, _describe)
    elif task.error:
        st.caption(sentence(task.error))
    else:
        before, after = task.result.accuracies(hand)
        st.caption(
            f"MNIST's test digits: {100 * after:.2f} % read correctly with your hand, {100 * before:.2f} % without it."
        )


def _describe(task: Task) -> tuple[float, str]:
    return task.fraction, "Reading MNIST's test digits …"
