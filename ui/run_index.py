"""The run index that all visitors of a server share."""

from __future__ import annotations

import streamlit as st

from trainer.runs.index import RunIndex
from trainer.runs.store import RunStore


def run_index() -> RunIndex:
    """Return the index of all runs."""
    store: RunStore = st.session_state.engine.runs
    return _run_index(str(store.root), store)


@st.cache_resource(show_spinner=False)
def _run_index(root: str, _store: RunStore) -> RunIndex:
    return RunIndex(_store)
