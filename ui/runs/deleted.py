"""Runs that were deleted within a day, and can be had back."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from ui.markdown import literal

DELETED = "runs.deleted"  # the one that was deleted last: id and name
REFUSED = "runs.refused"  # why one was not


@st.dialog("Delete this run?")
def ask(run: Run) -> None:
    """Ask once whether a run is to be deleted."""
    st.markdown(f"**{literal(run.read().name)}** leaves the list, with its network. For a day you can have it back.")
    if error := st.session_state.pop(REFUSED, ""):
        st.error(error)
    with st.container(horizontal=True):
        words = {"icon": ":material/delete:", "help": "It can be had back for a day."}
        st.button("Delete it", type="primary", on_click=_delete, args=(run,), key="runs.delete_it", **words)
        if st.button("Keep it", help="Change nothing.", key="runs.keep_it") or DELETED in st.session_state:
            st.rerun()


def _delete(run: Run) -> None:
    name = run.read().name
    try:
        st.session_state.engine.delete(run.id, st.session_state.owner)
    except UserError as error:
        st.session_state[REFUSED] = str(error)
    else:
        st.session_state[DELETED] = run.id, name
        st.query_params.pop("run", None)


def tell() -> None:
    """Say what was just deleted, and offer to undo it."""
    if not (gone := st.session_state.get(DELETED)):
        return
    run_id, name = gone
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="runs-deleted"):
        st.markdown(f":material/delete: Deleted: **{literal(name)}**.", width="content")
        _offer(run_id, "Undo", "runs.undo")
        st.button(
            "Close",
            type="tertiary",
            on_click=_forget,
            help="It stays under Deleted runs, at the end of this page, for a day.",
            key="runs.close",
        )


def show() -> None:
    """List this visitor's deleted runs."""
    mine = owner_hash(st.session_state.owner)
    deleted = [run.read() for run in st.session_state.engine.runs.deleted()]
    own = [view for view in deleted if view.state.owner == mine]
    if not own:
        return
    with st.expander(f"Deleted runs ({len(own)})", icon=":material/delete:"):
        st.caption("Each is kept for a day after it was deleted, then it is gone for good.")
        for view in own:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(literal(view.name), width="content")
                _offer(view.id, "Have it back", f"runs.back.{view.id}")


def _offer(run_id: str, label: str, key: str) -> None:
    if st.button(label, icon=":material/undo:", help="Put it into the list again, whole.", key=key):
        try:
            st.session_state.engine.restore(run_id, st.session_state.owner)
        except UserError as error:
            st.error(str(error))
        else:
            _forget()
            st.rerun()


def _forget() -> None:
    st.session_state.pop(DELETED, None)
