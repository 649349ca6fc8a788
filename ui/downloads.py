"""Downloads of a run: the network for other programs, its configuration and history, and a report."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from trainer.config.training import TrainingConfig
from trainer.networks import keras_converter, keras_file
from trainer.networks.onnx_reader import network_hash
from trainer.runs.run import Run, RunView
from trainer.sharing import run_zip
from trainer.storage.files import read_bytes
from ui import background, dataset_loader, load_control
from ui.background import Task
from ui.markdown import sentence
from ui.turns import Turns

KERAS_SECONDS = 10.0  # that Keras takes to write a file, most of them to start
MIME = "application/octet-stream"
FILES = {  # heading -> file in the run's zip -> its label and help
    "The network": {
        "network.keras": ("Keras (.keras)", "For Keras: keras.models.load_model reads it without this app."),
        "model.onnx": (
            "ONNX (.onnx)",
            "For ONNX Runtime and many other programs. Its metadata describe the input, its range, the classes, and "
            "how a drawing becomes an image.",
        ),
    },
    "How it was trained": {
        "history.csv": ("History (.csv)", "Loss and accuracy for a spreadsheet, one row per epoch."),
        "config.json": ("Configuration (.json)", "The network's layers and all training settings."),
        "program.py": ("Script (.py)", "The same network and training as a Keras program."),
        "notebook.ipynb": ("Notebook (.ipynb)", "The same program in steps, for Jupyter or Google Colab."),
    },
}
REPORT = (
    "A page to hand in: settings, curves, confusion matrix and the worst errors. Open it in a browser and print it."
)
EVERYTHING = "All of these files in one zip, the .keras file too once it is made. Digit Lab can import the zip again."
MAKE = f"Keras starts and writes the file: about {KERAS_SECONDS:.0f} seconds."

_turns = Turns(1)  # Keras takes a processor and half a gigabyte each time it starts


@st.fragment
def render(run: Run) -> None:
    """Render the download buttons of a run."""
    view = run.read()
    config = view.config
    if config is None or not view.network:
        st.caption("There is nothing to download: this run has no network. Train it again.")
        return
    if view.state.live:
        st.caption("Still training. The files can be downloaded once the run has ended.")
        return
    for title, files in FILES.items():
        st.markdown(f"**{title}**")
        with st.container(horizontal=True, key=f"takehome.{title}"):
            for name, (label, help) in files.items():
                if name == "network.keras":
                    _render_keras(view, config, label, help)
                else:
                    _render_button(view, name, label, help, partial(run_zip.make_file, run, name))
    st.markdown("**Everything**")
    dataset = dataset_loader.available(config.dataset)
    with st.container(horizontal=True, key="takehome.all"):
        _render_button(
            view, "report.html", "Report (.html)", REPORT, partial(run_zip.make_file, run, "report.html", dataset)
        )
        _render_button(view, "run.zip", "Everything (.zip)", EVERYTHING, partial(run_zip.pack, run, dataset))


def _render_button(view: RunView, name: str, label: str, help: str, make: Callable[[], bytes | None]) -> None:
    file = f"{run_zip.file_stem(view)}.{name.rpartition('.')[2]}"
    st.download_button(
        label, make, file, MIME, icon=":material/download:", on_click="ignore", help=help, key=f"takehome.{name}"
    )


# --- the .keras file ------------------------------------------------------------------------------------------


def _render_keras(view: RunView, config: TrainingConfig, label: str, help: str) -> None:
    """Render the download of the .keras file, or while there is none, the button, progress and error of making it."""
    run = view.run
    if found := keras_file.matching_file(run.path / keras_file.FILE, run.network_file):
        _render_button(view, "network.keras", label, help, partial(read_bytes, found))
        return
    key = "keras file", run.id, network_hash(run.network_file)
    task = background.find(key)
    if task and not task.done:
        background.render_progress(task, _describe)
        return
    if task and task.error:
        st.error(sentence(task.error))
    if st.button(f"Make {label}", icon=":material/build:", help=f"{help} {MAKE}", key="takehome.make"):
        failure, visitor = "The .keras file could not be written", load_control.current_visitor()
        background.start(key, lambda _: _make(run, config), failure, "runs", _turns, visitor)
        st.rerun()


def _make(run: Run, config: TrainingConfig) -> None:
    """Write the .keras file into the run's directory."""
    keras_converter.convert(run.network_file, config, run.path / keras_file.FILE)


def _describe(task: Task) -> tuple[float, str]:
    """Return the progress of a .keras file, estimated from the time that it usually takes: Keras reports none."""
    if task.waiting:
        return 0.0, "Waiting until another .keras file is made …"
    seconds = task.seconds
    left = f"{KERAS_SECONDS - seconds:.0f} s left" if seconds < KERAS_SECONDS - 0.5 else "almost done"
    return seconds / (seconds + KERAS_SECONDS / 2), f"Making the .keras file … {left}"
