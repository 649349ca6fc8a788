"""Import of a run: its zip is checked in the background, saved as a new run, and opened."""

from __future__ import annotations

import streamlit as st

from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.sharing import run_import
from ui import background, uploaded_files
from ui.background import Progress, Task
from ui.markdown import literal
from ui.uploaded_files import Upload

MAX_MEGABYTES = run_import.MAX_ZIP_BYTES // 10**6  # of a zip
_upload = Upload("put_in", "The run could not be imported")


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
        file = st.file_uploader(
            "Zip of a run",
            type="zip",
            max_upload_size=MAX_MEGABYTES,
            help=f"At most {MAX_MEGABYTES} MB. The zip is checked first, and no code in it is ever run.",
            disabled=_upload.task is not None,
            key=_upload.widget_key,
        )
        if _upload.task:
            background.render_progress(_upload.task, _describe, can_cancel=True)
        elif (content := uploaded_files.take(file)) is not None:
            _start_import(content)
            st.rerun()
        elif _upload.error:
            st.error(literal(_upload.error))


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

    _upload.start(work)


def _finish_import() -> None:
    """Open the run of a finished import."""
    if run := _upload.finish():
        st.session_state.put_in_done = run.id, run.read().name
        st.query_params["run"] = run.id
        st.rerun()


def _describe(task: Task) -> tuple[float, str]:
    text = "Waiting for another file to be checked …" if task.waiting else "Checking the files in the zip …"
    return task.fraction, text
