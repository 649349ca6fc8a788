"""Normalization steps from a drawing to its 28 x 28 pixels, and predictions with alternative normalizations."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import streamlit as st

from trainer import UserError
from trainer.analysis.answer import Answer, named, predict
from trainer.drawing import step_pictures
from trainer.text import probability
from ui.digit_input.inputs import DigitInput
from ui.glossary import linked_help
from ui.html import html
from ui.network_choice import NetworkChoice

STYLE = Path(__file__).with_suffix(".css")
ALTERNATIVES = {  # property of NormalizationSteps: label of its toggle, title of its picture
    "uncentered": ("Without centering", "Uncentered"),
    "squeezed": ("Whole paper squeezed", "Squeezed"),
}
HELP = (
    "The steps from your drawing to the network's 28 × 28 pixels. Two other ways to compare: the digit's bounding box "
    "is centered instead of its center of mass, or the whole paper is scaled to 28 × 28 pixels, as many demos do."
)


def select_alternatives(disabled: bool) -> list[str]:
    """Render the toggles of ALTERNATIVES, and return the keys of those that are on."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="seen"):
        st.subheader("What the network sees", help=linked_help(HELP), anchor=False, width="content")
        return [
            name
            for name, (label, _) in ALTERNATIVES.items()
            if st.toggle(label, disabled=disabled, persist_state="session", key=name)
        ]


def predict_alternatives(
    source: DigitInput, focus: int | None, choice: NetworkChoice, answer: Answer | None, alternatives: Sequence[str]
) -> list[step_pictures.Alternative]:
    """Return the network's prediction for each alternative normalization of one digit."""
    if focus is None or answer is None or source.label is not None:
        return []
    found = []
    with suppress(UserError):  # the network's file is missing or damaged, which the page says above
        for name in alternatives:
            image = getattr(source.steps[focus], name)
            (other,) = predict(choice.network, image[None], strange=False)
            _, title = ALTERNATIVES[name]
            text = f"{named(other.best)} ({probability(other.share)})"
            found.append(step_pictures.Alternative(title, image, text, other.best == answer.best))
    return found


def render(source: DigitInput, focus: int | None, alternatives: Sequence[step_pictures.Alternative]) -> None:
    """Render the steps of one digit, and the predictions for its alternative normalizations."""
    if source.label is not None:
        html(step_pictures.image_html(source.images[0]))
        caption = "Test digits come prepared: they are cropped, scaled and centered already."
        st.caption(linked_help(caption))
        return
    steps = None if focus is None else source.steps[focus]
    html(step_pictures.steps_html(source.picture, steps, source.boxes, list(alternatives)))
