"""Data sets for pages: found in the background where that takes time, with progress, and named for people."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from trainer import UserError
from trainer.config import dataset_info
from trainer.data import datasets
from trainer.data.datasets import Dataset
from ui import background
from ui.background import Progress, Task
from ui.markdown import literal

LOOK = 1.0  # seconds between two looks at a search


def search(name: str = "mnist") -> Task:
    """Return the last search for a data set, begun if there was none; it may take a download."""
    return background.find(_key(name)) or _begin(name)


def _key(name: str) -> tuple[str, str]:
    return "data set", name


def _begin(name: str, retry: bool = False) -> Task:
    path = _path(name)

    def load(progress: Progress) -> Dataset:
        def report(done: int, total: int) -> None:
            progress(done / total if total else 0.0)

        return datasets.load(name, path, progress=report, retry=retry)

    return background.start(_key(name), load, "The data set could not be looked for", "data")


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
    if now.over and now.result:  # it was removed after it had been found
        now = _begin(name)
    if not now.over:
        _watch(now, name)
    else:
        st.error(now.error)
        st.button("Try again", icon=":material/refresh:", on_click=_begin, args=(name, True), key=f"library.{name}")
    return None


def _watch(task: Task, name: str) -> None:
    words = f"Data: looking for {literal(titles().get(name, name))} …"
    background.watch(task, lambda task: (task.share, words), LOOK)


def titles() -> dict[str, str]:
    """Return the name of every data set there is to learn from, and what people know it by; users typed some."""
    known = {name: kind.title for name, kind in dataset_info.DATASETS.items()}
    return known | st.session_state.engine.runs.uploads.titles()


def bring(content: bytes, file_name: str) -> str:
    """Keep a data set that a visitor brought, and return its name. Raises UserError for what cannot be learned from."""
    name: str = st.session_state.engine.runs.uploads.keep(content, file_name)
    return name


# --- what networks learn unless something else is asked for --------------------------------------------------


def badge() -> None:
    """Say which digits networks are trained on; what one would not expect stands on the page, not in the menu."""
    now = search()
    found: Dataset | None = now.result
    if not now.over:
        with st.sidebar:
            _watch(now, "mnist")
    elif now.error:
        st.error(now.error)
    elif found and found.note:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":orange-badge[Data: {found.source}] (MNIST could not be had: {found.note})")
            words = "Look for MNIST once more"
            st.button("Retry", icon=":material/refresh:", help=words, on_click=_begin, args=("mnist", True))
    elif found:
        st.sidebar.badge(f"Data: {found.source}", color="green")
