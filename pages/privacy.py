"""My data page: what the server keeps of a visitor, all of it as one zip, and its deletion."""

import streamlit as st

from trainer import UserError
from trainer.my_data import MyData
from ui import entry
from ui.html import style
from ui.markdown import sentence
from ui.privacy import copies, deletion, inventory
from ui.run_index import run_index

entry.require_app("privacy")

style(inventory.STYLE)
st.title("My data", anchor=False)
if deletion.is_running():
    deletion.render_progress()
    st.stop()
deletion.end()
data = MyData(st.session_state.engine, st.session_state.owner, run_index())
try:
    there = data.inventory()
except UserError as error:
    st.error(sentence(str(error)))
    st.stop()
deletion.render_result(there)
st.caption("What this server keeps of you. There is no account and no e-mail: your browser is all that it knows.")
inventory.render(there)
with st.container(horizontal=True, key="my_data.actions"):
    copies.render(data)
    deletion.render_button(there)
deletion.render_confirmation(data, there)
