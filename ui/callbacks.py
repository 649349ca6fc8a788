"""Changes that a widget makes in its callback, where an error has no place on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from trainer import UserError
from ui.markdown import sentence


def attempt(change: Callable[..., object], *arguments: Any) -> None:
    """Make a change, and show its error as a toast."""
    try:
        change(*arguments)
    except UserError as error:
        st.toast(sentence(str(error)), icon=":material/error:")
