"""Learn: seven short lessons to play with, and what the words mean."""

import streamlit as st

from trainer import UserError
from ui import entry
from ui.html import style
from widgets import glossary, lessons
from widgets.lessons.pieces import STYLE

entry.require_app("learn")

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
