"""A place on a page that is brought into view: a form may be tall, and what somebody asked for far below."""

import json
from pathlib import Path

import streamlit as st

_scroll = st.components.v2.component(
    "digit_lab_scroll",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def here(asked: bool, key: str) -> None:
    """Bring this place into view where that is asked for."""
    _scroll(data=json.dumps({"scroll": asked}).encode(), key=key)
