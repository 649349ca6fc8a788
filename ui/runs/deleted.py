"""Deletion of a run, its undo, and the list of deleted runs, which can be restored for 24 hours."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from ui.markdown import literal, sentence

DELETED = "runs.deleted"  # session key: id and name of the run deleted last
REFUSED = "runs.refused"  # session key: why a run was not deleted


@st.dialog("Delete this run?")
def confirm_delete(run: Run) -> None:
    """Ask for confirmation before a run is deleted."""
    st.markdown(f"**{literal(run.read().name)}** and its network will be deleted. Can be restored for 24 hours.")
    if error := st.session_state.pop(REFUSED, ""):
        st.error(sentence(error))
    with st.container(horizontal=True):
        options = {"icon": ":material/delete:", "help": "Can be restored for 24 hours."}
        st.button("Delete", type="primary", on_click=_delete, args=(run,), key="runs.delete_it", **options)
        if st.button("Cancel", help="Keep this run.", key="runs.keep_it") or DELETED in st.session_state:
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


def render_undo() -> None:
    """Render which run was just deleted, with a button to undo it."""
    if DELETED not in st.session_state:
        return
    run_id, name = st.session_state[DELETED]
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="runs-deleted"):
        st.markdown(f":material/delete: Deleted: **{literal(name)}**.", width="content")
        _render_restore(run_id, "Undo", "runs.undo")
        st.button(
            "Close",
            type="tertiary",
            on_click=_forget,
            help="The run stays under Deleted runs, at the end of this page, for 24 hours.",
            key="runs.close",
        )


def render_list() -> None:
    """List this visitor's deleted runs."""
    mine = owner_hash(st.session_state.owner)
    deleted = [run.read() for run in st.session_state.engine.runs.deleted()]
    own = [view for view in deleted if view.state.owner == mine]
    if not own:
        return
    with st.expander(f"Deleted runs ({len(own)})", icon=":material/delete:"):
        st.caption("Can be restored for 24 hours.")
        for view in own:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(literal(view.name), width="content")
                _render_restore(view.id, "Restore", f"runs.back.{view.id}")


def _render_restore(run_id: str, label: str, key: str) -> None:
    if st.button(label, icon=":material/undo:", help="Put the run back into the list.", key=key):
        try:
            st.session_state.engine.restore(run_id, st.session_state.owner)
        except UserError as error:
            st.error(sentence(str(error)))
        else:
            _forget()
            st.rerun()


def _forget() -> None:
    st.session_state.pop(DELETED, None)
