"""Rerun of a page when its lost connection to the server is restored, so that no input is lost."""

from pathlib import Path

import streamlit as st

# After a reconnect Streamlit reruns a page only if it knows that a script has run. If the connection broke just as the
# script started, it does not know: the page would stay empty, and what was done in the meantime would be lost.
_component = st.components.v2.component(
    "digit_lab_reconnect",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def rerun_on_reconnect() -> None:
    """Rerun the page when its connection is restored; call this once in a page's script."""
    _component(on_restored_change=lambda: None, height=0, key="line")


def connection_id() -> str:
    """Return a name for the page's present connection; a restored connection has a new one."""
    return st.context.headers.get("Sec-WebSocket-Key", "")
