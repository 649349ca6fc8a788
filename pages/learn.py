"""The Learn page: nine short interactive lessons and the glossary."""

import streamlit as st

from trainer import UserError
from ui import entry, glossary, learn
from ui.html import style
from ui.learn.layout import STYLE
from ui.markdown import sentence

entry.require_app("learn")

st.title("Learn")
style(STYLE)
glossary.render_linked_term()
lessons, words = st.tabs(("Lessons", "Glossary"), on_change="rerun", key="learn.tab")
if lessons.open:
    with lessons:
        place = learn.select_lesson()
        try:
            learn.render(place)
        except UserError as error:
            st.error(sentence(str(error)))
if words.open:
    with words:
        glossary.render()
