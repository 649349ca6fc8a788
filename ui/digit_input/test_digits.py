"""Test digits as input, one at a time: all of them, those of one label, or those that a network gets wrong."""

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
from ui.digit_input.inputs import NO_IMAGES, DigitInput, image_html
from ui.html import html
from ui.network_choice import NetworkChoice

ANY = "Any"
MAX_CACHED_NETWORKS = 50  # whose misread test images are cached


def render(choice: NetworkChoice) -> DigitInput:
    """Render the current test image and return it."""
    dataset = dataset_loader.available(choice.dataset)
    if dataset is None:
        st.session_state.test_found = ()
        return DigitInput(NO_IMAGES, "The test images are still loading: wait a few seconds.")
    try:
        found = _matching(dataset, choice)
    except UserError as error:
        st.session_state.test_found = ()
        return DigitInput(NO_IMAGES, "Choose another network, or draw a digit.", error=str(error))
    st.session_state.test_found = found
    if not len(found):
        return DigitInput(NO_IMAGES, "This network reads all of these correctly: choose another label or network.")
    at = _current(found)
    image, label = dataset.images("test", slice(at, at + 1)), int(dataset.y_test[at])
    html(image_html(step_pictures.enlarged_url(image[0]), f"A test digit: {dataset.info.with_article(label)}"))
    return DigitInput(image, "", label=label)


def _matching(dataset: datasets.Dataset, choice: NetworkChoice) -> np.ndarray:
    """Return the indices of the test images that match the selected label and toggle, ascending."""
    label = st.session_state.get("test_label", ANY)
    matching = np.ones(len(dataset.y_test), bool) if label == ANY else dataset.y_test == label
    if st.session_state.get("test_misread", False):
        misread = np.zeros_like(matching)
        misread[_misread(dataset, choice)] = True
        matching &= misread
    return np.flatnonzero(matching)


def _current(found: np.ndarray) -> int:
    """Return the index of the current test image, or of the next one that matches."""
    place = int(np.searchsorted(found, st.session_state.get("test_at", 0)))
    at = st.session_state.test_at = int(found[place % len(found)])
    return at


def _step(by: int | None) -> None:
    """Go forward or back by so many of the matching test images, or to a random one."""
    found = st.session_state.test_found
    if len(found):
        place = int(np.searchsorted(found, st.session_state.test_at))
        place = secrets.randbelow(len(found)) if by is None else place + by
        st.session_state.test_at = int(found[place % len(found)])


@st.cache_resource(show_spinner=False)
def _misread_by_network() -> OrderedDict[tuple[str, int, str], np.ndarray]:
    """Return the indices of misread test images, by the network's file, its time stamp and the data set's hash."""
    return OrderedDict()


def _misread(dataset: datasets.Dataset, choice: NetworkChoice) -> np.ndarray:
    """Return the indices of the test images that a network gets wrong, from its evaluation or computed here."""
    if found := evaluation.read_current(choice.folder, choice.path, dataset):
        return np.flatnonzero(~found.right)
    cache, key = _misread_by_network(), (str(choice.path), choice.changed, dataset.hash)
    if key not in cache:
        words = f"Reading the {len(dataset.y_test):,} test {dataset.info.noun}s …"
        bar, parts = st.progress(0.0, words), []
        for share, part in answer.misread(choice.network, dataset.x_test, dataset.y_test):
            bar.progress(share, words)
            parts.append(part)
        bar.empty()
        cache[key] = np.concatenate(parts)
        while len(cache) > MAX_CACHED_NETWORKS:
            cache.popitem(last=False)
    return cache[key]


def render_tools(choice: NetworkChoice) -> None:
    """Render the buttons to other test images, the filters, and the position among the images that match."""
    noun = choice.info.noun
    with st.container(horizontal=True, gap="small"):
        for label, by, help in (
            ("Previous", -1, f"Shows the previous test {noun}."),
            ("Random", None, f"Shows a random test {noun}."),
            ("Next", 1, f"Shows the next test {noun}."),
        ):
            st.button(label, on_click=_step, args=(by,), help=help, width="stretch", key=f"test_{label.lower()}")
    classes = choice.info.classes
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.selectbox(
            "Label",
            (ANY, *range(10)),
            format_func=lambda label: f"All {noun}s" if label == ANY else f"Only {classes[label]}",
            help=f"Shows only test {noun}s with this label.",
            label_visibility="collapsed",
            width=128,
            persist_state="session",
            key="test_label",
        )
        st.toggle(
            "Only misread",
            help=f"Shows only the test {noun}s that the network gets wrong. To find them, it reads all of them once.",
            persist_state="session",
            key="test_misread",
        )
    found = st.session_state.get("test_found", ())
    dataset = dataset_loader.available(choice.dataset) if len(found) else None
    if dataset is not None:
        st.caption(_position(found, st.session_state.test_at, dataset))


def _position(found: np.ndarray, at: int, dataset: datasets.Dataset) -> str:
    """Return the position of test image `at` as text, and its rank where only some images match."""
    count = len(dataset.y_test)
    text = f"Test image {at + 1:,} of {count:,}, label {dataset.info.classes[int(dataset.y_test[at])]}"
    place = int(np.searchsorted(found, at)) + 1
    return text if len(found) == count else f"{text} · {place:,} of {len(found):,} that match"


def select(at: int) -> None:
    """Show test image `at`: its label and correctness no longer filter."""
    st.session_state.test_label = ANY
    st.session_state.test_misread = False
    st.session_state.test_at = at
