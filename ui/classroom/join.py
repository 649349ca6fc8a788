"""Joining a class by its code and a nickname, and leaving it."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.classroom.classroom import Classroom, Member
from trainer.classroom.classrooms import CODE_LENGTH
from trainer.classroom.nicknames import MAX_LENGTH
from trainer.text import counted
from ui.callbacks import attempt
from ui.classroom import membership
from ui.markdown import literal, sentence

LINK = "class"  # query parameter: the code
_CODE = "class.code"  # session key of the field
_FILLED_IN = "class.filled_in"  # session key: the code of a link that was filled in
_ASK_LEAVE = "class.ask_leave"  # session key: whether leaving waits for its confirmation
_RENAME = "class.rename"  # session key of the field with a new nickname


def linked_code() -> str:
    """Return the code in the page's address, or ""."""
    return st.query_params.get(LINK, "")


def render() -> None:
    """Render the form that joins a class; a link fills the code in."""
    linked = membership.classrooms().get(linked_code()) if linked_code() else None
    if linked and linked.member(membership.me()):  # from another browser, or from an earlier lesson
        _follow(linked)
    if linked:
        st.title(f"Join {literal(linked.settings.title)}", anchor=False)
    else:
        st.title("Join a class", anchor=False)
        if linked_code():
            st.warning("A link must lead to a class that is still there (this one has ended): ask for its code.")
    _render_lost_class()
    _fill_in(linked.code if linked else linked_code())
    with st.form("class.join", border=True, width=420):
        code = st.text_input(
            "Code",
            max_chars=2 * CODE_LENGTH,
            placeholder="ABC34",
            autocomplete="off",
            help="The code of five letters and digits that your teacher shows.",
            key=_CODE,
        )
        nickname = st.text_input(
            "Nickname",
            max_chars=2 * MAX_LENGTH,
            placeholder="Leave empty to get one",
            autocomplete="off",
            help="It may stand on the class's board. Nobody needs your real name, and your digits carry only a number.",
            key="class.nickname",
        )
        if st.form_submit_button("Join", type="primary", icon=":material/login:", key="class.submit"):
            _join(code, nickname)
    st.caption("No e-mail, no password. You can leave at any time, and what you drew for the class is deleted then.")


def _fill_in(linked: str) -> None:
    """Fill the code of a link in, once, or else that of the class that the browser was in."""
    if linked and st.session_state.get(_FILLED_IN) != linked:
        st.session_state[_FILLED_IN] = st.session_state[_CODE] = linked
    st.session_state.setdefault(_CODE, membership.chosen())


def _join(code: str, nickname: str) -> None:
    classroom = membership.classrooms().get(code)
    try:
        if classroom is None:
            raise UserError(f"The code must be that of a class on this server (got “{code[:12]}”): look at it again.")
        membership.join(classroom, nickname)
    except UserError as error:
        st.error(sentence(str(error)))
        return
    _drop_link()
    st.rerun()


def _follow(classroom: Classroom) -> None:
    membership.enter(classroom)
    _drop_link()
    st.rerun()


def _drop_link() -> None:
    st.query_params.pop(LINK, None)


def _render_lost_class() -> None:
    """Say why a browser that had joined a class is in none."""
    code = membership.chosen()
    if not code:
        return
    if membership.classrooms().get(code):
        st.info("You are no longer a member of your class: join it again to draw for it.")
    else:
        st.info("Your class has ended, and what was drawn for it is deleted. Your runs and drawings are still yours.")


def render_other_class(classroom: Classroom) -> None:
    """Offer the class of a link to a member of another class."""
    code = linked_code()
    other = membership.classrooms().get(code) if code else None
    if other is None or other.code == classroom.code:
        _drop_link()
        return
    with st.container(border=True, width=640):
        st.markdown(
            f"This link leads to another class, **{literal(other.settings.title)}**. You are in "
            f"**{literal(classroom.settings.title)}**, where your digits stay; its code, {classroom.code}, leads back."
        )
        with st.container(horizontal=True):
            st.button("Change class", type="primary", on_click=_change, args=(other,), key="class.change")
            st.button("Stay", on_click=_drop_link, key="class.stay")


def _change(classroom: Classroom) -> None:
    attempt(membership.join, classroom, _nickname_in(classroom))
    _drop_link()


def _nickname_in(classroom: Classroom) -> str:
    member = classroom.member(membership.me())
    return member.nickname if member else ""


# --- the membership -------------------------------------------------------------------------------------------


def render_membership(classroom: Classroom, member: Member, digits: int) -> None:
    """Render the nickname, which can be changed, and the button that leaves. digits: of the member, in the class."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="class.membership"):
        st.text_input(
            "Nickname",
            member.nickname,
            max_chars=2 * MAX_LENGTH,
            autocomplete="off",
            width=220,
            help="It may stand on the class's board. Your digits carry only your number.",
            on_change=_rename,
            args=(classroom,),
            key=_RENAME,
        )
        if not st.session_state.get(_ASK_LEAVE):
            st.button(
                "Leave the class",
                icon=":material/logout:",
                help="Deletes your nickname and your digits from the class after you confirm it.",
                on_click=lambda: st.session_state.update({_ASK_LEAVE: True}),
                key="class.ask_leave_button",
            )
    if st.session_state.get(_ASK_LEAVE):
        what, title = f"your nickname, {counted(digits, 'digit')}", literal(classroom.settings.title)
        st.markdown(
            f"Leave **{title}**? This deletes {what} and your answers in the class at once. "
            "Your runs and your own drawings stay."
        )
        with st.container(horizontal=True):
            st.button("Leave and delete", type="primary", on_click=_leave, args=(classroom,), key="class.leave")
            st.button("Stay in the class", on_click=_stay, key="class.keep")


def _rename(classroom: Classroom) -> None:
    attempt(classroom.join, membership.me(), st.session_state[_RENAME])
    st.session_state.pop(_RENAME, None)  # shows what the class has now


def _leave(classroom: Classroom) -> None:
    st.session_state.pop(_ASK_LEAVE, None)
    attempt(membership.leave, classroom)


def _stay() -> None:
    st.session_state.pop(_ASK_LEAVE, None)
