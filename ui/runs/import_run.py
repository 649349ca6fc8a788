"""Import of a run: its zip is checked in the background, saved as a new run, and opened."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.sharing import run_import
from ui import background, uploaded_files
from ui.background import Progress, Task
from ui.markdown import literal

MAX_MEGABYTES = run_import.MAX_ZIP_BYTES // 10**6  # of a zip
TASK = "put_in_task"  # session key: a visitor's upload is nobody else's


def render() -> None:
    """Render the import of a run's zip. When it succeeds, this page opens the run by `?run=`."""
    _finish_import()
    with st.popover(
        "Import run",
        icon=":material/upload:",
        help="Import the zip of a run that was downloaded from this app, here or elsewhere.",
        key="put_in",
    ):
        st.markdown(
            "The **zip** of a downloaded run becomes a new run of yours, with its learning curves, settings and "
            "network: draw with it, look inside it or continue its training."
        )
        task: Task | None = st.session_state.get(TASK)
        # A new key after each upload: the session drops the file's content when the import starts.
        file = st.file_uploader(
            "Zip of a run",
            type="zip",
            max_upload_size=MAX_MEGABYTES,
            help=f"At most {MAX_MEGABYTES} MB. The zip is checked first, and no code in it is ever run.",
            disabled=task is not None,
            key=f"put_in_file.{st.session_state.get('put_in_count', 0)}",
        )
        if task:
            background.render_progress(task, _describe, can_cancel=True)
        elif (content := uploaded_files.take(file)) is not None:
            _start_import(content)
            st.rerun()
        elif error := st.session_state.get("put_in_error"):
            st.error(literal(error))


def render_result() -> None:
    """Render the success of an import while the URL names its run."""
    run_id, name = st.session_state.get("put_in_done", ("", ""))
    if run_id and st.query_params.get("run") == run_id:
        st.success(f"Imported: **{literal(name)}**. The run is now yours.", icon=":material/check:")
    else:
        st.session_state.pop("put_in_done", None)


def _start_import(content: bytes) -> None:
    """Start the import of an uploaded zip."""
    engine: Engine = st.session_state.engine
    store, owner = engine.runs, owner_hash(st.session_state.owner)

    def work(progress: Progress) -> Run:
        return run_import.import_run(store, content, owner, progress)

    st.session_state.put_in_error = ""
    st.session_state.put_in_count = st.session_state.get("put_in_count", 0) + 1
    try:
        st.session_state[TASK] = uploaded_files.check(work, "The run could not be imported", "runs")
    except UserError as error:
        st.session_state.put_in_error = str(error)


def _finish_import() -> None:
    """Open the run of a finished import, or store its error for the next rerun."""
    task: Task | None = st.session_state.get(TASK)
    if task is None or not task.done:
        return
    del st.session_state[TASK]
    st.session_state.put_in_error = task.error
    if run := task.result:
        st.session_state.put_in_done = run.id, run.read().name
        st.query_params["run"] = run.id
        st.rerun()


def _describe(task: Task) -> tuple[float, str]:
    text = "Waiting for another file to be checked …" if task.waiting else "Checking the files in the zip …"
    return task.fraction, text
