"""Class page: the board and the projector, the teacher's view, and joining or opening a class."""

import streamlit as st

from ui import entry, presentation
from ui.classroom import board, membership, opening, poll, projector, teacher, teaching

entry.require_app("classroom")
with st.container(key="projector" if presentation.presenting() else "class"):
    teaching_here, joined = teaching.current(), membership.current()
    if presentation.presenting() and (presented := projector.classroom()):
        projector.render(presented)
    elif teaching_here:
        teacher.render(teaching_here)
    elif joined:
        st.title("Class", anchor=False)
        poll.render(*joined)
        board.render(joined[0])
    else:
        st.title("Class", anchor=False)
        opening.render()
