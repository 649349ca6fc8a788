"""Lesson 5: one-hot rows, and what cross-entropy and squared error make of a wrong answer."""

from __future__ import annotations

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.config.dataset_info import DIGITS
from trainer.figures.palette import BLUE, VERMILLION
from trainer.lessons import diagrams
from trainer.lessons.loss_curves import LEAST, answer, loss_curve
from trainer.networks.losses import GUESSING, cross_entropy, one_hot, squared_error
from trainer.text import number
from ui.components.plot import plot
from ui.html import html

LABEL, SHARE = "learn.loss.label", "learn.loss.share"
SHARES = (LEAST, 0.002, 0.005, 0.01, 0.02, *(share / 100 for share in range(5, 100, 5)), 0.98, 0.99, 1 - LEAST)


@st.fragment
def show() -> None:
    st.session_state.setdefault(LABEL, 3)
    st.session_state.setdefault(SHARE, 0.1)
    st.markdown(
        "The right answer is a **one-hot** row: 1 at the right digit, 0 elsewhere. The **loss** says how far an answer "
        "is from it. **Cross-entropy** looks at the right digit's probability *p* alone: the loss is −ln *p*."
    )
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        st.selectbox(
            "The right digit",
            range(10),
            width=130,
            help="Where the one-hot row has its 1.",
            persist_state="session",
            key=LABEL,
        )
        st.select_slider(
            "Probability that the network gives it",
            SHARES,
            format_func=_percent,
            help="The other nine share the rest alike. Go down to 0.1 %: to be sure and wrong costs the most.",
            persist_state="session",
            width=430,
            key=SHARE,
        )
    label, share = int(st.session_state[LABEL]), float(st.session_state[SHARE])
    probabilities, labels = answer(label, share), np.array([label])
    entropy = float(cross_entropy(probabilities[None], labels)[0])
    squared = float(squared_error(probabilities[None], labels)[0])
    html(_table(label, probabilities))
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**Cross-entropy: −ln {share:.4g} = {entropy:.3f}**")
        plot(
            loss_curve("cross-entropy", share), "learn.loss.entropy", f"The loss at {_percent(share)} is {entropy:.3f}."
        )
        st.caption(_sentence(share, entropy))
    with right:
        st.markdown(f"**Squared error: {squared:.4f}**, the mean of the row of squares")
        plot(loss_curve("squared error", share), "learn.loss.squared", f"The squared error is {squared:.4f}.")
        st.caption(
            f"A sure wrong answer costs {_ratio(squared_error):.2g} times as much as guessing here, and "
            f"{_ratio(cross_entropy):.2g} times with cross-entropy. So cross-entropy pulls harder where it is "
            "needed most; Train has both."
        )


def _table(label: int, probabilities: np.ndarray) -> Markup:
    target = one_hot(np.array([label]))[0]
    squares = (probabilities - target) ** 2
    head = Markup().join(Markup("<th>{}</th>").format(digit) for digit in DIGITS)
    rows = (
        ("one-hot", diagrams.number_row(target, [f"{value:.0f}" for value in target], BLUE, 1.0)),
        ("says", diagrams.number_row(probabilities, [f"{value:.3f}" for value in probabilities], BLUE, 1.0)),
        ("squared", diagrams.number_row(squares, [f"{value:.3f}" for value in squares], VERMILLION, 1.0)),
    )
    body = Markup().join(Markup('<tr><td class="words">{}</td>{}</tr>').format(name, cells) for name, cells in rows)
    return Markup(
        '<div class="lesson-scroll"><table class="lesson-table lesson-digits" style="min-width: 32rem">'
        "<thead><tr><th>digit</th>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(head, body)


def _sentence(share: float, entropy: float) -> str:
    less, more = (f"{entropy + np.log(factor):.2f}" for factor in (2, 0.5))
    half = f" With half of that probability it would be {less}" + (f", with twice {more}." if share < 0.5 else ".")
    return f"Guessing, 10 % for each, costs ln 10 = {GUESSING:.3f}.{half} 100 % costs nothing."


def _ratio(loss: object) -> float:
    """Return how often the loss of guessing the loss of the least share is."""
    label = np.array([0])
    assert callable(loss)
    worst, guess = (float(loss(answer(0, share)[None], label)[0]) for share in (LEAST, 0.1))
    return worst / guess


def _percent(share: float) -> str:
    return f"{number(100 * share, 3)} %"
