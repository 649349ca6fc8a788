"""Compare: several runs side by side: how they learned, what differs, what it cost, where they err."""

import streamlit as st

from ui import compare, entry
from ui.compare import selection
from ui.html import style

entry.require_app("compare")

style(*compare.STYLES)
st.title("Compare", anchor=False)
runs = selection.ask()
if len(runs) < selection.FEWEST:
    selection.offer(runs)
    st.stop()
selection.introduce(runs)
view = compare.ask()
view.show(runs)
selection.watch(runs)
