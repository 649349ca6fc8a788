"""Lesson 7: the tutorials' few lines of Keras beside the same network in the app."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from markupsafe import Markup

from trainer.config.presets import PRESETS
from trainer.config.training import parameter_count, short_form
from trainer.lessons.tutorials import TUTORIALS
from trainer.networks.diagram import network_picture
from ui.html import html, style
from ui.learn import layout

KEY = "learn.tutorial"
STYLE = Path(__file__).with_suffix(".css")


@st.fragment
def show() -> None:
    st.session_state.setdefault(KEY, next(iter(TUTORIALS)))
    st.markdown(
        "**Keras** is the library that both tutorials use, and that trains the networks of this app. A program of some "
        "ten lines does what Train does with the mouse."
    )
    st.segmented_control(
        "Program",
        TUTORIALS,
        required=True,
        format_func=lambda preset: TUTORIALS[preset].title,
        help="Tutorial A as it is, with a larger learning rate and without scaled pixels; and tutorial B.",
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
        layout.picture(network_picture(config.table), f"The network: {short_form(config)}.")
        st.markdown(f"**{parameter_count(config):,} parameters**. {tutorial.fact}")
        with st.container(horizontal=True, gap="small"):
            st.page_link(
                "pages/train.py",
                label="Open it in Train",
                icon=":material/model_training:",
                query_params={"preset": tutorial.preset},
                help="The form of Train holds just these layers and settings: press Train there.",
                width="content",
            )
            st.page_link(
                "pages/train.py",
                label="The whole program",
                icon=":material/code:",
                query_params={"preset": tutorial.preset, "code": "1"},
                help="Train writes every network down as a program that learns as the app does: to read, or to run "
                "elsewhere as a script or a notebook.",
                width="content",
            )
        lines = Markup().join(
            Markup("<li><code>{}</code>: {}</li>").format(_short(code), words) for code, words in tutorial.lines[1:]
        )
        html(Markup('<ul style="padding-left: 1.1rem; margin: 0; font-size: 0.875rem">{}</ul>').format(lines))


def _short(code: str) -> str:
    """Return what a line is about: the call that it makes, or what it gives a value to."""
    for call in ("load_data", "to_categorical", "Sequential", "compile", "evaluate", "fit"):
        if call in code:
            return call
    return "/ 255"
