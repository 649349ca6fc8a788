"""Presets of the Train page, with what to look for in each, and a button that copies a link to the form."""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from trainer.config.presets import PRESETS
from ui.html import style
from ui.train.draft import Draft, load
from ui.train.link import Link

# Only a script on the page can reach the clipboard.
_copy_link = st.components.v2.component(
    "digit_lab_copy_link",
    html='<button type="button"><span aria-live="polite"></span></button>',
    css=Path(__file__).with_name("copy_link.css").read_text("utf-8"),
    js=Path(__file__).with_name("copy_link.js").read_text("utf-8"),
)

STYLE = Path(__file__).with_suffix(".css")


def select_preset(draft: Draft, link: Link | None) -> None:
    """Render the presets, the one in the form selected, and what to look for in it; a choice fills the form."""

    def choose() -> None:
        # Just after an edit a slow browser still sends the pills of the form before, and Streamlit takes that for a
        # choice: it must not undo the edit.
        chosen = st.session_state[key]
        if chosen and chosen != shown and st.session_state.draft is draft:
            load(PRESETS[chosen].config)

    shown = link[1] if link and link[0] == "preset" else None
    key = f"{draft.key}.preset.{shown}"  # an edit deselects the preset
    style(STYLE)
    with st.container(key="presets"):
        st.pills(
            "Presets",
            PRESETS,
            default=shown,
            format_func=lambda name: PRESETS[name].title,
            key=key,
            on_change=choose,
            required=True,
            label_visibility="collapsed",
        )
    with st.container(horizontal=True, vertical_alignment="center", key="preset-note"):
        st.caption(PRESETS[shown].note if shown else "A network of your own.", width="stretch")
        with st.popover("All presets", icon=":material/school:", help="What to look for in each, and a link to it"):
            notes = (f"- [{preset.title}](?preset={name}): {preset.note}" for name, preset in PRESETS.items())
            st.markdown("\n".join(notes))
        render_copy_link(link)


def render_copy_link(link: Link | None) -> None:
    """Render a button that copies the link to a configuration; it is disabled without one."""
    query = "=".join(link) if link else ""
    help = "Copies a link that opens this page with this network and these settings"
    _copy_link(data=json.dumps({"query": query, "help": help}).encode(), width="content", key="copy_link")
