"""Data sets for pages: loaded in the background with progress, and their titles."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from trainer import UserError
from trainer.config import dataset_info
from trainer.data import datasets
from trainer.data.datasets import Activity, Dataset
from ui import background
from ui.background import Progress, Task
from ui.markdown import literal, sentence

POLL_SECONDS = 1.0  # between two updates of the progress


def loading_task(name: str = "mnist") -> Task:
    """Return the latest task that loads a data set, started if there was none; it may download the data set.

    MNIST is looked for again from time to time while synthetic digits are in its place.
    """
    task = background.find(_key(name))
    if task is None or (name == "mnist" and task.done and task.result and task.result.note and datasets.retry_is_due()):
        task = _start_loading(name)
    return task


def _key(name: str) -> tuple[str, str]:
    return "data set", name


def _start_loading(name: str, retry: bool = False) -> Task:
    path, title = _path(name), titles().get(name, name)

    def work(progress: Progress) -> Dataset:
        def report(activity: Activity, done: int, total: int) -> None:
            progress(done / total if total else 0.0, _activity_text(title, activity, done, total))

        return datasets.load(name, path, report, retry=retry)

    return background.start(_key(name), work, "The data set could not be loaded", "data")


def _activity_text(title: str, activity: Activity, done: int, total: int) -> str:
    match activity:
        case "looking":
            return f"Looking for {literal(title)} …"
        case "downloading":
            return f"Downloading {literal(title)}: {done / 1e6:.0f} of {total / 1e6:.0f} MB …"
        case "drawing":
            return f"Drawing digits: {done:,} of {total:,} …"


def _path(name: str) -> Path | None:
    path: Path | None = st.session_state.engine.runs.uploads.path(name)
    return path


def available(name: str = "mnist") -> Dataset | None:
    """Return a data set that some process has loaded before, else None; never waits and renders nothing.

    While synthetic digits are being drawn, they are the first ones (`is_complete`).
    """
    try:
        return datasets.available(name, _path(name))
    except UserError:
        return None


def load(name: str = "mnist") -> Dataset | None:
    """Return a data set, or render its progress or error and return None."""
    dataset = available(name)
    if dataset and dataset.is_complete:
        return dataset
    task = loading_task(name)
    if task.done and task.result:  # it was removed after it had been loaded
        task = _start_loading(name)
    if not task.done:
        if name != "mnist" or not dataset:  # the badge shows MNIST's
            _follow(task, name, dataset.hash if dataset else "")
    elif task.error and not dataset:
        st.error(sentence(task.error))
        st.button(
            "Try again",
            icon=":material/refresh:",
            on_click=_start_loading,
            args=(name, True),
            key=f"library.{name}",
        )
    return dataset


def _follow(task: Task, name: str, shown: str) -> None:
    """Render what a task does, and rerun the page once there are other data than those of a hash."""
    st.fragment(_render_task, run_every=POLL_SECONDS)(task, name, shown)


def _render_task(task: Task, name: str, shown: str) -> None:
    now = available(name)
    if task.done or (now and now.hash != shown):
        st.rerun()
    text = task.activity or f"Loading the data set {literal(titles().get(name, name))} …"
    if shown and name == "mnist":
        st.markdown(f":orange-badge[Data: {now.source if now else name}] {text}")
    else:
        st.progress(task.fraction, text)


def titles() -> dict[str, str]:
    """Return the titles of all data sets by their names; visitors typed those of uploaded ones."""
    known = {name: kind.title for name, kind in dataset_info.DATASETS.items()}
    return known | st.session_state.engine.runs.uploads.titles()


# --- the default data set -------------------------------------------------------------------------------------


def render_badge() -> None:
    """Render the badge of the default data set, or the progress of loading it."""
    task = loading_task()
    dataset: Dataset | None = task.result or available()
    if not dataset and not task.error:
        _follow(task, "mnist", "")
    elif dataset and not dataset.note:
        st.badge(dataset.source, icon=":material/grid_on:", color="green")  # the icon of Data in the menu


def render_notice() -> None:
    """Say why the default data set is missing, or another one than expected."""
    task = loading_task()
    dataset: Dataset | None = task.result or available()
    if task.error:
        st.error(sentence(task.error))
    elif dataset and dataset.note and not task.done:
        _follow(task, "mnist", dataset.hash)
    elif dataset and dataset.note:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":orange-badge[Data: {dataset.source}] (MNIST is not available: {sentence(dataset.note)})")
            st.button(
                "Retry",
                icon=":material/refresh:",
                help="Looks for MNIST again.",
                on_click=_start_loading,
                args=("mnist", True),
            )
