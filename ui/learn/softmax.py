"""Lesson 4: softmax, with ten logits on sliders and their probabilities."""

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
ADDED, FACTOR, SOURCE = "learn.added", "learn.times", "learn.logits.from"
MAX_LOGIT = 12.0  # in either direction
FIRST = (0.0, 0.5, 1.0, 3.0, -1.0, 0.5, -2.0, 0.0, 2.0, 1.0)
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
FACTORS = (0.0, 0.5, 1.0, 2.0, 4.0)


@st.fragment
def render() -> None:
    if KEYS[0] not in st.session_state:
        _set_logits(FIRST)
        _reset_changes()
    st.markdown(
        "The last layer outputs ten sums, the **logits**: one for each digit, of any size. **Softmax** turns them into "
        "probabilities: e is raised to the power of each logit, and each result is divided by the sum of all ten, so "
        "that they add up to 100 %."
    )
    left, right = st.columns([2, 3], gap="medium")
    with left:
        with st.grid(2, min_column_width=130):
            for digit, key in enumerate(KEYS):
                st.slider(
                    f"Logit of {digit}",
                    -MAX_LOGIT,
                    MAX_LOGIT,
                    step=0.1,
                    format="%.1f",
                    help=None if digit else "Adding 1 makes a digit e = 2.72 times as likely, relative to the others.",
                    persist_state="session",
                    key=key,
                )
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Use a network's logits",
                icon=":material/casino:",
                help="Takes the ready-made network's logits for a random test digit.",
                on_click=_from_network,
                key="learn.logits.network",
            )
            st.button(
                "All 0",
                help="Sets all logits to 0.",
                on_click=_set_logits,
                args=((0.0,) * 10,),
                key="learn.logits.zero",
            )
    with right:
        _render_probabilities()


def _render_probabilities() -> None:
    with st.container(horizontal=True, gap="medium", vertical_alignment="top"):
        st.slider(
            "Add to all ten",
            -10.0,
            10.0,
            step=0.5,
            format="%+.1f",
            help="Only the differences between logits count: adding the same number to all of them changes nothing.",
            persist_state="session",
            width=200,
            key=ADDED,
        )
        st.segmented_control(
            "Multiply all ten by",
            FACTORS,
            required=True,
            format_func=number,
            help="Above 1 sharpens: the largest probability grows. Below 1 flattens; at 0 all are equal.",
            persist_state="session",
            key=FACTOR,
        )
    logits = np.array([st.session_state[key] for key in KEYS])
    added, times = float(st.session_state[ADDED]), float(st.session_state[FACTOR])
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
    if note := st.session_state.get(SOURCE):
        st.caption(note)


def _table(logits: np.ndarray, shares: np.ndarray) -> Markup:
    """Return the calculation as a table: logits, exponentials and shares, a column for each digit."""
    exponentials = np.exp(logits)
    head = Markup().join(Markup("<th>{}</th>").format(digit) for digit in DIGITS)
    rows = (
        ("logit", diagrams.tinted_cells(logits, [decimal(value, 1) for value in logits])),
        (
            Markup("e<sup>logit</sup>"),
            Markup().join(Markup("<td>{}</td>").format(_exponential(value)) for value in exponentials.tolist()),
        ),
        ("share", diagrams.tinted_cells(shares, [f"{100 * value:.1f}" for value in shares], BLUE, 1.0)),
    )
    body = Markup().join(Markup('<tr><td class="words">{}</td>{}</tr>').format(name, cells) for name, cells in rows)
    total = _exponential(float(exponentials.sum()))
    note = f"The exponentials add up to {total}. Each share is an exponential divided by this sum, in %."
    return Markup(
        '<div class="lesson-scroll"><table class="lesson-table lesson-digits"><thead><tr><th></th>'
        '{}</tr></thead><tbody>{}</tbody></table></div><div style="font-size: 0.8rem; opacity: 0.75; '
        'margin-top: 0.3rem">{}</div>'
    ).format(head, body, note)


def _exponential(value: float) -> str:
    """Return a positive number with few digits: `0.05`, `2.72`, `8,103`, `5 × 10⁻⁶`."""
    if 0.01 <= value < 10_000:
        return decimal(value, 2 if value < 100 else 0)
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def _sentence(shares: np.ndarray, before: np.ndarray, added: float, times: float) -> str:
    """Return a sentence on the effect of adding and multiplying."""
    if times != 1:
        effect = "sharper: the largest share grows" if times > 1 else "flatter: the shares get closer to each other"
        best = int(before.argmax())
        change = f"{best} had {percent(before[best])}, now {percent(shares[best])}"
        return f"Times {number(times)} makes it {effect}. {change}."
    if added:
        change = percent(float(abs(shares - before).max()))
        return f"Adding {number(added)} to all ten changes the shares by {change}."
    best, second = np.argsort(shares)[:-3:-1].tolist()
    ratio = number(shares[best] / shares[second], 3)
    return f"{best} leads with {percent(shares[best])}, {ratio} times as much as {second}."


def _set_logits(logits: tuple[float, ...]) -> None:
    for key, logit in zip(KEYS, logits, strict=True):
        st.session_state[key] = float(np.clip(round(logit, 1), -MAX_LOGIT, MAX_LOGIT))
    st.session_state[SOURCE] = ""


def _reset_changes() -> None:
    st.session_state[ADDED], st.session_state[FACTOR] = 0.0, 1.0


def _from_network() -> None:
    """Set the sliders to the ready-made network's logits for a random test digit."""
    try:
        dataset = dataset_loader.available()
        if dataset is None:
            st.session_state[SOURCE] = "The digits are still loading: try again in a few seconds."
            return
        index = secrets.randbelow(len(dataset.y_test))
        logits = shipped.network().logits(dataset.images("test", slice(index, index + 1)))[0]
        _set_logits(tuple(float(value) for value in logits - logits.mean()))
        _reset_changes()
        label = named(int(dataset.y_test[index]))
        st.session_state[SOURCE] = f"These are the ready-made network's logits for test digit {index + 1:,}, {label}."
    except UserError as error:
        st.session_state[SOURCE] = str(error)
