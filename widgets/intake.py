"""A run that was taken home is put back in: its zip is checked, kept as a new run, and opened."""

from __future__ import annotations

import streamlit as st

from trainer import UserError, intake
from trainer.engine import Engine
from trainer.owner import owner_hash
from widgets.texts import literal

LARGEST = intake.LARGEST // 10**6  # MB of a file


def ask() -> None:
    """Offer to put a run's zip back in; one that is as it must be is opened on this page, by `?run=`."""
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
        # Another key each time: what was uploaded is let go of once it has been read.
        file = st.file_uploader(
            "A run's zip",
            type="zip",
            max_upload_size=LARGEST,
            help=f"At most {LARGEST} MB. It is checked before it is unpacked, and nothing in it is ever run.",
            key=f"put_in_file.{st.session_state.get('put_in_count', 0)}",
        )
        with st.empty():  # what was said of the file before makes room
            if hasattr(file, "getvalue"):  # else none, or one that the server does not have
                _put_in(file.getvalue())
            elif error := st.session_state.get("put_in_error"):
                st.error(literal(error))


def tell() -> None:
    """Say what was put in, while it is the run that the URL names."""
    run_id, name = st.session_state.get("put_in_done", ("", ""))
    if run_id and st.query_params.get("run") == run_id:
        st.success(f"Put in from a file: **{literal(name)}**. It is a run of yours now.", icon=":material/check:")
    else:
        st.session_state.pop("put_in_done", None)


def _put_in(content: bytes) -> None:
    """Check and keep what was uploaded, and open it; or keep the sentence that says what is wrong with it."""
    engine: Engine = st.session_state.engine
    st.session_state.put_in_error = ""
    st.session_state.put_in_count = st.session_state.get("put_in_count", 0) + 1
    try:
        with st.spinner("Checking the zip, file by file …"):
            run = intake.put_in(engine.runs, content, owner_hash(st.session_state.owner))
    except UserError as error:
        st.session_state.put_in_error = str(error)
    else:
        st.session_state.put_in_done = run.id, run.read().name
        st.query_params["run"] = run.id
    st.rerun()
