"""Compare: several runs side by side: how they learned, what differs, what it cost, where they err."""

import streamlit as st

from ui import entry
from ui.html import style
from widgets import compare
from widgets.compare import chosen

entry.require_app("compare")

style(*compare.STYLES)
st.title("Compare", anchor=False)
runs = chosen.ask()
if len(runs) < chosen.FEWEST:
    chosen.offer(runs)
    st.stop()
chosen.introduce(runs)
view = compare.ask()
view.show(runs)
chosen.watch(runs)
