"""Class page: the board and the projector, the teacher's view, a member's view, and joining or opening a class."""

import streamlit as st

from trainer import UserError
from ui import entry, presentation
from ui.classroom import join, membership, opening, projector, pupil, teacher, teaching
from ui.markdown import sentence

entry.require_app("classroom")
with st.container(key="projector" if presentation.presenting() else "class"):
    try:
        teaching_here, joined = teaching.current(), membership.current()
        if presentation.presenting() and (presented := projector.classroom()):
            projector.render(presented)
        elif teaching_here:
            teacher.render(teaching_here)
        elif joined:
            pupil.render(*joined)
        else:
            join.render()
            opening.render()
    except UserError as error:
        st.error(sentence(str(error)))
