"""Learn: seven short lessons to play with, and what the words mean."""

import streamlit as st

from trainer import UserError
from ui import entry, glossary, learn
from ui.html import style
from ui.learn.layout import STYLE

entry.require_app("learn")

st.title("Learn")
style(STYLE)
glossary.show_asked()
place = learn.ask()
try:
    learn.show(place)
except UserError as error:
    st.error(str(error))
st.divider()
glossary.show()
