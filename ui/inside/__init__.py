"""The Look inside page: what is looked at, and the ways to look at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from ui.glossary import explained
from ui.inside import examples, logits, outputs, units, weights, why
from ui.inside.subject import Look

KEY = "inside.view"


@dataclass(frozen=True)
class View:
    show: Callable[[Look], None]
    help: str  # what is seen there
    needs_image: bool = True


VIEWS = {
    "Layers": View(outputs.show, "what comes out of every layer"),
    "Units": View(units.show, "what one number in there is made of"),
    "Weights": View(weights.show, "what the first layer has learned", needs_image=False),
    "Evidence": View(logits.show, "how the numbers add up to the answer"),
    "Why": View(why.show, "what the answer rests on, and what would change it"),
    "Hard digits": View(examples.least_sure, "those of which the network is least sure", needs_image=False),
    "Nearest": View(examples.nearest, "the training digits that are most alike to the network"),
}


def ask() -> View:
    """Ask what to look at."""
    title = st.segmented_control(
        "What to look at",
        VIEWS,
        default="Layers" if KEY not in st.session_state else None,
        required=True,
        help="; ".join(f"**{title}**: {view.help}" for title, view in VIEWS.items()) + ".",
        label_visibility="collapsed",
        persist_state="session",
        key=KEY,
    )
    view = VIEWS[title]
    st.caption(explained(f"{view.help[0].upper()}{view.help[1:]}."))
    return view
