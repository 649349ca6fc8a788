"""What the network sees: each step from a drawing to its 28 x 28 pixels, and what others would make of it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from trainer import UserError, strip
from trainer.answer import Answer, answers, named
from trainer.text import probability
from widgets.glossary import explained
from widgets.judges import Judge
from widgets.source import Source

STYLE = """<style>
    .strip { display: flex; flex-wrap: wrap; gap: 0.75rem 1.6rem }
    .strip figure { flex: 1 1 5.4rem; max-width: 7.7rem; margin: 0; position: relative }
    .strip figure + figure::before { content: "→"; position: absolute; left: -1.3rem; top: 2.4rem; opacity: 0.6 }
    .strip figure + figure.otherwise::before { content: "or"; font-size: 0.8rem }
    .strip img { display: block; width: 100%; aspect-ratio: 1; border-radius: 0.4rem; background: #000 }
    .strip.empty img { opacity: 0.15 }
    .strip figcaption { margin-top: 0.3rem; font-size: 0.8rem; line-height: 1.3 }
    @media (max-width: 640px) {
        .strip { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0.75rem 1.1rem }
        .strip figure + figure::before { left: -1.05rem; top: 1.9rem }
        .strip figure + figure:nth-child(3n + 1)::before { content: "" }
    }
</style>"""
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
        st.html(strip.ready(source.images[0]))
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
                otherwise.append(strip.Otherwise(title, image, words, said.best == answer.best))
        except UserError:
            pass
    st.html(strip.strip(source.picture, steps, source.boxes, otherwise))
