"""Look inside page: the views of a network and of the image that it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from ui.glossary import linked_help
from ui.inside import examples, logits, network_picture, weights, why
from ui.inside.subject import Subject

VIEW_KEY = "inside.view"


@dataclass(frozen=True)
class View:
    render: Callable[[Subject], None]
    description: str  # what the view shows
    needs_image: bool = True


VIEWS = {
    "Network": View(network_picture.render, "the outputs of all layers: click one to see how it is computed"),
    "Weights": View(weights.render, "the weights of the first layer", needs_image=False),
    "Contributions": View(logits.render, "how inputs times weights add up to the answer"),
    "Why": View(why.render, "what the answer rests on, and what would change it"),
    "Hard digits": View(examples.render_least_sure, "the test images that the network is least sure of", False),
    "Nearest": View(examples.render_nearest, "the training images that look most alike to the network"),
}


def select_view() -> View:
    """Render the choice of the view with its description, and return the view."""
    title = st.segmented_control(
        "View",
        VIEWS,
        default="Network" if VIEW_KEY not in st.session_state else None,
        required=True,
        help="; ".join(f"**{title}**: {view.description}" for title, view in VIEWS.items()) + ".",
        label_visibility="collapsed",
        persist_state="session",
        key=VIEW_KEY,
    )
    view = VIEWS[title]
    st.caption(linked_help(f"{view.description[0].upper()}{view.description[1:]}."))
    return view
