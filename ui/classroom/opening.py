"""Opening a class: for whoever sits at the computer that runs the server."""

from __future__ import annotations

import streamlit as st

from trainer.classroom.classrooms import DAYS, MAX_DAYS, MAX_TITLE
from ui.callbacks import attempt
from ui.classroom import addresses, membership, teaching
from ui.markdown import literal

_LINK = "class.link"  # session key: the teacher's link, which is shown once


def render() -> None:
    """Render the button that opens a class, or say who can open one."""
    if not addresses.is_at_server():
        st.caption("Teachers open a class on the computer that runs the server, or with `python run.py --class` there.")
        return
    if _LINK in st.session_state:  # of a class that was left since
        del st.session_state[_LINK]
    if st.button("Open a class", icon=":material/co_present:", help="For teachers.", key="class.open"):
        _render_form()


@st.dialog("Open a class", icon=":material/co_present:")
def _render_form() -> None:
    with st.form("class.opening", border=False):
        st.text_input("Title", max_chars=MAX_TITLE, placeholder="Such as: 6b, Monday", key="class.title")
        st.number_input(
            "Days",
            1,
            MAX_DAYS,
            DAYS,
            help="After them the class is deleted with its nicknames and drawings. The members' runs stay.",
            key="class.days",
        )
        st.form_submit_button(
            "Open",
            type="primary",
            icon=":material/co_present:",
            on_click=attempt,
            args=(_open,),
            key="class.open_now",
        )
    if _LINK in st.session_state:  # it is open
        st.rerun()


def _open() -> None:
    if not addresses.is_at_server():
        return  # a browser may send anything
    title, days = st.session_state["class.title"], st.session_state["class.days"]
    classroom, secret = membership.classrooms().open(title, float(days))
    teaching.begin(classroom, secret)
    st.session_state[_LINK] = addresses.for_teacher(classroom.code, secret)


def render_link() -> None:
    """Show the teacher's link of a class that has just been opened here, once."""
    link = st.session_state.get(_LINK)
    if not link:
        return
    with st.container(border=True, key="class.new"):
        st.markdown(
            "**Your teacher's link.** It opens this view in another browser and is shown only now. Keep it secret. "
            "A new one: `python run.py --class CODE` on the server."
        )
        st.code(link, language=None, wrap_lines=True)
        st.button("Done", on_click=lambda: st.session_state.pop(_LINK, None), key="class.link_saved")


def render_unreachable() -> None:
    """Say that pupils cannot open the app, if that is so."""
    if addresses.is_reachable():
        return
    st.warning(
        f"Only this computer can open {literal(addresses.shown())}: stop the server and start it with "
        "`python run.py --class` to let pupils in."
    )
