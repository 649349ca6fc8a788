"""Confusion matrix with the images of each square, and per-class precision and recall."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.analysis import confusion_matrix
from trainer.analysis.evaluation import Evaluation
from trainer.config.dataset_info import DatasetInfo
from trainer.config.limits import CLASSES
from trainer.data.datasets import Dataset
from trainer.figures import sheets
from trainer.text import percent, probability
from ui.components.plot import plot
from ui.glossary import linked_help
from ui.html import html
from ui.network_choice import NetworkChoice

MAX_IMAGES = 40  # of one square
STYLE = Path(__file__).with_suffix(".css")
# On touch screens, Plotly takes the first tap as hovering and only the second as a click: the script hovers first.
_one_tap = st.components.v2.component(
    "digit_lab_one_tap",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


# --- the matrix -----------------------------------------------------------------------------------------------


def render_matrix(network: NetworkChoice, dataset: Dataset, evaluation: Evaluation) -> None:
    """Render the confusion matrix and the images of the selected square."""
    classes = network.info.classes
    _select_initial_square(network, evaluation)
    version, marked = st.session_state.matrix_shown
    figure = confusion_matrix.confusion_matrix(evaluation.confusion, classes, marked)
    left, right = st.columns([0.42, 0.58], gap="medium")
    with left:
        st.caption(
            "Rows are labels, columns are predictions. Blue squares are correct, orange ones are errors. Click a "
            "square to see its images, or choose it by name."
        )
        key = f"matrix-{network.id}-{evaluation.network_hash[:8]}-{version}"
        st.plotly_chart(
            figure,
            width=figure["layout"]["width"],
            on_select=lambda: _select_clicked(key),
            selection_mode="points",
            config={"displayModeBar": False, "scrollZoom": False, "doubleClick": False},
            key=key,
            alt=_matrix_alt(evaluation, classes),
        )
        _one_tap(height=0, key="one_tap")
    with right:
        _render_square(network, dataset, evaluation)


def _select_initial_square(network: NetworkChoice, evaluation: Evaluation) -> None:
    """Select the most common error, unless a square of these classes is selected already."""
    if "square" not in st.session_state or st.session_state.get("matrix_of") != network.info.classes:
        wrong = evaluation.confusion - np.diag(evaluation.confusion.diagonal())
        label, read_as = np.unravel_index(int(wrong.argmax()), wrong.shape)
        st.session_state.square, st.session_state.matrix_of = (int(label), int(read_as)), network.info.classes
        _redraw_matrix()
        _reset_boxes()


def _redraw_matrix() -> None:
    """Draw a new matrix with the selected square marked. After a click the browser has marked it already."""
    version = st.session_state.get("matrix_shown", (0, 0))[0]
    label, read_as = st.session_state.square
    st.session_state.matrix_shown = version + 1, label * CLASSES + read_as


def _reset_boxes() -> None:
    """Replace the select boxes by new ones that show the selected square."""
    st.session_state.square_asked = st.session_state.get("square_asked", 0) + 1


def _select_clicked(key: str) -> None:
    """Select the square that was clicked; a click elsewhere changes nothing."""
    points = st.session_state[key].selection.points
    if points:
        st.session_state.square = int(points[0]["y"]), int(points[0]["x"])
        _reset_boxes()


def _select_named(number: int, keys: list[str]) -> None:
    """Select the square that the boxes name. A browser may send the values of replaced boxes: these are ignored."""
    if number == st.session_state.square_asked:
        st.session_state.square = st.session_state[keys[0]], st.session_state[keys[1]]
        _redraw_matrix()


def _render_square(network: NetworkChoice, dataset: Dataset, evaluation: Evaluation) -> None:
    classes = network.info.classes
    was, read_as = st.session_state.square
    number = st.session_state.square_asked
    keys = [f"was.{number}", f"read_as.{number}"]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for label, key, place, help in (
            ("Label", keys[0], was, "A row of the matrix is what the images show, a column is what the network reads."),
            ("Prediction", keys[1], read_as, None),
        ):
            st.selectbox(
                label,
                range(len(classes)),
                place,
                format_func=lambda place: classes[place],
                help=help,
                width=150,
                on_change=_select_named,
                args=(number, keys),
                key=key,
            )
    there, of = evaluation.cell(was, read_as), int(evaluation.confusion[was].sum())
    right = was == read_as
    if right:
        there = there[::-1]
    what = f"{classes[was]} read correctly" if right else f"{classes[was]} read as {classes[read_as]}"
    share = f" ({percent(len(there) / of)})" if of else ""
    st.markdown(f"**{what}: {len(there):,} of {of:,}{share}**")
    if not len(there):
        st.caption("This square has no images. Choose another.")
        return
    order = "least confident first" if right else "most confident first"
    shown = there[:MAX_IMAGES]
    st.caption(
        f"{f'{MAX_IMAGES} of them, {order}' if len(there) > MAX_IMAGES else order.capitalize()}, with the network's "
        "confidence."
    )
    captions = [probability(float(share)) for share in evaluation.confidence[shown]]
    html(sheets.captioned_images(dataset.x_test[shown], captions, size=62))


def _matrix_alt(evaluation: Evaluation, classes: tuple[str, ...]) -> str:
    wrong = evaluation.confusion - np.diag(evaluation.confusion.diagonal())
    label, read_as = np.unravel_index(int(wrong.argmax()), wrong.shape)
    most = int(wrong[label, read_as])
    mixed = f"most common error: {classes[label]} read as {classes[read_as]}, {most} times" if most else "no errors"
    correct = int(evaluation.right.sum())
    return f"Confusion matrix of {evaluation.count:,} test images, {correct:,} of them read correctly; {mixed}."


# --- each class -----------------------------------------------------------------------------------------------


def render_classes(network: NetworkChoice, evaluation: Evaluation) -> None:
    """Render recall and precision of each class as a chart and a table."""
    kind = network.info
    left, right = st.columns([0.55, 0.45], gap="medium")
    with left:
        plot(
            confusion_matrix.class_bars(evaluation.recall, evaluation.precision, kind.classes),
            key="by_class",
            alt="Recall of each class as a bar, precision as a diamond.",
        )
    with right:
        st.markdown(linked_help(_class_text(evaluation, kind)))
        html(_table(evaluation, kind))


def _class_text(evaluation: Evaluation, kind: DatasetInfo) -> str:
    """Explain recall and precision with the numbers of the class with the lowest recall."""
    worst = int(np.nanargmin(evaluation.recall))
    name, confusion = kind.classes[worst], evaluation.confusion
    hits, of, read = int(confusion[worst, worst]), int(confusion[worst].sum()), int(confusion[:, worst].sum())
    sentences = [
        f"Hardest class: **{name}**. The network recognized {hits:,} of its {of:,} test {kind.noun}s: "
        f"a *recall* of {percent(hits / of)}."
    ]
    if read:
        sentences.append(
            f"It answered “{name}” {read:,} times, {hits:,} times correctly: a *precision* of {percent(hits / read)}."
        )
    else:
        sentences.append(f"It never answered “{name}”, so there is no *precision*.")
    sentences.append("*F1* combines both: it is high only if both are high.")
    return " ".join(sentences)


def _table(evaluation: Evaluation, kind: DatasetInfo) -> Markup:
    rows = Markup().join(
        Markup("<tr><th scope=row>{}</th><td>{:,}</td><td>{}</td><td>{}</td><td>{}</td></tr>").format(
            name, of, percent(recall), percent(precision), percent(f1)
        )
        for name, of, recall, precision, f1 in zip(
            kind.classes,
            evaluation.confusion.sum(axis=1),
            evaluation.recall,
            evaluation.precision,
            evaluation.f1,
            strict=True,
        )
    )
    head = Markup().join(
        Markup("<th scope=col>{}</th>").format(word) for word in ("", "Tested", "Recall", "Precision", "F1")
    )
    return Markup('<table class="by-class"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(head, rows)
