"""Lesson 5: one-hot labels, and the cross-entropy and squared error of a prediction."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import streamlit as st
from markupsafe import Markup
from numpy.typing import NDArray

from trainer.config.dataset_info import DIGITS
from trainer.figures.palette import BLUE, VERMILLION
from trainer.lessons import diagrams
from trainer.lessons.loss_curves import MIN_PROBABILITY, answer_probabilities, loss_curve
from trainer.networks.losses import CHANCE_LOSS, cross_entropy, one_hot, squared_error
from trainer.text import decimal, number
from ui.components.plot import plot
from ui.html import html

LABEL, SHARE = "learn.loss.label", "learn.loss.share"
SHARES = (
    MIN_PROBABILITY,
    0.002,
    0.005,
    0.01,
    0.02,
    *(share / 100 for share in range(5, 100, 5)),
    0.98,
    0.99,
    1 - MIN_PROBABILITY,
)


@st.fragment
def render() -> None:
    st.session_state.setdefault(LABEL, 3)
    st.session_state.setdefault(SHARE, 0.1)
    st.markdown(
        "A label is a **one-hot** row: 1 at the true digit, 0 elsewhere. The **loss** measures how far a prediction is "
        "from it. **Cross-entropy** uses only the true digit's probability *p*: the loss is −ln *p*."
    )
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        st.selectbox(
            "True digit",
            range(10),
            width=130,
            persist_state="session",
            key=LABEL,
        )
        st.select_slider(
            "Its predicted probability",
            SHARES,
            format_func=_percent,
            help="The other nine digits share the rest equally. At 0.1 % the prediction is confidently wrong, which "
            "costs the most.",
            persist_state="session",
            width=430,
            key=SHARE,
        )
    label, share = int(st.session_state[LABEL]), float(st.session_state[SHARE])
    probabilities, labels = answer_probabilities(label, share), np.array([label])
    entropy = float(cross_entropy(probabilities[None], labels)[0])
    squared = float(squared_error(probabilities[None], labels)[0])
    html(_table(label, probabilities))
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**Cross-entropy: −ln {number(share, 4)} = {entropy:.3f}**")
        plot(
            loss_curve("cross-entropy", share), "learn.loss.entropy", f"The loss at {_percent(share)} is {entropy:.3f}."
        )
        st.caption(_sentence(share, entropy))
    with right:
        st.markdown(f"**Squared error: {squared:.4f}**, the mean of the squares above")
        plot(loss_curve("squared error", share), "learn.loss.squared", f"The squared error is {squared:.4f}.")
        multiples = [number(_ratio(loss), 2) for loss in (squared_error, cross_entropy)]
        st.caption(
            f"A confident mistake costs {multiples[0]} times as much as guessing; with cross-entropy, {multiples[1]} "
            "times. So cross-entropy corrects confident mistakes harder. Train offers both losses."
        )


def _table(label: int, probabilities: np.ndarray) -> Markup:
    target = one_hot(np.array([label]))[0]
    squares = (probabilities - target) ** 2
    head = Markup().join(Markup("<th>{}</th>").format(digit) for digit in DIGITS)
    rows = (
        ("one-hot", diagrams.tinted_cells(target, [f"{value:.0f}" for value in target], BLUE, 1.0)),
        ("predicted", diagrams.tinted_cells(probabilities, [f"{value:.3f}" for value in probabilities], BLUE, 1.0)),
        ("square", diagrams.tinted_cells(squares, [f"{value:.3f}" for value in squares], VERMILLION, 1.0)),
    )
    body = Markup().join(Markup('<tr><td class="words">{}</td>{}</tr>').format(name, cells) for name, cells in rows)
    return Markup(
        '<div class="lesson-scroll"><table class="lesson-table lesson-digits">'
        "<thead><tr><th>digit</th>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(head, body)


def _sentence(share: float, entropy: float) -> str:
    half, double = (decimal(entropy + math.log(factor)) for factor in (2, 0.5))
    more = f" and with double {double}" if share < 0.5 else ""
    return (
        f"Guessing, 10 % for each digit, costs ln 10 = {CHANCE_LOSS:.3f}. With half of this probability the loss would "
        f"be {half}{more}. With 100 % it would be 0."
    )


def _ratio(loss: Callable[..., NDArray[np.float64]]) -> float:
    """Return the loss at the smallest probability as a multiple of the loss of guessing."""
    label = np.array([0])
    worst, guess = (float(loss(answer_probabilities(0, share)[None], label)[0]) for share in (MIN_PROBABILITY, 0.1))
    return worst / guess


def _percent(share: float) -> str:
    return f"{number(100 * share, 3)} %"
