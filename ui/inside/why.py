"""Why this digit: what the answer rests on, and what would have to change for another one."""

from __future__ import annotations

import hashlib

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.analysis import counterfactual
from trainer.analysis.counterfactual import Change
from trainer.analysis.occlusion import PATCH, occlusion
from trainer.figures import diverging
from trainer.figures.images import data_url
from trainer.text import number, probability
from ui.html import html
from ui.inside.subject import Look, image, scale

SIDE = 196  # screen pixels of a picture
FOUND = "inside.change"  # what was found last, and for what


def show(look: Look) -> None:
    """Show the occlusion map, then the smallest found change that turns the image into the runner-up."""
    assert look.image is not None and look.said is not None
    if not look.said.has_numbers:
        st.info(look.said.sentence)
        return
    _occlude(look, look.image)
    _change(look, look.image, look.said.best, look.said.second)


def _occlude(look: Look, seen: np.ndarray) -> None:
    assert look.said is not None
    st.subheader("What the answer rests on", anchor=False)
    found = occlusion(look.network, seen)
    name = look.named(found.winner)
    reach = diverging.reach(found.drop)
    left, top, right, bottom = found.where
    covered = seen.copy()
    covered[top:bottom, left:right] = 0.5
    flips = (
        f"At {found.flips} of {found.patches} places it then says something else."
        if found.flips
        else f"At none of {found.patches} places does it say something else."
    )
    pictures = (
        image(data_url(seen), SIDE, f"{name}: {probability(look.said.share)}", "The image")
        + image(
            diverging.over(seen, found.drop, reach),
            SIDE,
            Markup("{}<br>how much less sure it is without").format(scale(reach)),
            f"Where {name} rests: blue parts speak for it",
        )
        + image(
            data_url(covered),
            SIDE,
            Markup("Covered where it matters most:<br>{} is {}").format(name, _percent(found.lowest)),
            "The image with its most important part covered",
        )
    )
    html(Markup('<div class="inside thirds">{}</div>').format(pictures))
    st.caption(
        f"A grey square of {PATCH} × {PATCH} pixels covers one place after the other. Blue: without this place the "
        f"network is less sure of {name}, so the answer rests on it. Orange: it would be surer. {flips}"
    )


def _change(look: Look, seen: np.ndarray, best: int, target: int) -> None:
    st.subheader(f"What would make it {look.named(target)}?", anchor=False)
    key = (look.judge.id, look.judge.changed, target, hashlib.sha256(seen.tobytes()).hexdigest())
    asked = st.button(
        f"Turn it into {look.named(target)}",
        icon=":material/auto_fix_high:",
        help="Search for few pixels to ink or to wipe, until the network says what it now takes for the next best.",
        key="inside.turn",
    )
    if asked:
        words, found = "Looking for few pixels …", None
        bar = st.progress(0.0, words)
        for step, one in enumerate(counterfactual.changes(look.network, seen, target)):
            found = one
            bar.progress(min(1.0, step / counterfactual.MOST), words)
        bar.empty()
        st.session_state[FOUND] = key, found
    kept, found = st.session_state.get(FOUND, (None, None))
    if kept != key or found is None:
        st.caption(
            "Dot by dot, the search inks or wipes what helps most, then puts back what was not needed. The network "
            "often changes its mind long before a person would."
        )
        return
    _show_change(look, found, best)


def _show_change(look: Look, found: Change, best: int) -> None:
    assert look.said is not None
    after, before = found.probabilities, look.said.probabilities
    target = found.target

    def shares(probabilities: np.ndarray) -> Markup:
        return Markup("{}: {}<br>{}: {}").format(
            look.kind.classes[best],
            probability(float(probabilities[best])),
            look.kind.classes[target],
            probability(float(probabilities[target])),
        )

    drawn = (
        image(data_url(found.before), SIDE, Markup("Before<br>{}").format(shares(before)), "The image before")
        + image(
            diverging.over(found.before, found.difference, 1.0),
            SIDE,
            Markup("Change<br>blue: {} pixels inked<br>orange: {} wiped").format(found.added, found.removed),
            f"{found.added} pixels inked and {found.removed} wiped",
        )
        + image(data_url(found.after), SIDE, Markup("After<br>{}").format(shares(after)), "The image after")
    )
    html(Markup('<div class="inside thirds">{}</div>').format(drawn))
    total = found.before.shape[0] * found.before.shape[1]
    verb = "is" if found.pixels == 1 else "are"
    if found.flipped:
        words = (
            f"{found.pixels} of {total:,} pixels {verb} enough: the network read the changed image and says "
            f"{look.named(target)}. Fewer may do; this is the smallest change that the search found."
        )
    else:
        words = (
            f"Not found: after {found.pixels} of {total:,} pixels the network still says "
            f"{look.named(int(after.argmax()))}."
        )
    st.caption(words)


def _percent(share: float) -> str:
    return f"{number(100 * share, 2)} %" if share < 0.01 else probability(share)
