"""What is worth trying? The presets to begin with, what to look for in each, and a link to what the form shows."""

from __future__ import annotations

import json

import streamlit as st

from trainer.presets import PRESETS
from ui.html import style
from widgets.draft import Draft, Link, load

# A script in the page alone can reach the clipboard; without https, as in a class's network, only in the old way.
_copy_link = st.components.v2.component(
    "digit_lab_copy_link",
    html='<button type="button"><span aria-live="polite"></span></button>',
    css="""
        button {
            min-height: 2.5rem; padding: 0.25rem 0.75rem; border-radius: var(--st-button-radius); cursor: pointer;
            border: 1px solid var(--st-border-color); background: var(--st-background-color);
            color: var(--st-text-color); font: inherit; font-size: 0.875rem; white-space: nowrap;
        }
        button:hover, button:focus-visible { border-color: var(--st-primary-color); color: var(--st-primary-color) }
        button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px }
        button:disabled { opacity: 0.4; cursor: not-allowed; border-color: var(--st-border-color); color: inherit }
    """,
    js="""export default ({ parentElement, data: json }) => {
        const data = JSON.parse(new TextDecoder().decode(json));
        const button = parentElement.querySelector("button"), text = button.querySelector("span");
        const { origin, pathname } = location;
        const say = (words) => { text.textContent = words };
        const copy = async (link) => {
            try { await navigator.clipboard.writeText(link); return true } catch {}
            const field = document.createElement("textarea");
            field.value = link;
            field.style.position = "fixed";
            document.body.append(field);
            field.select();
            const done = document.execCommand("copy");
            field.remove();
            button.focus();
            return done;
        };
        button.disabled = !data.query;
        button.title = data.help;
        say("Copy link");
        button.onclick = async () => {
            const link = `${origin}${pathname}?${data.query}`;
            say(await copy(link) ? "Copied" : "Not copied: take it from the address bar");
            setTimeout(() => say("Copy link"), 2500);
        };
    }""",
)

# On a phone all presets stand in one line, which is swiped.
STYLE = """
    @media (min-width: 768px) { .st-key-preset-note { flex-wrap: nowrap } }
    @media (max-width: 767px) {
        .st-key-presets [role="radiogroup"] { flex-wrap: nowrap; overflow-x: auto; padding-bottom: 0.3rem }
        .st-key-presets [role="radiogroup"] > * { flex: none }
        .st-key-preset-note > :first-child { flex: 1 0 100% }
    }
"""


def choose_preset(draft: Draft, link: Link | None) -> None:
    """Show the presets, the one that the form shows among them, and what to look for in it."""

    def choose() -> None:
        # A browser that is a moment behind still tells of the pills that stood here before the last edit, and Streamlit
        # takes that for a choice: it must not undo the edit.
        chosen = st.session_state[key]
        if chosen and chosen != shown and st.session_state.draft is draft:
            load(PRESETS[chosen].config)

    shown = link[1] if link and link[0] == "preset" else None
    key = f"{draft.key}.preset.{shown}"  # an edit puts it out
    style(STYLE)
    with st.container(key="presets"):
        st.pills(
            "Start from",
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
        with st.popover("All lessons", icon=":material/school:", help="What to look for in each, and its own link"):
            lessons = (f"- [{preset.title}](?preset={name}): {preset.note}" for name, preset in PRESETS.items())
            st.markdown("\n".join(lessons))
        copy_link(link)


def copy_link(link: Link | None) -> None:
    """Show a button that copies the link to a configuration; it is off without one."""
    query = "=".join(link) if link else ""
    help = "Copy a link that opens this page with this network and these settings"
    _copy_link(data=json.dumps({"query": query, "help": help}).encode(), width="content", key="copy_link")
