"""What a network says of the test images: read where it is kept, else computed once, in the background."""

from __future__ import annotations

import threading
from functools import partial

import streamlit as st

from trainer.analysis import evaluation
from trainer.analysis.evaluation import Evaluation
from trainer.data.datasets import Dataset
from trainer.networks.onnx_reader import network_hash
from ui import background
from ui.background import Task
from ui.markdown import literal
from ui.network_picker import Judge

_turn = threading.Lock()  # one at a time on this server: who draws or trains needs the processor too


def ask(judge: Judge, dataset: Dataset) -> Evaluation | None:
    """Return what a network says of the test images.

    Where that is not known it is computed: then how far it is, or why it failed, stands here, None is returned, and
    the whole page is shown anew once it is known.
    """
    if found := evaluation.find(judge.folder, judge.path, dataset):
        return found
    if _learning(judge):
        _await_training(judge)
        return None
    key = "evaluation", str(judge.folder), network_hash(judge.path), dataset.hash
    task = background.find(key)
    if task is None:
        task = background.start(
            key,
            partial(_evaluate, judge, dataset),
            failed="The evaluation broke off",
            folder="runs",
            turn=_turn,
        )
    if not task.over:
        background.watch(task, _describe)
    elif found := evaluation.find(judge.folder, judge.path, dataset):  # it was made since the first look
        background.forget(key)
        return found
    else:
        st.error(task.error or "What the network said could not be kept: try again.")
        if st.button(
            "Try again", icon=":material/refresh:", help="Read the test images once more.", key=f"evaluate.{judge.id}"
        ):
            background.forget(key)
            st.rerun()
    return None


def _evaluate(judge: Judge, dataset: Dataset, progress: background.Progress) -> None:
    """Compute an evaluation; what comes of it lies in the network's folder."""
    evaluation.make(judge.path, judge.config, dataset, judge.folder, progress)


def _describe(task: Task) -> tuple[float, str]:
    """Return how far an evaluation is, and say how long it will take."""
    if task.waiting:
        words = "Waiting until another network has been evaluated …"
    elif task.share < 0.05 or task.seconds_left is None:
        words = "Reading the test images …"
    else:
        words = f"Reading the test images … {task.seconds_left:.0f} s left"
    return task.share, words


def _learning(judge: Judge) -> bool:
    run = st.session_state.engine.runs.get(judge.id)
    return bool(run and run.state.live)


@st.fragment(run_every=2.0)
def _await_training(judge: Judge) -> None:
    if not _learning(judge):
        st.rerun()
    st.info(f"{literal(judge.name)} is still learning: its evaluation stands here once it has finished.")
    st.page_link("pages/train.py", label="Watch it learn", icon=":material/model_training:")
