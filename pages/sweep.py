"""Sweep: train a network for several values of up to two settings."""

import streamlit as st

if "engine" not in st.session_state:  # the first page a fresh server shows runs without app.py
    st.switch_page("app.py", query_params={**st.query_params.to_dict(), "page": "sweep"})

st.title("Sweep", anchor=False)
