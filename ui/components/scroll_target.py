"""Scroll target: a place on a page that can be scrolled into view."""

import json
from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "digit_lab_scroll",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def render(scroll: bool, key: str) -> None:
    """Mark this place, and scroll to it if `scroll` is true."""
    _component(data=json.dumps({"scroll": scroll}).encode(), key=key)
