"""The board of a class: networks ranked, curves of those that learn, the hardest drawing and handwriting.

Everything is computed once for all screens (`standing`); a look sends only what it shows.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.analysis.answer import named
from trainer.analysis.run_charts import RunCurves
from trainer.classroom.board import Entry, Handwriting, Misread
from trainer.classroom.classroom import Classroom
from trainer.classroom.curves import MAX_CURVES, line_style, live_curves
from trainer.figures.images import data_url
from trainer.text import counted, duration, listed, percent
from ui import load_control
from ui.classroom import poll, standing
from ui.classroom.standing import Standing
from ui.components.plot import plot
from ui.html import html, style
from ui.markdown import sentence

POLL_SECONDS = 2.0
ROWS_PRESENTED, HEIGHT_PRESENTED = 8, 200  # networks, and pixels of the curves' height, that a projector shows
HARDEST = 3  # writers that are shown
STYLE = Path(__file__).with_suffix(".css")


def render(classroom: Classroom) -> None:
    """Render the board, which follows the class."""
    style(STYLE)
    every = load_control.poll_seconds(POLL_SECONDS)
    st.fragment(_render, run_every=every)(classroom, every)


def _render(classroom: Classroom, every: float) -> None:
    if load_control.poll_seconds(POLL_SECONDS, every) != every:
        st.rerun()
    try:
        render_standing(standing.current(classroom))
    except UserError as error:
        st.warning(sentence(str(error)))


def render_standing(now: Standing, presented: bool = False) -> None:
    """Render the board once. presented: short enough for a projector. The page must include STYLE."""
    if now.poll:
        html(poll.result(now.poll))
    with st.container(horizontal=True, gap="medium", key="board"):
        with st.container(gap="small", key="board.networks"):
            html(_ranking(now, ROWS_PRESENTED if presented else len(now.entries)))
        with st.container(gap="small", key="board.more"):
            _render_curves(now, HEIGHT_PRESENTED if presented else None)
            html(_hardest(now, presented))


# --- networks -------------------------------------------------------------------------------------------------


def _ranking(now: Standing, rows: int) -> Markup:
    """Return the table of the networks, with a sentence on what it is still waiting for."""
    if not now.entries:
        return Markup('<p class="board-empty">{}</p>').format(
            "No network yet: the first one that is trained stands here."
        )
    count = len(now.digits.labels)
    heads = (
        ("", "rank"),
        ("Network of", ""),
        (f"Our {counted(count, 'digit')}" if count else "Our digits", "score"),
        ("MNIST", "number"),
        ("Parameters", "number wide"),
        ("Time", "number wide"),
        ("Tries", "number"),
    )
    table = Markup('<table class="board"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(
        Markup().join(Markup('<th class="{}">{}</th>').format(kind, head) for head, kind in heads),
        Markup().join(_row(place, entry) for place, entry in enumerate(now.entries[:rows], 1)),
    )
    notes = []
    if len(now.entries) > rows:
        notes.append(f"{counted(len(now.entries) - rows, 'network')} more.")
    if not count:
        notes.append("Nobody has drawn digits for the class yet: until then MNIST's test digits decide.")
    elif now.unread:
        notes.append(f"{counted(now.unread, 'network')} still {'reads' if now.unread == 1 else 'read'} our digits …")
    elif any(entry.score for entry in now.entries):
        notes.append("The light part of a bar is the 95 % interval: with more digits it gets narrower.")
    return table + Markup('<p class="board-note">{}</p>').format(" ".join(notes))


def _row(place: int, entry: Entry) -> Markup:
    run = entry.run
    return Markup(
        '<tr><td class="rank">{}</td><td class="name">{}</td><td class="score">{}</td><td class="number">{}</td>'
        '<td class="number wide">{}</td><td class="number wide">{}</td><td class="number">{}</td></tr>'
    ).format(
        place,
        entry.nickname,
        _bar(entry),
        percent(run.test_accuracy) or "–",
        "–" if run.parameters is None else f"{run.parameters:,}",
        duration(run.seconds),
        entry.tries,
    )


def _bar(entry: Entry) -> Markup:
    if entry.score is None:
        return Markup('<span class="board-bar"></span><b>–</b>')
    low, high = entry.score.interval
    return Markup(
        '<span class="board-bar" title="{}" style="--low: {:.1f}%; --high: {:.1f}%; --share: {:.1f}%"></span><b>{}</b>'
    ).format(
        f"95 % interval: {percent(low, 0)} to {percent(high, 0)}",
        100 * low,
        100 * high,
        100 * entry.score.accuracy,
        percent(entry.score.accuracy),
    )


# --- curves -----------------------------------------------------------------------------------------------------


def _render_curves(now: Standing, height: int | None) -> None:
    learners = now.learners[:MAX_CURVES]
    if not learners:
        html(Markup('<p class="board-empty">{}</p>').format("Nobody trains at the moment."))
        return
    runs = st.session_state.engine.runs
    curves, epochs = [], 1
    for member, row in learners:
        if run := runs.get(row.id):
            name = (
                member.nickname if sum(one is member for one, _ in learners) == 1 else f"{member.nickname}: {row.name}"
            )
            curves.append(RunCurves(name, line_style(member.writer), runs.history(run), run.state.steps))
            epochs = max(epochs, row.planned)
    names = listed([curve.name for curve in curves]) if curves else "nobody"
    figure = live_curves(curves, epochs, height)
    plot(figure, "board.curves", alt=f"The accuracy of {names} over the epochs, while they train")
    if len(now.learners) > MAX_CURVES:
        html(
            Markup('<p class="board-note">{}</p>').format(f"The newest {MAX_CURVES} of {len(now.learners)} trainings.")
        )


# --- hardest ----------------------------------------------------------------------------------------------------


def _hardest(now: Standing, presented: bool) -> Markup:
    parts = []
    if now.misread:
        parts.append(_misread(now.misread))
    if now.handwritings:
        parts.append(_handwritings(now.handwritings, presented))
    return Markup('<div class="board-hardest">{}</div>').format(Markup().join(parts))


def _misread(found: Misread) -> Markup:
    said = listed([f"{answer} ({count})" for answer, count in found.answers if answer != found.label])
    return Markup(
        '<figure class="board-card"><img src="{}" alt="{}"><figcaption><b>{}</b><br>{}</figcaption></figure>'
    ).format(
        data_url(found.image),
        f"A drawing of {named(found.label)}",
        f"Meant as {found.label}",
        f"{found.wrong} of {counted(found.networks, 'network')} read it wrong: {said}.",
    )


def _handwritings(found: list[Handwriting], presented: bool) -> Markup:
    bars = Markup().join(
        Markup(
            '<li><span>Writer {}</span><span class="board-bar" style="--share: {:.0f}%"></span><b>{}</b></li>'
        ).format(one.writer, 100 * one.accuracy, percent(one.accuracy, 0))
        for one in [*found[:HARDEST], *found[HARDEST:][-1:]]
    )
    return Markup('<div class="board-card board-writers"><b>{}</b><ul>{}</ul>{}</div>').format(
        "Hardest handwriting",
        bars,
        "" if presented else Markup("<p>{}</p>").format(_lesson(found)),
    )


def _lesson(found: list[Handwriting]) -> str:
    gap = f"{percent(found[0].accuracy, 0)} of one writer's digits are read right, {percent(found[-1].accuracy, 0)} of "
    return (
        f"{gap}another's. A network is best at handwriting like that it learned from: whom would it fail, and who is "
        "missing in its data?"
    )
