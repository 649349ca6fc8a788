"""Occlusion map of the answer, and the counterfactual: a small change of the image that changes the answer."""

from __future__ import annotations

import hashlib

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.analysis import counterfactual
from trainer.analysis.counterfactual import Change
from trainer.analysis.occlusion import COVER, PATCH, occlusion
from trainer.figures import diverging
from trainer.figures.images import data_url
from trainer.text import number, probability
from ui.html import html
from ui.inside.subject import Subject, image, scale

IMAGE_SIDE = 196  # screen pixels
CHANGE_KEY = "inside.change"  # of the last change found, with what it was found for


def render(subject: Subject) -> None:
    """Render the occlusion map, then the smallest change found that turns the image into the runner-up."""
    assert subject.image is not None and subject.answer is not None
    if not subject.answer.is_finite:
        st.info(subject.answer.sentence)
        return
    _render_occlusion(subject, subject.image)
    _render_counterfactual(subject, subject.image, subject.answer.best, subject.answer.second)


def _render_occlusion(subject: Subject, original: np.ndarray) -> None:
    assert subject.answer is not None
    st.subheader("What the answer rests on", anchor=False)
    found = occlusion(subject.network, original)
    name = subject.named(found.winner)
    largest = diverging.max_magnitude(found.drop)
    left, top, right, bottom = found.where
    covered = original.copy()
    covered[top:bottom, left:right] = COVER
    pictures = (
        image(data_url(original), IMAGE_SIDE, f"{name}: {probability(subject.answer.share)}", "The image")
        + image(
            diverging.overlay_url(original, found.drop, largest),
            IMAGE_SIDE,
            Markup("{}<br>drop in confidence (log-odds) when covered").format(scale(largest)),
            f"Occlusion map for {name}: blue parts support the answer",
        )
        + image(
            data_url(covered),
            IMAGE_SIDE,
            Markup("The most important part covered:<br>{} {}").format(name, _percent(found.lowest)),
            "The image with its most important part covered",
        )
    )
    html(Markup('<div class="inside thirds">{}</div>').format(pictures))
    st.caption(
        f"A gray square of {PATCH} × {PATCH} pixels covers one place after another. Blue: with this place covered, the "
        f"network is less sure of {name}, so the answer rests on it. Orange: the network is surer. The answer changes "
        f"at {found.flips or 'none'} of {found.patches} places."
    )


def _render_counterfactual(subject: Subject, original: np.ndarray, best: int, target: int) -> None:
    name = subject.named(target)
    st.subheader(f"What would make it {name}?", anchor=False)
    key = (subject.choice.id, subject.choice.changed, target, hashlib.sha256(original.tobytes()).hexdigest())
    is_clicked = st.button(
        f"Turn it into {name}",
        icon=":material/auto_fix_high:",
        help=f"Searches for a few pixels to ink or erase that make the network answer {name}.",
        key="inside.turn",
    )
    if is_clicked:
        text, found = "Searching for a small change …", None
        bar = st.progress(0.0, text)
        for step, change in enumerate(counterfactual.search(subject.network, original, target)):
            found = change
            bar.progress(min(1.0, step / counterfactual.MAX_DOTS), text)
        bar.empty()
        st.session_state[CHANGE_KEY] = key, found
    saved_key, found = st.session_state.get(CHANGE_KEY, (None, None))
    if saved_key != key or found is None:
        st.caption(
            "Dot by dot, the search inks or erases what helps most, then undoes what was not needed. The network often "
            "changes its answer long before a person would."
        )
        return
    _render_change(subject, found, best)


def _render_change(subject: Subject, found: Change, best: int) -> None:
    assert subject.answer is not None
    after, before = found.probabilities, subject.answer.probabilities
    target = found.target

    def shares(probabilities: np.ndarray) -> Markup:
        return Markup("{}: {}<br>{}: {}").format(
            subject.info.classes[best],
            probability(float(probabilities[best])),
            subject.info.classes[target],
            probability(float(probabilities[target])),
        )

    pictures = (
        image(data_url(found.before), IMAGE_SIDE, Markup("Before<br>{}").format(shares(before)), "The image before")
        + image(
            diverging.overlay_url(found.before, found.difference, 1.0),
            IMAGE_SIDE,
            Markup("Change<br>blue: {} pixels inked<br>orange: {} erased").format(found.added, found.removed),
            f"{found.added} pixels inked and {found.removed} erased",
        )
        + image(data_url(found.after), IMAGE_SIDE, Markup("After<br>{}").format(shares(after)), "The image after")
    )
    html(Markup('<div class="inside thirds">{}</div>').format(pictures))
    total = found.before.shape[0] * found.before.shape[1]
    verb = "is" if found.pixels == 1 else "are"
    if found.flipped:
        text = (
            f"{found.pixels} of {total:,} pixels {verb} enough: the network reads the changed image as "
            f"{subject.named(target)}. This is the smallest change that the search found; a smaller one may exist."
        )
    else:
        text = (
            f"No such change found: after {found.pixels} of {total:,} pixels the network still answers "
            f"{subject.named(int(after.argmax()))}."
        )
    st.caption(text)


def _percent(share: float) -> str:
    return f"{number(100 * share, 2)} %" if share < 0.01 else probability(share)
