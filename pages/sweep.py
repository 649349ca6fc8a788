"""Sweep: train a network for several values of up to two settings, and see which does best."""

import streamlit as st

from trainer import UserError
from trainer.runs.sweep import Sweep
from ui import entry
from ui.sweep import earlier, planning, progress

entry.require_app("sweep")
engine, owner = st.session_state.engine, st.session_state.owner


def current_sweep() -> Sweep | None:
    """Return the sweep that the URL names, or the one looked at last, unless it names what another is to start from."""
    asked = st.query_params.get("sweep")
    plans = "config" in st.query_params or "run" in st.query_params
    sweep_id = asked or ("" if plans else st.session_state.get("sweep", ""))
    try:
        sweep = engine.sweeps.get(sweep_id)
    except UserError as error:
        st.warning(str(error))
        return None
    if sweep:
        st.session_state.sweep = st.query_params["sweep"] = sweep.id
    elif asked:
        st.warning("That sweep is no longer here: its link may be old. Start a new one.")
    return sweep


st.title("Sweep", anchor=False)
st.markdown("Train one network with several values of a setting or two, and see which of them learns best.")
sweep = current_sweep()
planning.ask(engine, owner, sweep.id if sweep else "")
if sweep:
    progress.show(engine, owner, sweep)
earlier.show(engine, sweep.id if sweep else "")
