"""Learn: seven short lessons to play with, and what the words mean."""

import streamlit as st

from trainer import UserError
from ui.html import style
from widgets import glossary, lessons
from widgets.lessons.pieces import STYLE

if "engine" not in st.session_state:  # the first page a fresh server shows runs without app.py
    st.switch_page("app.py", query_params={**st.query_params.to_dict(), "page": "learn"})

st.title("Learn")
style(STYLE)
glossary.show_asked()
place = lessons.ask()
try:
    lessons.show(place)
except UserError as error:
    st.error(str(error))
st.divider()
glossary.show()
