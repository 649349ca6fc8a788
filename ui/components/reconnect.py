"""The line between a page and its server: after it broke, nothing that was done is lost."""

from pathlib import Path

import streamlit as st

# After a reconnect Streamlit reruns a page only if it knows that a script has run. If the connection broke just as the
# script started, it does not know: the page would stay empty, and what was done in the meantime would be lost.
_watch = st.components.v2.component(
    "digit_lab_line",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def watch() -> None:
    """Show the page anew when its line is mended; once a page, in its script."""
    _watch(on_mended_change=lambda: None, height=0, key="line")


def name() -> str:
    """Return what tells this page's line from every other one; that of a line that was mended is another."""
    return st.context.headers.get("Sec-WebSocket-Key", "")
