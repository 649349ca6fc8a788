"""Sweep page: train a network with several values of one or two settings and compare the results."""

import streamlit as st

from trainer import UserError
from trainer.runs.sweep import Sweep
from ui import entry
from ui.markdown import sentence
from ui.sweep import earlier, planning, progress

entry.require_app("sweep")
engine, owner = st.session_state.engine, st.session_state.owner


def current_sweep() -> Sweep | None:
    """Return the sweep that the URL names, else the last one shown, unless the URL names a base for a new one."""
    linked = st.query_params.get("sweep")
    plans_new = "config" in st.query_params or "run" in st.query_params
    sweep_id = linked or ("" if plans_new else st.session_state.get("sweep", ""))
    try:
        sweep = engine.sweeps.get(sweep_id)
    except UserError as error:
        st.warning(sentence(str(error)))
        return None
    if sweep:
        st.session_state.sweep = st.query_params["sweep"] = sweep.id
    elif linked:
        st.warning("That sweep is no longer here. Its link may be old: start a new one.")
    return sweep


st.title("Sweep", anchor=False)
st.markdown("Train a network with several values of one or two settings to see which values work best.")
sweep = current_sweep()
planning.render_form(engine, owner, sweep.id if sweep else "")
if sweep:
    progress.render(engine, owner, sweep)
earlier.render(engine, sweep.id if sweep else "")
