"""The Runs page: the list of all runs, and one of them with its family."""

from __future__ import annotations

import streamlit as st

from trainer.ledger import Ledger
from trainer.runs.store import RunStore


def ledger() -> Ledger:
    """Return the rows of all runs, which everybody on this server shares."""
    store: RunStore = st.session_state.engine.runs
    return _ledger(str(store.root), store)


@st.cache_resource(show_spinner=False)
def _ledger(root: str, _store: RunStore) -> Ledger:
    return Ledger(_store)
