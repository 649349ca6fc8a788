"""The test digits, one at a time: any, those of one kind, or those that a network gets wrong."""

from __future__ import annotations

import secrets
from collections import OrderedDict

import numpy as np
import streamlit as st

from trainer import UserError
from trainer.analysis import answer, evaluation
from trainer.data import datasets
from trainer.drawing import step_pictures
from ui import dataset_loader
from ui.digit_input.source import NOTHING, Source, picture
from ui.html import html
from ui.network_picker import Judge

ANY = "Any"
NETWORKS = 50  # of which is known what they misread


def show(answering: Judge) -> Source:
    """Show the test digit that is looked at."""
    try:
        dataset = dataset_loader.at_hand(answering.dataset)
        if dataset is None:
            return Source(NOTHING, "The test digits are still being looked for: some seconds more.")
        found = _wanted(dataset, answering)
    except UserError as error:
        return Source(NOTHING, "Choose another network, or draw.", error=str(error))
    st.session_state.test_found = found
    if not len(found):
        return Source(NOTHING, "This network reads every one of them right: choose another digit or network.")
    at = _at(found)
    image, label = dataset.images("test", slice(at, at + 1)), int(dataset.y_test[at])
    html(picture(step_pictures.enlarged(image[0]), f"A test digit: {dataset.kind.named(label)}"))
    return Source(image, "", label=label)


def _wanted(dataset: datasets.Dataset, answering: Judge) -> np.ndarray:
    """Return where the test digits are that are asked for."""
    label = st.session_state.get("test_label", ANY)
    wanted = np.ones(len(dataset.y_test), bool) if label == ANY else dataset.y_test == label
    if st.session_state.get("test_misread", False):
        misread = np.zeros_like(wanted)
        misread[_misread(dataset, answering)] = True
        wanted &= misread
    return np.flatnonzero(wanted)


def _at(found: np.ndarray) -> int:
    """Return the test digit that is looked at, or the next one that is asked for."""
    place = int(np.searchsorted(found, st.session_state.get("test_at", 0)))
    at = st.session_state.test_at = int(found[place % len(found)])
    return at


def _step(by: int | None) -> None:
    """Go to another of the test digits that are asked for, or to any of them."""
    found = st.session_state.test_found
    if len(found):
        place = int(np.searchsorted(found, st.session_state.test_at))
        place = secrets.randbelow(len(found)) if by is None else place + by
        st.session_state.test_at = int(found[place % len(found)])


@st.cache_resource(show_spinner=False)
def _known() -> OrderedDict[tuple[str, int, str], np.ndarray]:
    """Return which test digits networks misread, by the network's file, when it changed, and the data's hash."""
    return OrderedDict()


def _misread(dataset: datasets.Dataset, answering: Judge) -> np.ndarray:
    """Return where those are that the network gets wrong: from its evaluation, or, while it learns, read here."""
    if found := evaluation.find(answering.folder, answering.path, dataset):
        return np.flatnonzero(~found.right)
    known, key = _known(), (str(answering.path), answering.changed, dataset.hash)
    if key not in known:
        words = f"Reading the {len(dataset.y_test):,} test {dataset.kind.thing}s …"
        bar, parts = st.progress(0.0, words), []
        for share, part in answer.misread(answering.network, dataset.x_test, dataset.y_test):
            bar.progress(share, words)
            parts.append(part)
        bar.empty()
        known[key] = np.concatenate(parts)
        while len(known) > NETWORKS:
            known.popitem(last=False)
    return known[key]


def tools(answering: Judge) -> None:
    """Ask for another one."""
    with st.container(horizontal=True, gap="small"):
        for label, by, words in (
            ("Previous", -1, "Look at the test digit before."),
            ("Random", None, "Look at any of them."),
            ("Next", 1, "Look at the next test digit."),
        ):
            st.button(
                label,
                on_click=_step,
                args=(by,),
                help=words,
                width="stretch",
                key=f"test_{label.lower()}",
            )
    classes = answering.kind.classes
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.selectbox(
            "Which digit",
            (ANY, *range(10)),
            format_func=lambda label: "Any of them" if label == ANY else f"Only {classes[label]}",
            help="Look at test digits of one kind.",
            label_visibility="collapsed",
            width=128,
            persist_state="session",
            key="test_label",
        )
        st.toggle(
            "Only misread",
            help="Look at those that the network gets wrong. To find them it reads them all, once.",
            persist_state="session",
            key="test_misread",
        )
    found = st.session_state.get("test_found", ())
    if len(found):
        place = int(np.searchsorted(found, st.session_state.test_at))
        st.caption(
            f"Test {answering.kind.thing} {st.session_state.test_at:,} · {place + 1:,} of the {len(found):,} asked for"
        )


def choose(at: int) -> None:
    """Take test image `at`, whatever its label and whether it is read right."""
    st.session_state.test_label = ANY
    st.session_state.test_misread = False
    st.session_state.test_at = at
