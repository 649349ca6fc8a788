"""A sentence that changes in place, so that a screen reader reads out what has become of it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

# A screen reader announces a change only in an element that stays. Streamlit replaces the element of a changed text.
_say = st.components.v2.component(
    "digit_lab_said",
    html='<p role="status" aria-live="polite"></p>',
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def say(sentence: str, key: str) -> None:
    """Show a sentence, and have it read out whenever it is another than before."""
    _say(data=sentence, key=key)
