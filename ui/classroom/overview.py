"""What a member sees of the class: how many there are, the second score of their networks, and the class's digits."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.classroom import charts
from trainer.classroom.classroom import Classroom, Member
from trainer.classroom.digits import ClassDigits
from trainer.classroom.scores import Score
from trainer.runs.parent import SHIPPED
from trainer.text import counted, percent
from ui import network_picker
from ui.classroom import network_scores
from ui.components.plot import plot
from ui.html import html
from ui.markdown import literal
from ui.network_choice import NetworkChoice
from ui.run_index import run_index

MAX_NETWORKS = 8  # of the member's own, the newest
STYLE = Path(__file__).with_suffix(".css")
_CHOSEN = "class.network"  # session key: id of the network in the charts


def render_heading(classroom: Classroom, member: Member, digits: ClassDigits) -> None:
    """Render the title of the class, who is there, and who one is."""
    st.title(literal(classroom.settings.title), anchor=False)
    there = counted(len(classroom.members()), "member")
    html(
        Markup(
            "<p class='class-facts'><span>You are <b>{}</b>, number <b>{}</b></span><span><b>{}</b></span>"
            "<span><b>{}</b> drawn</span></p>"
        ).format(member.nickname, member.writer, there, counted(len(digits.labels), "digit"))
    )


def render_scores(member: Member, digits: ClassDigits) -> None:
    """Render the table of the member's networks with both scores, and one of them in detail."""
    st.header("Your networks on the class's digits", anchor=False)
    if not len(digits.labels):
        st.caption("Nobody has drawn a digit yet: the scores appear here with the first ones.")
        return
    choices = _networks(member)
    scores = network_scores.find_or_compute(list(choices.values()), digits)
    if scores is None:
        return
    html(_table(choices, scores))
    if len(choices) == 1:
        st.page_link("pages/train.py", label="Train your own network", icon=":material/model_training:")
    st.caption(
        f"{counted(len(digits.labels), 'digit')} by {counted(len(np.unique(digits.writers)), 'writer')}. The line is "
        "the 95 % confidence interval: with so few digits the true accuracy may lie anywhere on it. The bar is the "
        "accuracy on MNIST's test digits, which other people drew."
    )
    _render_detail(member, choices, scores)


def _networks(member: Member) -> dict[str, NetworkChoice]:
    """Return the ready-made network and the member's own finished ones, newest first, by id."""
    choices, _ = network_picker.available(digits=True)
    finished = {row.id for row in run_index().rows() if row.owner == member.owner and row.phase == "finished"}
    own = islice((choice for choice in choices.values() if choice.id in finished), MAX_NETWORKS)
    return {choice.id: choice for choice in (*own, choices[SHIPPED])}


def _render_detail(member: Member, choices: dict[str, NetworkChoice], scores: dict[str, Score]) -> None:
    """Render the bars by digit and by writer of a chosen network."""
    if not scores:
        return
    if st.session_state.get(_CHOSEN) not in scores:
        st.session_state.pop(_CHOSEN, None)
    chosen = st.selectbox(
        "Network in the charts",
        list(scores),
        format_func=lambda id: _label(choices, id),
        help="Shows which digits and whose handwriting this network reads well.",
        width=420,
        key=_CHOSEN,
    )
    score = scores[chosen]
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**By digit**")
        plot(charts.digit_bars(score), key="class.by_digit", alt=_digits_in_words(score))
    with right:
        own = score.by_writer.get(member.writer)
        st.markdown("**By writer**" + (f" · you: {percent(own, 0)}" if own is not None else ""))
        plot(
            charts.writer_bars(score, member.writer if own is not None else 0),
            "class.by_writer",
            _writers_in_words(score),
        )


def _label(choices: dict[str, NetworkChoice], id: str) -> str:
    """Return the name of a network, with its place if others have the same name."""
    names = [choice.name for choice in choices.values()]
    name = choices[id].name
    same = [choice.id for choice in choices.values() if choice.name == name]
    return name if names.count(name) == 1 else f"{name} ({same.index(id) + 1})"


def _digits_in_words(score: Score) -> str:
    shares = score.by_digit
    worst, best = int(np.nanargmin(shares)), int(np.nanargmax(shares))
    return (
        f"Accuracy by digit. Best: {best}, {percent(float(shares[best]), 0)}. "
        f"Worst: {worst}, {percent(float(shares[worst]), 0)}."
    )


def _writers_in_words(score: Score) -> str:
    shares = score.by_writer
    low, high = min(shares.values()), max(shares.values())
    return f"Accuracy by writer, {counted(len(shares), 'writer')}: from {percent(low, 0)} to {percent(high, 0)}."


# --- the table --------------------------------------------------------------------------------------------------


def _table(choices: dict[str, NetworkChoice], scores: dict[str, Score]) -> Markup:
    rows = Markup().join(_row(_label(choices, choice.id), choice, scores.get(choice.id)) for choice in choices.values())
    return Markup(
        "<table class='class-scores'><thead><tr><th scope=col>Network</th><th scope=col>MNIST's test digits</th>"
        "<th scope=col colspan=2>The class's digits</th></tr></thead><tbody>{}</tbody></table>"
    ).format(rows)


def _row(name: str, choice: NetworkChoice, score: Score | None) -> Markup:
    tested = percent(choice.accuracy) if choice.accuracy is not None else "–"
    if score is None:
        return Markup("<tr><th scope=row>{}</th><td>{}</td><td colspan=2>cannot read digits</td></tr>").format(
            name, tested
        )
    low, high = score.interval
    cells = percent(score.accuracy), f"{100 * low:.0f}", percent(high, 0), _interval(score, choice.accuracy)
    return Markup(
        '<tr><th scope=row>{}</th><td data-of="MNIST">{}</td><td data-of="The class"><b>{}</b> <span>{} to {}</span>'
        "</td><td>{}</td></tr>"
    ).format(name, tested, *cells)


def _interval(score: Score, tested: float | None) -> Markup:
    """Draw an accuracy with its interval, and MNIST's, on a scale from 0 to 100 %."""
    low, high = score.interval
    mark = Markup("<i class=mnist style='left: {:.1f}%'></i>").format(100 * tested) if tested is not None else Markup()
    return Markup(
        "<div class=scale aria-hidden=true>{}<i class=range style='left: {:.1f}%; width: {:.1f}%'></i>"
        "<i class=point style='left: {:.1f}%'></i></div>"
    ).format(mark, 100 * low, 100 * (high - low), 100 * score.accuracy)


# --- the class's digits -----------------------------------------------------------------------------------------


def render_digits(classroom: Classroom, digits: ClassDigits) -> None:
    """Render the downloads of the class's digits."""
    if not len(digits.labels):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="class.downloads"):
        st.markdown("**The class's digits**", width="content")
        name = f"class_{classroom.code}"
        st.download_button(
            "npz",
            digits.content,
            f"{name}.npz",
            icon=":material/download:",
            on_click="ignore",
            help="NumPy file: images (n, 28, 28), 0 paper to 255 ink; labels, the digits that were meant; writers, "
            "their numbers.",
            key="class.npz",
        )
        st.download_button(
            "PNG",
            digits.sheet,
            f"{name}.png",
            "image/png",
            icon=":material/download:",
            on_click="ignore",
            help="One picture of all digits, in rows by digit.",
            key="class.png",
        )
