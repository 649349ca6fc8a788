"""The label of a run: its owner changes the name, note and pin."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.runs.label import MAX_NAME_CHARACTERS
from trainer.runs.run import RunView
from ui.markdown import sentence


def update(run_id: str, **changes: object) -> None:
    """Change fields of a run's label and rerun the page, or show the error."""
    try:
        st.session_state.engine.describe(run_id, st.session_state.owner, **changes)
    except UserError as error:
        st.error(sentence(str(error)))
    else:
        st.rerun()


def render_rename(view: RunView) -> None:
    """Render the popover in which the owner renames a run."""
    popover = st.popover(
        "Rename",
        icon=":material/edit:",
        type="tertiary",
        help="Changes the name of this run.",
        on_change="rerun",  # it stays open while the rest of the page is still loading
        key=f"run.renaming.{view.id}",
    )
    if popover.open:
        with popover, st.form(f"runs.rename.{view.id}", border=False):
            name = st.text_input(
                "Name", view.name, max_chars=MAX_NAME_CHARACTERS, help="Empty: restores the generated name."
            )
            if st.form_submit_button("Save", help="Everybody can see the name."):
                update(view.id, name=name)
