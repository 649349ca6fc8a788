"""Runs page: the list of all runs, or one run."""

import streamlit as st

from ui import entry
from ui.markdown import sentence
from ui.runs import deleted, details, import_run, listing

entry.require_app("runs")

st.title("Runs", anchor=False)
import_run.render_result()
if run := details.linked_run():
    details.render(run)
else:
    deleted.render_undo()
    listing.render()
    if notice := st.session_state.engine.housekeeping.notice:
        st.caption(sentence(notice))
    deleted.render_list()
    import_run.render()
