"""What a network says of the test images: read where it is kept, else computed once, in the background."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import streamlit as st

from trainer import UserError, evaluation
from trainer.config import TrainingConfig
from trainer.datasets import Dataset
from trainer.evaluation import Evaluation
from trainer.weights import network_hash
from widgets.judges import Judge
from widgets.texts import literal

_log = logging.getLogger(__name__)
_turn = threading.Lock()  # one at a time on this server: who draws or trains needs the processor too
_starting = threading.Lock()


class Making:
    """An evaluation that is being computed; what comes of it lies in the network's folder."""

    def __init__(self, judge: Judge, dataset: Dataset) -> None:
        self.error = ""
        self.share = 0.0
        self.begun = 0.0  # when it had its turn
        arguments = (judge.path, judge.config, dataset, judge.folder)
        self._thread = threading.Thread(target=self._make, args=arguments, daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    @property
    def text(self) -> str:
        """Say how far it is and how long it will take."""
        if not self.begun:
            return "Waiting until another network has been evaluated …"
        if self.share < 0.05:
            return "Reading the test images …"
        left = (time.monotonic() - self.begun) / self.share * (1 - self.share)
        return f"Reading the test images … {left:.0f} s left"

    def _make(self, file: Path, config: TrainingConfig, dataset: Dataset, folder: Path) -> None:
        with _turn:
            self.begun = time.monotonic()
            try:
                evaluation.make(file, config, dataset, folder, self._tell)
            except UserError as error:
                self.error = str(error)
            except OSError as error:
                self.error = f"The folder for runs must be writable (got: {error.strerror}): free some space."
            except Exception:  # nobody stands above a thread
                _log.exception("%s could not be evaluated", folder.name)
                self.error = "The evaluation broke off: try again, and see the server's log."

    def _tell(self, share: float) -> None:
        self.share = share


@st.cache_resource(show_spinner=False)
def _makings() -> dict[tuple[str, str, str], Making]:
    """Return what is being computed on this server, or failed, by its folder, its network's and its data's hash."""
    return {}


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
    makings, key = _makings(), (str(judge.folder), network_hash(judge.path), dataset.hash)
    with _starting:
        making = makings.get(key)
        if making is None:
            making = makings[key] = Making(judge, dataset)
    if not making.over:
        _await(making)
    elif found := evaluation.find(judge.folder, judge.path, dataset):  # it was made since the first look
        makings.pop(key, None)
        return found
    else:
        st.error(making.error or "What the network said could not be kept: try again.")
        if st.button(
            "Try again", icon=":material/refresh:", help="Read the test images once more.", key=f"evaluate.{judge.id}"
        ):
            makings.pop(key, None)
            st.rerun()
    return None


def _learning(judge: Judge) -> bool:
    run = st.session_state.engine.runs.get(judge.id)
    return bool(run and run.state.live)


@st.fragment(run_every=2.0)
def _await_training(judge: Judge) -> None:
    if not _learning(judge):
        st.rerun()
    st.info(f"{literal(judge.name)} is still learning: its evaluation stands here once it has finished.")
    st.page_link("pages/train.py", label="Watch it learn", icon=":material/model_training:")


@st.fragment(run_every=0.5)
def _await(making: Making) -> None:
    if making.over:
        st.rerun()
    st.progress(making.share, making.text)
