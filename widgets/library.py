"""Where is the data? Finds a data set for a page, in the background where it takes time, and says how that goes."""

from __future__ import annotations

import threading
from pathlib import Path

import streamlit as st

from trainer import UserError, catalogue, datasets
from trainer.datasets import Dataset
from widgets.texts import literal

LOOK = 1.0  # seconds between two looks at a search


class Search:
    """The search for a data set, in the background: it may take a download."""

    def __init__(self, name: str, path: Path | None = None, retry: bool = False) -> None:
        self.dataset: Dataset | None = None
        self.error = ""
        self.share = 0.0  # of the download
        self._thread = threading.Thread(target=self._search, args=(name, path, retry), daemon=True)
        self._thread.start()

    def _search(self, name: str, path: Path | None, retry: bool) -> None:
        try:
            self.dataset = datasets.load(name, path, progress=self._progress, retry=retry)
        except UserError as error:
            self.error = str(error)

    def _progress(self, done: int, total: int) -> None:
        self.share = min(1.0, done / total) if total else 0.0

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()


@st.cache_resource(show_spinner=False)
def _searches() -> dict[str, Search]:
    """Return the last search for each data set on this server."""
    return {}


def search(name: str = "mnist") -> Search:
    """Return the last search for a data set, begun if there was none."""
    return _searches().get(name) or _begin(name)


def _begin(name: str, retry: bool = False) -> Search:
    begun = _searches()[name] = Search(name, _path(name), retry)
    return begun


def _path(name: str) -> Path | None:
    path: Path | None = st.session_state.engine.runs.uploads.path(name)
    return path


def at_hand(name: str = "mnist") -> Dataset | None:
    """Return a data set that was found before, by whatever process; never waits, and says nothing."""
    try:
        return datasets.available(name, _path(name))
    except UserError:
        return None


def dataset(name: str = "mnist") -> Dataset | None:
    """Return a data set, or None while it is looked for or cannot be had, which is then said in its place."""
    if found := at_hand(name):
        return found
    now = search(name)
    if now.over and now.dataset:  # it was removed after it had been found
        now = _begin(name)
    if not now.over:
        _await(name)
    else:
        st.error(now.error)
        st.button("Try again", icon=":material/refresh:", on_click=_begin, args=(name, True), key=f"library.{name}")
    return None


@st.fragment(run_every=LOOK)
def _await(name: str) -> None:
    now = search(name)
    if now.over:
        st.rerun()
    st.progress(now.share, f"Data: looking for {literal(titles().get(name, name))} …")


def titles() -> dict[str, str]:
    """Return the name of every data set there is to learn from, and what people know it by; users typed some."""
    known = {name: kind.title for name, kind in catalogue.DATASETS.items()}
    return known | st.session_state.engine.runs.uploads.titles()


def bring(content: bytes, file_name: str) -> str:
    """Keep a data set that a visitor brought, and return its name. Raises UserError for what cannot be learned from."""
    name: str = st.session_state.engine.runs.uploads.keep(content, file_name)
    return name


# --- what networks learn unless something else is asked for --------------------------------------------------


def badge() -> None:
    """Say which digits networks are trained on; what one would not expect stands on the page, not in the menu."""
    now = search()
    if not now.over:
        with st.sidebar:
            _await("mnist")
    elif now.error:
        st.error(now.error)
    elif now.dataset and now.dataset.note:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":orange-badge[Data: {now.dataset.source}] (MNIST could not be had: {now.dataset.note})")
            words = "Look for MNIST once more"
            st.button("Retry", icon=":material/refresh:", help=words, on_click=_begin, args=("mnist", True))
    elif now.dataset:
        st.sidebar.badge(f"Data: {now.dataset.source}", color="green")
