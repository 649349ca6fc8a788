"""Lesson 4: ten logits on sliders become ten probabilities."""

from __future__ import annotations

import secrets

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.analysis.answer import named
from trainer.config.dataset_info import DIGITS
from trainer.figures.palette import BLUE
from trainer.lessons import diagrams
from trainer.lessons.loss_curves import probability_columns
from trainer.networks.losses import softmax
from trainer.shipped import network as shipped
from trainer.text import decimal, number, percent
from ui import dataset_loader
from ui.components.plot import plot
from ui.html import html

KEYS = tuple(f"learn.logit.{digit}" for digit in range(10))
ADDED, TIMES, FROM = "learn.added", "learn.times", "learn.logits.from"
MOST = 12.0  # the largest logit, either way
FIRST = (0.0, 0.5, 1.0, 3.0, -1.0, 0.5, -2.0, 0.0, 2.0, 1.0)
FACTORS = (0.0, 0.5, 1.0, 2.0, 4.0)


@st.fragment
def show() -> None:
    if KEYS[0] not in st.session_state:
        _keep(FIRST)
        _plain()
    st.markdown(
        "The last layer gives ten sums, the **logits**: one for each digit, any number. **Softmax** makes "
        "probabilities of them: e to the power of each, divided by the sum of all ten, so that they add up to 100 %."
    )
    left, right = st.columns([2, 3], gap="medium")
    with left:
        with st.grid(2, min_column_width=130):
            for digit, key in enumerate(KEYS):
                st.slider(
                    f"Logit of {digit}",
                    -MOST,
                    MOST,
                    step=0.1,
                    format="%.1f",
                    help="One more makes this digit e = 2.72 times as likely, beside each of the others.",
                    persist_state="session",
                    key=key,
                )
        with st.container(horizontal=True, gap="small"):
            st.button(
                "A network's logits",
                icon=":material/casino:",
                help="What the shipped network comes to for a test digit, drawn at random.",
                on_click=_from_network,
                key="learn.logits.network",
            )
            st.button("All alike", help="All logits 0.", on_click=_keep, args=((0.0,) * 10,), key="learn.logits.zero")
    with right:
        _show_probabilities()


def _show_probabilities() -> None:
    with st.container(horizontal=True, gap="medium", vertical_alignment="top"):
        st.slider(
            "Add to all ten",
            -10.0,
            10.0,
            step=0.5,
            format="%+.1f",
            help="Only how far the logits lie apart counts: the same number added to all of them changes nothing.",
            persist_state="session",
            width=200,
            key=ADDED,
        )
        st.segmented_control(
            "Multiply all ten by",
            FACTORS,
            required=True,
            format_func=lambda factor: f"{factor:g}",
            help="Above 1 sharpens: the winner takes more. Below 1 flattens; times 0 all are alike.",
            persist_state="session",
            key=TIMES,
        )
    logits = np.array([st.session_state[key] for key in KEYS])
    added, times = float(st.session_state[ADDED]), float(st.session_state[TIMES])
    moved = times * logits + added
    shares, before = softmax(moved), softmax(logits)
    best = int(shares.argmax())
    plot(
        probability_columns(shares.tolist(), DIGITS),
        "learn.softmax.bars",
        f"{named(best)} has {percent(shares[best])}.",
    )
    html(_table(moved, shares))
    st.caption(_sentence(shares, before, added, times))
    if said := st.session_state.get(FROM):
        st.caption(said)


def _table(logits: np.ndarray, shares: np.ndarray) -> Markup:
    """Write the sum out: logits, powers and shares, a column for each digit."""
    powers = np.exp(logits)
    head = Markup().join(Markup("<th>{}</th>").format(digit) for digit in DIGITS)
    rows = (
        ("logit", diagrams.number_row(logits, [decimal(value, 1) for value in logits])),
        ("e to it", Markup().join(Markup("<td>{}</td>").format(_short(value)) for value in powers.tolist())),
        ("share", diagrams.number_row(shares, [f"{100 * value:.1f}" for value in shares], BLUE, 1.0)),
    )
    body = Markup().join(Markup('<tr><td class="words">{}</td>{}</tr>').format(name, cells) for name, cells in rows)
    note = f"All the powers add up to {_short(float(powers.sum()))}; each share is its power divided by that, in %."
    return Markup(
        '<div class="lesson-scroll"><table class="lesson-table lesson-digits"><thead><tr><th></th>'
        '{}</tr></thead><tbody>{}</tbody></table></div><div style="font-size: 0.8rem; opacity: 0.75; '
        'margin-top: 0.3rem">{}</div>'
    ).format(head, body, note)


def _short(value: float) -> str:
    return f"{value:.2f}" if 0.01 <= value < 100 else f"{value:,.0f}" if 100 <= value < 10_000 else f"{value:.0e}"


def _sentence(shares: np.ndarray, before: np.ndarray, added: float, times: float) -> str:
    """Say what adding and multiplying have come to."""
    if times != 1:
        way = "sharper: the winner takes more" if times > 1 else "flatter: the shares come nearer to each other"
        best = int(before.argmax())
        return f"Times {times:g} is {way}. {best} had {percent(before[best])}, and has {percent(shares[best])}."
    if added:
        change = percent(float(abs(shares - before).max()))
        return f"{'+' if added > 0 else ''}{number(added)} to all ten: the shares change by {change}."
    best, second = np.argsort(shares)[:-3:-1].tolist()
    return f"{best} leads with {percent(shares[best])}, {shares[best] / shares[second]:.3g} times as much as {second}."


def _keep(logits: tuple[float, ...]) -> None:
    for key, logit in zip(KEYS, logits, strict=True):
        st.session_state[key] = float(np.clip(round(logit, 1), -MOST, MOST))
    st.session_state[FROM] = ""


def _plain() -> None:
    st.session_state[ADDED], st.session_state[TIMES] = 0.0, 1.0


def _from_network() -> None:
    """Take the shipped network's logits for a test digit, rounded as the sliders are."""
    try:
        dataset = dataset_loader.at_hand()
        if dataset is None:
            st.session_state[FROM] = "The digits are still being looked for: try once more in some seconds."
            return
        at = secrets.randbelow(len(dataset.y_test))
        logits = shipped.network().logits(dataset.images("test", slice(at, at + 1)))[0]
        _keep(tuple(float(value) for value in logits - logits.mean()))
        _plain()
        st.session_state[FROM] = (
            f"These are the shipped network's logits for test digit {at:,}, {named(int(dataset.y_test[at]))}."
        )
    except UserError as error:
        st.session_state[FROM] = str(error)
