"""Train: choose a network and how it is trained, then watch it learn."""

from pathlib import Path

import streamlit as st

from trainer.runs.owner import owner_hash
from trainer.runs.run import RunView
from ui import entry
from ui.html import style
from ui.train import code, continuation, form, learning, lessons, transport

entry.require_app("train")
engine, owner = st.session_state.engine, st.session_state.owner

STYLE = Path(__file__).with_suffix(".css")
MAX_SEARCHED_RUNS = 50  # newest runs, among which the visitor's live run is found


def read_current_run() -> RunView | None:
    """Return the run that the URL names, or the last one shown, or this visitor's own run that has not ended."""
    named = st.query_params.get("run")
    if named and engine.runs.get(named) is None:
        st.warning("That run is no longer here: its link may be old. Train a new network.")
        return None
    mine, newest = owner_hash(owner), engine.runs.runs()[:MAX_SEARCHED_RUNS]
    live = (run.id for run in newest if not (state := run.state).ended and state.owner == mine)
    run_id = named or st.session_state.get("run") or next(live, "")
    if run := engine.runs.get(run_id):
        st.session_state.run = st.query_params["run"] = run.id
        return run.read()
    return None


style(STYLE)
st.title("Train a network", anchor=False)
run = read_current_run()
parent, drawings = continuation.parent_in_url(engine), continuation.count_drawings(engine)
edited = form.read(run.config if run else None, continuation.parent_default(parent, drawings))
config = edited.config
continues = bool(parent and continuation.continues(parent, config))

with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="transport"):
    pressed = transport.render_train(config)
    steering = st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="steering")
    lessons.select(edited.draft, edited.link)
    form.render_undo(edited.draft)
    lessons.render_copy_link(edited.link)
if pressed and config:
    transport.submit(config, parent.id if parent and continues else "")
lessons.render_note(edited.link)

with st.container(key="bench"):
    left, right = st.columns([5, 7], gap="medium")
with left:
    form.render_change(edited)
    if parent:
        continuation.render_parent(parent, config, drawings)
    diagram = st.container()
    form.render(edited, engine.bfloat16)
    if config:
        st.page_link(
            "pages/sweep.py",
            label="Try several values",
            icon=":material/apps:",
            query_params={"config": config.to_link()},
            help="Trains this network with several learning rates, batch sizes or other settings to find the best.",
        )
with right:
    if run and not run.config:
        st.warning(run.state.error)
    learning.render(run if run and run.config else None, edited.checked, learning.Places(steering, diagram))
if config:
    code.render(config, continues)
