"""Evaluation of a network on the test images: read from its folder, else computed once in the background."""

from __future__ import annotations

from functools import partial

import streamlit as st

from trainer.analysis import evaluation
from trainer.analysis.evaluation import Evaluation
from trainer.data.datasets import Dataset
from trainer.networks.onnx_reader import network_hash
from trainer.text import duration
from ui import background, load_control
from ui.background import Task
from ui.markdown import literal, sentence
from ui.network_choice import NetworkChoice


def find_or_compute(choice: NetworkChoice, dataset: Dataset) -> Evaluation | None:
    """Return a network's evaluation, or None while it is computed.

    In the meantime this place shows the progress, or why the evaluation failed; the page reruns when it is ready.
    """
    if found := evaluation.read_current(choice.folder, choice.path, dataset):
        return found
    if _is_training(choice):
        _wait_for_training(choice)
        return None
    key = "evaluation", str(choice.folder), network_hash(choice.path), dataset.hash
    task = background.find(key)
    if task is None or task.cancelled:  # by nobody's looking at it, until now
        task = background.start(
            key,
            partial(_evaluate, choice, dataset),
            failure="The evaluation failed",
            folder="runs",
            turns=load_control.evaluations,
            visitor=load_control.current_visitor(),
            patience=background.PATIENCE_SECONDS,
        )
    if not task.done:
        background.render_progress(task, _describe)
    elif found := evaluation.read_current(choice.folder, choice.path, dataset):  # completed since the first look
        background.forget(key)
        return found
    else:
        st.error(sentence(task.error or "The evaluation could not be saved: try again."))
        if st.button(
            "Try again",
            icon=":material/refresh:",
            help="Evaluates the network on the test images again.",
            key=f"evaluate.{choice.id}",
        ):
            background.forget(key)
            st.rerun()
    return None


def _evaluate(choice: NetworkChoice, dataset: Dataset, progress: background.Progress) -> None:
    """Evaluate a network and save the result in its folder."""
    evaluation.evaluate(choice.path, choice.config, dataset, choice.folder, progress)


def _describe(task: Task) -> tuple[float, str]:
    """Return an evaluation's progress as a fraction and as text."""
    if task.waiting:
        text = "Waiting for its turn among the evaluations of other visitors …"
    elif task.fraction < 0.05 or task.seconds_left is None:
        text = "Reading the test images …"
    else:
        text = f"Reading the test images … {duration(task.seconds_left)} left"
    return task.fraction, text


def _is_training(choice: NetworkChoice) -> bool:
    run = st.session_state.engine.runs.get(choice.id)
    return bool(run and run.state.live)


@st.fragment(run_every=2.0)
def _wait_for_training(choice: NetworkChoice) -> None:
    if not _is_training(choice):
        st.rerun()
    st.info(f"{literal(choice.name)} is still training: its evaluation appears here when the training has finished.")
    st.page_link("pages/train.py", label="Watch the training", icon=":material/model_training:")
