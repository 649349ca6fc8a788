"""Lesson 7: the tutorials' Keras programs beside the same networks in the app."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from markupsafe import Markup

from trainer.config.presets import PRESETS
from trainer.config.training import parameter_count, short_form
from trainer.lessons.tutorials import TUTORIALS
from trainer.networks.diagram import network_diagram
from ui.html import html, style
from ui.learn import layout

KEY = "learn.tutorial"
STYLE = Path(__file__).with_suffix(".css")


@st.fragment
def render() -> None:
    st.session_state.setdefault(KEY, next(iter(TUTORIALS)))
    st.markdown(
        "**Keras** is the library that both tutorials use and that trains the networks of this app. A program of about "
        "ten lines does what the Train page does."
    )
    st.segmented_control(
        "Program",
        TUTORIALS,
        required=True,
        format_func=lambda preset: TUTORIALS[preset].title,
        help="Tutorial A as written, with a larger learning rate, and without scaled pixels; and tutorial B.",
        label_visibility="collapsed",
        persist_state="session",
        key=KEY,
    )
    tutorial = TUTORIALS[st.session_state[KEY]]
    config = PRESETS[tutorial.preset].config
    style(STYLE)
    left, right = st.columns([11, 9], gap="medium")
    with left:
        st.code(tutorial.code, language="python", wrap_lines=True)
    with right:
        layout.render_picture(network_diagram(config.table), f"The network: {short_form(config)}.")
        st.markdown(f"**{parameter_count(config):,} parameters**. {tutorial.fact}")
        with st.container(horizontal=True, gap="small"):
            st.page_link(
                "pages/train.py",
                label="Open in Train",
                icon=":material/model_training:",
                query_params={"preset": tutorial.preset},
                help="Opens Train with these layers and settings",
                width="content",
            )
            st.page_link(
                "pages/train.py",
                label="Full program",
                icon=":material/code:",
                query_params={"preset": tutorial.preset, "code": "1"},
                help="Shows the complete Keras program on Train, as a script or a notebook to run elsewhere",
                width="content",
            )
        lines = Markup().join(
            Markup("<li><code>{}</code>: {}</li>").format(_call_name(code), explanation)
            for code, explanation in tutorial.lines[1:]
        )
        html(Markup('<ul style="padding-left: 1.1rem; margin: 0; font-size: 0.875rem">{}</ul>').format(lines))


def _call_name(code: str) -> str:
    """Return the name of the call in a part of the program."""
    for call in ("load_data", "to_categorical", "Sequential", "compile", "evaluate", "fit"):
        if call in code:
            return call
    return "/ 255"
