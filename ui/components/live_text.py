"""Live text: a sentence that changes in place, so that screen readers announce each change."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

# A screen reader announces a change only in an element that stays. Streamlit replaces the element of a changed text.
_component = st.components.v2.component(
    "digit_lab_live_text",
    html='<p role="status" aria-live="polite"></p>',
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def render(sentence: str, key: str, is_final: bool = True) -> None:
    """Render a sentence; a screen reader announces it when it changes, unless it will soon change again."""
    _component(data={"sentence": sentence, "busy": not is_final}, key=key)
