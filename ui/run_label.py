"""What its owner calls a run, notes of it, or pins."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.runs.label import NAME
from trainer.runs.run import Run


def change(run: Run, **changes: object) -> None:
    """Change a run's label and show the page anew, or say what keeps that from being done."""
    try:
        st.session_state.engine.describe(run.id, st.session_state.owner, **changes)
    except UserError as error:
        st.error(str(error))
    else:
        st.rerun()


def rename(run: Run) -> None:
    """Ask for a name of the owner's own."""
    popover = st.popover(
        "Rename",
        icon=":material/edit:",
        type="tertiary",
        help="Give this run a name of its own.",
        on_change="rerun",  # it stays open whatever the page is still waiting for
        key=f"run.renaming.{run.id}",
    )
    if popover.open:
        with popover, st.form(f"runs.rename.{run.id}", border=False):
            name = st.text_input(
                "Name", run.read().name, max_chars=NAME, help="Empty brings back the name of its own making."
            )
            if st.form_submit_button("Save", help="Everybody sees the name."):
                change(run, name=name)
