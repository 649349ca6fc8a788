"""Downloads of a run: the network for other programs, its numbers, and a page to hand in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import streamlit as st

from trainer.config.training import TrainingConfig
from trainer.networks import keras_converter, keras_file
from trainer.networks.onnx_reader import network_hash
from trainer.runs.run import Run, RunView
from trainer.sharing import run_zip
from trainer.storage.files import read_bytes
from ui import background, dataset_loader
from ui.background import Task

USUAL = 10.0  # seconds that Keras takes to write a file, most of them for its start
MIME = "application/octet-stream"
FILES = {  # group -> of each file of a run's zip: its label, its icon and what it is for
    "The network": {
        "network.keras": ("Keras (.keras)", "For Keras: keras.models.load_model reads it, without this app."),
        "model.onnx": (
            "ONNX (.onnx)",
            "For ONNX Runtime and many other programs. Its card is inside: input, range, classes, and how a drawing "
            "becomes an image.",
        ),
    },
    "How it was trained": {
        "history.csv": ("History (.csv)", "Loss and accuracy, a row an epoch, for a spreadsheet."),
        "config.json": ("Configuration (.json)", "The network's layers and all settings of its training."),
        "program.py": ("Script (.py)", "The same network and training as a Keras program."),
        "notebook.ipynb": ("Notebook (.ipynb)", "The same in steps, for Jupyter or Google Colab."),
    },
}
REPORT = "A page to hand in: settings, curves, what was read as what, the worst errors. Open it in a browser, print it."
EVERYTHING = "All of these in one file, the .keras file once it is made. Digit Lab takes it back, here or elsewhere."
MAKE = f"Keras is started to write it: some {USUAL:.0f} seconds."

_turn = threading.Lock()  # one at a time on this server: each start of Keras takes a processor and half a gigabyte


@st.fragment
def offer(run: Run) -> None:
    """Show the downloads of a run."""
    view = run.read()
    config = view.config
    if config is None or not view.network:
        st.caption("There is nothing to take home: a run needs a network for that. Train it once more.")
        return
    if view.state.live:
        st.caption("It is still learning: its files stand here once it has ended.")
        return
    for title, files in FILES.items():
        st.markdown(f"**{title}**")
        with st.container(horizontal=True, key=f"takehome.{title}"):
            for name, (label, help) in files.items():
                if name == "network.keras":
                    _offer_keras(view, config, label, help)
                else:
                    _download(view, name, label, help, partial(run_zip.make, run, name))
    st.markdown("**All that counts**")
    dataset = dataset_loader.at_hand(config.dataset)
    with st.container(horizontal=True, key="takehome.all"):
        _download(view, "report.html", "Report (.html)", REPORT, partial(run_zip.make, run, "report.html", dataset))
        _download(view, "run.zip", "Everything (.zip)", EVERYTHING, partial(run_zip.pack, run, dataset))


def _download(view: RunView, name: str, label: str, help: str, make: Callable[[], bytes | None]) -> None:
    file = f"{run_zip.stem(view)}.{name.rpartition('.')[2]}"
    st.download_button(
        label, make, file, MIME, icon=":material/download:", on_click="ignore", help=help, key=f"takehome.{name}"
    )


# --- the .keras file ------------------------------------------------------------------------------------------


def _offer_keras(view: RunView, config: TrainingConfig, label: str, help: str) -> None:
    """Offer the .keras file where it is there, else to make it; say how far it is, or why it failed."""
    run = view.run
    if found := keras_file.find(run.path / keras_file.FILE, run.network_file):
        _download(view, "network.keras", label, help, partial(read_bytes, found))
        return
    key = "keras file", run.id, network_hash(run.network_file)
    task = background.find(key)
    if task and not task.over:
        background.watch(task, _describe)
        return
    if task and task.error:
        st.error(task.error)
    if st.button(f"Make {label}", icon=":material/build:", help=f"{help} {MAKE}", key="takehome.make"):
        background.start(key, lambda _: _make(run, config), "The .keras file could not be made", "runs", _turn)
        st.rerun()


def _make(run: Run, config: TrainingConfig) -> None:
    """Make the .keras file of a run that has none, in the run's directory."""
    keras_converter.make(run.network_file, config, run.path / keras_file.FILE)


def _describe(task: Task) -> tuple[float, str]:
    """Return how far a .keras file is by the time it usually takes, since Keras reports no progress."""
    if task.waiting:
        return 0.0, "Waiting until another .keras file is made …"
    passed = task.seconds
    left = f"{USUAL - passed:.0f} s left" if passed < USUAL - 0.5 else "a little longer than usual"
    return passed / (passed + USUAL / 2), f"Making the .keras file … {left}"
