"""Digits that are hard even for people: the test images of which the network is least sure."""

from __future__ import annotations

import numpy as np
import streamlit as st

from trainer.figures import sheets
from trainer.text import probability
from ui.html import html
from widgets import evaluated, library
from widgets.inside import lens
from widgets.inside.look import Look

SHOWN = 12
CELL = 132  # screen pixels


def show(look: Look) -> None:
    """Show the images that the network is least sure of, what they are, and what it says of them."""
    dataset = library.dataset(look.config.dataset)
    if dataset is None:
        return
    found = evaluated.ask(look.judge, dataset)
    if found is None:
        return
    least = np.asarray(found.unsure[:SHOWN])
    classes = look.kind.classes
    wrong = int((~np.asarray(found.right)[least]).sum())
    st.caption(
        f"Of these {len(least)} of the {len(found.labels):,} test images the network is least sure; it gets {wrong} of "
        "them wrong. What do you say? People do not agree on all of them, either."
    )
    with st.container(horizontal=True, gap="small"):
        for at in map(int, least):
            order = np.argsort(-found.probabilities[at], kind="stable")[:2]
            said = "\n".join(
                f"{classes[label]}: {probability(float(found.probabilities[at][label]))}" for label in order
            )
            with st.container(width=CELL, gap="small", border=True, horizontal_alignment="center"):
                caption = f"Is {look.named(int(found.labels[at]))}\n{said}"
                mark = [bool(found.right[at])]
                html(sheets.sheet(dataset.x_test[at : at + 1], [caption], mark))
                lens.offer(at, "Look inside", f"inside.hard.{at}")
