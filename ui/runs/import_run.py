"""Import of a run: its zip is checked in the background, saved as a new run, and opened."""

from __future__ import annotations

import threading

import streamlit as st

from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.sharing import run_import
from ui import background
from ui.background import Progress, Task
from ui.markdown import literal

LARGEST = run_import.LARGEST // 10**6  # MB of a file
TASK = "put_in_task"  # the key of the import in the session: the file is this visitor's alone
_turn = threading.Lock()  # one at a time on this server: a class brings thirty at once, and each starts a process


def ask() -> None:
    """Offer to put a run's zip back in; one that is as it must be is opened on this page, by `?run=`."""
    _finish()
    with st.popover(
        "Put a run back in",
        icon=":material/upload:",
        help="Bring the zip of a run that was taken home from this app, here or elsewhere.",
        key="put_in",
    ):
        st.markdown(
            "The **zip** of a run that was taken home becomes a new run of yours, with its curves, its settings and "
            "its network: draw with it, look inside, train it further."
        )
        task: Task | None = st.session_state.get(TASK)
        # Another key each time: what was uploaded is let go of once its import has begun.
        file = st.file_uploader(
            "A run's zip",
            type="zip",
            max_upload_size=LARGEST,
            help=f"At most {LARGEST} MB. It is checked before it is unpacked, and nothing in it is ever run.",
            disabled=task is not None,
            key=f"put_in_file.{st.session_state.get('put_in_count', 0)}",
        )
        if task:
            background.watch(task, _describe, can_cancel=True)
        elif hasattr(file, "getvalue"):  # else none, or one that the server does not have
            _start(file.getvalue())
            st.rerun()
        elif error := st.session_state.get("put_in_error"):
            st.error(literal(error))


def tell() -> None:
    """Say what was put in, while it is the run that the URL names."""
    run_id, name = st.session_state.get("put_in_done", ("", ""))
    if run_id and st.query_params.get("run") == run_id:
        st.success(f"Put in from a file: **{literal(name)}**. It is a run of yours now.", icon=":material/check:")
    else:
        st.session_state.pop("put_in_done", None)


def _start(content: bytes) -> None:
    """Start the import of what was uploaded."""
    engine: Engine = st.session_state.engine
    store, owner = engine.runs, owner_hash(st.session_state.owner)

    def put_in(progress: Progress) -> Run:
        return run_import.put_in(store, content, owner, progress)

    st.session_state.put_in_error = ""
    st.session_state.put_in_count = st.session_state.get("put_in_count", 0) + 1
    st.session_state[TASK] = Task(put_in, "The run could not be put in", "runs", _turn)


def _finish() -> None:
    """Open the run of an import that is over, or keep the sentence that says what is wrong with the file."""
    task: Task | None = st.session_state.get(TASK)
    if task is None or not task.over:
        return
    del st.session_state[TASK]
    st.session_state.put_in_error = task.error
    if run := task.result:
        st.session_state.put_in_done = run.id, run.read().name
        st.query_params["run"] = run.id
        st.rerun()


def _describe(task: Task) -> tuple[float, str]:
    words = "Waiting until another run has been put in …" if task.waiting else "Checking the zip, file by file …"
    return task.share, words
