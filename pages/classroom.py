"""Class page: joining a class, the digits that its members draw, and the scores of their networks on them."""

import streamlit as st

from trainer import UserError
from ui import entry
from ui.classroom import join, membership, pupil
from ui.markdown import sentence

entry.require_app("classroom")

try:
    if joined := membership.current():
        pupil.render(*joined)
    else:
        join.render()
except UserError as error:
    st.error(sentence(str(error)))
