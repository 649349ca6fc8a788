"""The Class page of a member: poll, prediction and ten digits first, scores and board once these are drawn."""

from __future__ import annotations

from trainer.classroom.classroom import Classroom, Member
from ui.classroom import board, join, overview, poll, predict, ten_digits
from ui.html import style


def render(classroom: Classroom, member: Member) -> None:
    """Render what a member does and sees. Raises UserError if the class ends meanwhile."""
    style(ten_digits.STYLE, overview.STYLE)
    digits, drawn = classroom.digits(), classroom.own_drawings(member.owner)
    overview.render_heading(classroom, member, digits)
    if join.linked_code():
        join.render_other_class(classroom)
    poll.render(classroom, member)
    predict.render(classroom, member)
    ten_digits.render(classroom, member)
    if not ten_digits.is_under_way(classroom, member, drawn):
        overview.render_scores(member, digits)
        overview.render_digits(classroom, digits)
        board.render(classroom)
    join.render_membership(classroom, member, len(drawn))
