"""Compare page: curves, settings, costs and errors of several runs side by side."""

import streamlit as st

from ui import compare, entry
from ui.compare import selection
from ui.html import style

entry.require_app("compare")

style(*compare.STYLES)
st.title("Compare", anchor=False)
runs = selection.select_runs()
if len(runs) < selection.MIN_RUNS:
    selection.render_no_runs(runs)
    st.stop()
selection.render_legend(runs)
view = compare.select_view()
view.show(runs)
selection.rerun_on_change(runs)
