"""Runs: everything that was trained here."""

import streamlit as st

from ui import entry
from widgets import intake
from widgets.runs import deleted, details, listing

entry.require_app("runs")

st.title("Runs", anchor=False)
intake.tell()
if run := details.asked():
    details.show(run)
else:
    deleted.tell()
    listing.show()
    deleted.show()
    intake.ask()
