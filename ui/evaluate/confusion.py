"""What is read as what, with the images behind each number, and how well each class is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.analysis import confusion_matrix
from trainer.analysis.evaluation import Evaluation
from trainer.config.dataset_info import Kind
from trainer.config.limits import CLASSES
from trainer.data.datasets import Dataset
from trainer.figures import sheets
from trainer.text import percent, probability
from ui.components.plot import plot
from ui.glossary import explained
from ui.html import html
from ui.network_picker import Judge

MOST = 40  # images of a square
STYLE = Path(__file__).with_suffix(".css")
# Plotly takes a finger's first tap as hovering and only a second one as a click: the script hovers for it.
_one_tap = st.components.v2.component(
    "digit_lab_one_tap",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


# --- the matrix -----------------------------------------------------------------------------------------------


def mixed_up(judge: Judge, dataset: Dataset, found: Evaluation) -> None:
    """Show the confusion matrix, and the images of the square that is chosen in it."""
    classes = judge.kind.classes
    _choose_first(judge, found)
    version, marked = st.session_state.matrix_shown
    figure = confusion_matrix.confusion_matrix(found.confusion, classes, marked)
    left, right = st.columns([0.42, 0.58], gap="medium")
    with left:
        st.caption(
            "Each row is what it was, each column what it was read as. Blue squares are right, orange ones are "
            "mix-ups. Click one to see its images, or choose it by name."
        )
        key = f"matrix-{judge.id}-{found.network_hash[:8]}-{version}"
        st.plotly_chart(
            figure,
            width=figure["layout"]["width"],
            on_select=lambda: _follow(key),
            selection_mode="points",
            config={"displayModeBar": False, "scrollZoom": False, "doubleClick": False},
            key=key,
            alt=_matrix_words(found, classes),
        )
        _one_tap(height=0, key="one_tap")
    with right:
        _show_square(judge, dataset, found)


def _choose_first(judge: Judge, found: Evaluation) -> None:
    """Begin with what is mixed up most; what was chosen stays, also for another network."""
    if "square" not in st.session_state or st.session_state.get("matrix_of") != judge.kind.classes:
        wrong = found.confusion - np.diag(found.confusion.diagonal())
        label, read_as = np.unravel_index(int(wrong.argmax()), wrong.shape)
        st.session_state.square, st.session_state.matrix_of = (int(label), int(read_as)), judge.kind.classes
        _mark()
        _ask_anew()


def _mark() -> None:
    """Show the matrix anew, with the chosen square marked; where it was clicked the browser has marked it itself."""
    version = st.session_state.get("matrix_shown", (0, 0))[0]
    label, read_as = st.session_state.square
    st.session_state.matrix_shown = version + 1, label * CLASSES + read_as


def _ask_anew() -> None:
    """Let new boxes show the square."""
    st.session_state.square_asked = st.session_state.get("square_asked", 0) + 1


def _follow(key: str) -> None:
    """Choose the square that was clicked; a click beside them changes nothing."""
    points = st.session_state[key].selection.points
    if points:
        st.session_state.square = int(points[0]["y"]), int(points[0]["x"])
        _ask_anew()


def _choose(number: int, keys: list[str]) -> None:
    """Choose the square that the boxes name, unless they are the old ones, which a browser may send once more."""
    if number == st.session_state.square_asked:
        st.session_state.square = st.session_state[keys[0]], st.session_state[keys[1]]
        _mark()


def _show_square(judge: Judge, dataset: Dataset, found: Evaluation) -> None:
    classes = judge.kind.classes
    was, read_as = st.session_state.square
    number = st.session_state.square_asked
    keys = [f"was.{number}", f"read_as.{number}"]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for label, key, place, words in (
            ("It was", keys[0], was, "Choose a row of the matrix: what the image really shows."),
            ("Read as", keys[1], read_as, "Choose a column of the matrix: what the network says it is."),
        ):
            st.selectbox(
                label,
                range(len(classes)),
                place,
                format_func=lambda place: classes[place],
                help=words,
                width=150,
                on_change=_choose,
                args=(number, keys),
                key=key,
            )
    there, of = found.cell(was, read_as), int(found.confusion[was].sum())
    right = was == read_as
    if right:
        there = there[::-1]
    what = f"{classes[was]} read right" if right else f"{classes[was]} read as {classes[read_as]}"
    share = f" ({percent(len(there) / of)})" if of else ""
    st.markdown(f"**{what}: {len(there):,} of {of:,}{share}**")
    if not len(there):
        st.caption("No image lies in this square: choose another one.")
        return
    order = "the least sure first" if right else "the surest first"
    shown = there[:MOST]
    st.caption(
        f"{f'{MOST} of them, {order}' if len(there) > MOST else order.capitalize()}, with how sure the network was."
    )
    captions = [probability(float(share)) for share in found.confidence[shown]]
    html(sheets.sheet(dataset.x_test[shown], captions, size=62))


def _matrix_words(found: Evaluation, classes: tuple[str, ...]) -> str:
    wrong = found.confusion - np.diag(found.confusion.diagonal())
    label, read_as = np.unravel_index(int(wrong.argmax()), wrong.shape)
    most = int(wrong[label, read_as])
    mixed = f"most often mixed up: {classes[label]} read as {classes[read_as]}, {most} times" if most else "no mix-up"
    return f"Confusion matrix of {found.count:,} test images, {int(found.right.sum()):,} of them right; {mixed}."


# --- each class -----------------------------------------------------------------------------------------------


def by_class(judge: Judge, found: Evaluation) -> None:
    """Show how well each class is found, and how far what is read as it can be relied on."""
    kind = judge.kind
    left, right = st.columns([0.55, 0.45], gap="medium")
    with left:
        plot(
            confusion_matrix.class_bars(found.recall, found.precision, kind.classes),
            key="by_class",
            alt="Bars of the share of each class that is found, and diamonds of how far its reading can be relied on.",
        )
    with right:
        st.markdown(explained(_in_words(found, kind)))
        html(_table(found, kind))


def _in_words(found: Evaluation, kind: Kind) -> str:
    """Explain recall and precision with the numbers of the class that is found least."""
    worst = int(np.nanargmin(found.recall))
    name, confusion = kind.classes[worst], found.confusion
    hits, of, read = int(confusion[worst, worst]), int(confusion[worst].sum()), int(confusion[:, worst].sum())
    sentences = [
        f"Hardest to find: **{name}**. Of its {of:,} test {kind.thing}s the network found {hits:,}: "
        f"its *recall* is {percent(hits / of)}."
    ]
    if read:
        sentences.append(
            f"It said “{name}” {read:,} times and was right {hits:,} times: its *precision* is {percent(hits / read)}."
        )
    else:
        sentences.append(f"It never said “{name}”, so there is no *precision*.")
    sentences.append("*F1* is one number for both: high only where both are.")
    return " ".join(sentences)


def _table(found: Evaluation, kind: Kind) -> Markup:
    rows = Markup().join(
        Markup("<tr><th scope=row>{}</th><td>{:,}</td><td>{}</td><td>{}</td><td>{}</td></tr>").format(
            name, of, percent(recall), percent(precision), percent(f1)
        )
        for name, of, recall, precision, f1 in zip(
            kind.classes, found.confusion.sum(axis=1), found.recall, found.precision, found.f1, strict=True
        )
    )
    head = Markup().join(
        Markup("<th scope=col>{}</th>").format(word) for word in ("", "Tested", "Recall", "Precision", "F1")
    )
    return Markup('<table class="by-class"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(head, rows)
