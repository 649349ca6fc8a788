"""What the network sees: each step from a drawing to its 28 x 28 pixels, and what others would make of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from trainer import UserError
from trainer.analysis.answer import Answer, answers, named
from trainer.drawing import step_pictures
from trainer.text import probability
from ui.digit_input.source import Source
from ui.glossary import explained
from ui.html import html
from ui.network_picker import Judge

STYLE = Path(__file__).with_suffix(".css")
OTHERWISE = {  # a property of Steps: its switch, what its picture is called, and what it is for
    "uncentred": (
        "Without centring",
        "Uncentred",
        "See what the network would say if the digit's box, not its centre of mass, lay in the middle.",
    ),
    "squeezed": (
        "Whole canvas squeezed",
        "Squeezed",
        "See what the network would say if all of the paper were made 28 × 28 pixels, as most such pages do.",
    ),
}


def ask(disabled: bool) -> list[str]:
    """Ask in which other ways a digit is to be made 28 x 28, too: properties of its Steps."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="seen"):
        st.subheader("What the network sees", anchor=False, width="content")
        return [
            way
            for way, (switch, _, words) in OTHERWISE.items()
            if st.toggle(switch, help=explained(words), disabled=disabled, persist_state="session", key=way)
        ]


def show(source: Source, focus: int | None, answering: Judge, answer: Answer | None, ways: Sequence[str]) -> None:
    """Show the steps of one digit, and the same digit made 28 x 28 in other `ways`."""
    if source.label is not None:
        html(step_pictures.ready(source.images[0]))
        words = "A test digit comes as it is: whoever made MNIST has cropped it, fitted and centred it before."
        st.caption(explained(words))
        return
    steps = None if focus is None else source.steps[focus]
    otherwise = []
    if steps is not None and answer is not None:
        try:
            for way in ways:
                image = getattr(steps, way)
                (said,) = answers(answering.network, image[None], strange=False)
                _, title, _ = OTHERWISE[way]
                words = f"{named(said.best)} ({probability(said.share)})"
                otherwise.append(step_pictures.Otherwise(title, image, words, said.best == answer.best))
        except UserError:
            pass
    html(step_pictures.strip(source.picture, steps, source.boxes, otherwise))
