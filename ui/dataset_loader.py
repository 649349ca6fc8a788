"""Data sets for pages: loaded in the background with progress, and their titles."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from trainer import UserError
from trainer.config import dataset_info
from trainer.data import datasets
from trainer.data.datasets import Dataset
from ui import background
from ui.background import Progress, Task
from ui.markdown import literal, sentence

POLL_SECONDS = 1.0  # between two updates of the progress


def loading_task(name: str = "mnist") -> Task:
    """Return the latest task that loads a data set, started if there was none; it may download the data set."""
    return background.find(_key(name)) or _start_loading(name)


def _key(name: str) -> tuple[str, str]:
    return "data set", name


def _start_loading(name: str, retry: bool = False) -> Task:
    path = _path(name)

    def work(progress: Progress) -> Dataset:
        def report(done: int, total: int) -> None:
            progress(done / total if total else 0.0)

        return datasets.load(name, path, progress=report, retry=retry)

    return background.start(_key(name), work, "The data set could not be loaded", "data")


def _path(name: str) -> Path | None:
    path: Path | None = st.session_state.engine.runs.uploads.path(name)
    return path


def available(name: str = "mnist") -> Dataset | None:
    """Return a data set that some process has loaded before, else None; never waits and renders nothing."""
    try:
        return datasets.available(name, _path(name))
    except UserError:
        return None


def load(name: str = "mnist") -> Dataset | None:
    """Return a data set, or render its progress or error and return None."""
    if dataset := available(name):
        return dataset
    task = loading_task(name)
    if task.done and task.result:  # it was removed after it had been loaded
        task = _start_loading(name)
    if not task.done:
        _render_progress(task, name)
    else:
        st.error(sentence(task.error))
        st.button(
            "Try again",
            icon=":material/refresh:",
            on_click=_start_loading,
            args=(name, True),
            key=f"library.{name}",
        )
    return None


def _render_progress(task: Task, name: str) -> None:
    text = f"Loading the data set {literal(titles().get(name, name))} …"
    background.render_progress(task, lambda task: (task.fraction, text), POLL_SECONDS)


def titles() -> dict[str, str]:
    """Return the titles of all data sets by their names; visitors typed those of uploaded ones."""
    known = {name: kind.title for name, kind in dataset_info.DATASETS.items()}
    return known | st.session_state.engine.runs.uploads.titles()


# --- the default data set -------------------------------------------------------------------------------------


def render_badge() -> None:
    """Render the badge of the default data set, or the progress of loading it."""
    task = loading_task()
    dataset: Dataset | None = task.result
    if not task.done:
        _render_progress(task, "mnist")
    elif dataset and not dataset.note:
        st.badge(dataset.source, icon=":material/grid_on:", color="green")  # the icon of Data in the menu


def render_notice() -> None:
    """Say why the default data set is missing, or another one than expected."""
    task = loading_task()
    dataset: Dataset | None = task.result
    if task.error:
        st.error(sentence(task.error))
    elif dataset and dataset.note:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":orange-badge[Data: {dataset.source}] (MNIST is not available: {sentence(dataset.note)})")
            st.button(
                "Retry",
                icon=":material/refresh:",
                help="Tries to download MNIST again.",
                on_click=_start_loading,
                args=("mnist", True),
            )
