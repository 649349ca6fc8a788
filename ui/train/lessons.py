"""Lessons of the Train page: the presets in the order of their path, with what to look for in each."""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from trainer.config.presets import LESSONS, PRESETS
from ui.train.draft import Draft, load
from ui.train.link import Link

# Only a script on the page can reach the clipboard.
_copy_link = st.components.v2.component(
    "digit_lab_copy_link",
    html='<button type="button"><span aria-live="polite"></span></button>',
    css=Path(__file__).with_name("copy_link.css").read_text("utf-8"),
    js=Path(__file__).with_name("copy_link.js").read_text("utf-8"),
)

OWN = "A network of your own."
ORDER = [name for names in LESSONS.values() for name in names]


def select(draft: Draft, link: Link | None) -> None:
    """Render the choice of a lesson, the one in the form selected; another one fills the form."""

    def choose() -> None:
        # Just after an edit a slow browser still sends the choice of the form before, and Streamlit takes that for a
        # new one: it must not undo the edit.
        chosen = st.session_state[key]
        if chosen in PRESETS and chosen != shown and st.session_state.draft is draft:
            load(PRESETS[chosen].config)

    shown = _shown(link)
    key = f"{draft.key}.preset.{shown}"  # an edit deselects the lesson
    st.selectbox(
        "Lesson",
        ORDER,
        None if shown is None else ORDER.index(shown),
        format_func=lambda name: PRESETS[name].title if name in PRESETS else name,  # a browser may send anything
        key=key,
        on_change=choose,
        placeholder="Choose a lesson",
        label_visibility="collapsed",
        width=200,
    )


def render_note(link: Link | None) -> None:
    """Render what to look for in the lesson, and the path of all lessons."""
    shown = _shown(link)
    with st.container(horizontal=True, vertical_alignment="center", key="lesson-note"):
        st.caption(PRESETS[shown].note if shown else OWN, width="stretch")
        with st.popover("All lessons", icon=":material/school:", type="tertiary", help="What to look for in each"):
            for group, names in LESSONS.items():
                notes = (f"- [{PRESETS[name].title}](?preset={name}): {PRESETS[name].note}" for name in names)
                st.markdown("\n".join([f"**{group}**", "", *notes]))


def _shown(link: Link | None) -> str | None:
    return link[1] if link and link[0] == "preset" else None


def render_copy_link(link: Link | None) -> None:
    """Render a button that copies the link to a configuration; it is disabled without one."""
    query = "=".join(link) if link else ""
    help = "Copies a link that opens this page with this network and these settings"
    _copy_link(data=json.dumps({"query": query, "help": help}).encode(), width="content", key="copy_link")
