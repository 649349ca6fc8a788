"""What a member's browser does on every page: it opens what the teacher opens, and says that training is frozen."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.classroom.classroom import Classroom, Settings
from ui import entry, load_control, visitor_file
from ui.classroom import membership, shared

POLL_SECONDS = 2.0
FILE = "followed.txt"  # the code of the class, and the number of the last screen that this browser has opened


def render() -> None:
    """Follow the teacher of the class that this browser is in, if any, and say what holds now."""
    joined = membership.current()
    if joined is None:
        return
    classroom = joined[0]
    try:
        settings = shared.settings(classroom)
    except UserError:  # it has just ended
        return
    every = load_control.poll_seconds(POLL_SECONDS)
    st.fragment(_follow, run_every=every)(classroom, settings.is_frozen, every)
    if settings.is_frozen:
        st.session_state["class.frozen_notice"] = True


def render_notice() -> None:
    """Say why nothing trains."""
    if st.session_state.pop("class.frozen_notice", False):
        st.info(
            "**Training is frozen.** Your teacher explains something; your training goes on where it was.",
            icon=":material/ac_unit:",
        )


def _follow(classroom: Classroom, is_frozen: bool, every: float) -> None:
    """Open what the teacher has opened since; rerun the page when what it says about training is outdated."""
    try:
        settings = shared.settings(classroom)
    except UserError:
        st.rerun()
    if target := _unseen(classroom, settings):
        name, query = target
        st.switch_page(f"pages/{name}.py", query_params=query)
    if settings.is_frozen != is_frozen or load_control.poll_seconds(POLL_SECONDS, every) != every:
        st.rerun()


def _unseen(classroom: Classroom, settings: Settings) -> tuple[str, dict[str, str]] | None:
    """Return the page and query that this browser has not opened yet, once; none from before it joined."""
    screen = settings.screen
    seen = visitor_file.read(FILE)
    now = f"{classroom.code} {screen.number}"
    if seen == now:
        return None
    visitor_file.write(FILE, now)
    is_known = seen.partition(" ")[0] == classroom.code
    if not is_known or screen.page not in {page.name for page in entry.PAGES}:
        return None
    return screen.page, dict(screen.query)
