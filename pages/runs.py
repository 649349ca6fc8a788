"""Runs: everything that was trained here."""

import streamlit as st

from ui import entry
from ui.runs import deleted, details, import_run, listing

entry.require_app("runs")

st.title("Runs", anchor=False)
import_run.tell()
if run := details.asked():
    details.show(run)
else:
    deleted.tell()
    listing.show()
    deleted.show()
    import_run.ask()
