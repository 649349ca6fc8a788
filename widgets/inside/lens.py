"""Put one of the test images under the lens."""

from __future__ import annotations

import streamlit as st

from widgets import sources, testset


def offer(at: int, label: str, key: str) -> None:
    """Show a button that makes a test image the one that is looked at."""
    st.button(label, on_click=_put, args=(at,), help="Put it where your drawing is, and look inside.", key=key)


def _put(at: int) -> None:
    st.session_state.source = sources.TEST
    st.session_state.test_label = testset.ANY
    st.session_state.test_misread = False
    st.session_state.test_at = at
