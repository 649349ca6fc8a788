"""Runs: everything that was trained here."""

import streamlit as st

from widgets import intake
from widgets.runs import deleted, details, listing

if "engine" not in st.session_state:  # the first page a fresh server shows runs without app.py
    st.switch_page("app.py", query_params={**st.query_params.to_dict(), "page": "runs"})

st.title("Runs", anchor=False)
intake.tell()
if run := details.asked():
    details.show(run)
else:
    deleted.tell()
    listing.show()
    deleted.show()
    intake.ask()
