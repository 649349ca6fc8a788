"""Class page: the digits of a class, drawn by its members, and the scores of their networks on them."""

import streamlit as st

from trainer import UserError
from trainer.classroom.classroom import Classroom, Member
from ui import entry
from ui.classroom import join, membership, overview, ten_digits
from ui.html import style
from ui.markdown import sentence

entry.require_app("classroom")


def render_member(classroom: Classroom, member: Member) -> None:
    """Render what a member does and sees: the ten digits first, the scores once they are drawn."""
    digits, drawn = classroom.digits(), classroom.own_drawings(member.owner)
    overview.render_heading(classroom, member, digits)
    if join.linked_code():
        join.render_other_class(classroom)
    ten_digits.render(classroom, member)
    if not ten_digits.is_under_way(classroom, member, drawn):
        overview.render_scores(member, digits)
        overview.render_digits(classroom, digits)
    join.render_membership(classroom, member, len(drawn))


style(ten_digits.STYLE, overview.STYLE)
try:
    # The teacher's view goes here: `if taught := teacher.current(): teacher.render(taught)`, `elif` below.
    if found := membership.current():
        render_member(*found)
    else:
        join.render()
except UserError as error:
    st.error(sentence(str(error)))
