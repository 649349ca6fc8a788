"""Train: choose a network and how it is trained, then watch it learn."""

from pathlib import Path

import streamlit as st

from trainer import UserError
from trainer.config.training import TrainingConfig
from trainer.runs.owner import owner_hash
from trainer.runs.run import RunView
from ui import entry, followed_digits
from ui.address import current_address
from ui.html import style
from ui.markdown import sentence
from ui.train import code, continuation, form
from ui.train import run as run_section
from ui.train.progress import slots_text

entry.require_app("train")
engine, owner = st.session_state.engine, st.session_state.owner

# The form is taller than most screens: its button stays in view while the form is.
STYLE = Path(__file__).with_suffix(".css")
POLL_SECONDS = 1.6  # between two checks of training processes that start
MAX_SEARCHED_RUNS = 50  # newest runs, among which the visitor's live run is found


@st.fragment(run_every=POLL_SECONDS)
def wait_for_engine() -> None:
    if engine.ready:
        st.rerun()
    if problem := engine.problem:
        st.warning(sentence(problem))
    else:
        st.caption("The training processes are starting; you can already press Train.")


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


st.title("Train a network")
run = read_current_run()
run_config = run.config if run else None
parent, drawings = continuation.parent_in_url(engine), continuation.count_drawings(engine)
parent_place = st.container()
config, right = form.render(engine, run_config, continuation.parent_default(parent, drawings))
continues = bool(parent and continuation.continues(parent, config))
if parent:
    with parent_place:
        continuation.render_parent(parent, config, drawings)

with right:
    style(STYLE)
    with st.container(key="start"):
        pressed = st.button(
            "Train", type="primary", icon=":material/play_arrow:", disabled=config is None, key="train", width="stretch"
        )
    if pressed:
        try:
            submitted = engine.submit(
                config,
                owner,
                followed_digits.followed_drawings(),
                parent.id if continues else "",
                current_address(),
            )
            st.query_params["run"] = st.session_state.begun = submitted
            st.rerun()
        except UserError as error:
            st.error(sentence(str(error)))
    followed_digits.render_panel()
    if config:
        st.page_link(
            "pages/sweep.py",
            label="Try several values",
            icon=":material/apps:",
            query_params={"config": config.to_link()},
            help="Trains this network with several learning rates, batch sizes or other settings to find the best.",
        )
    if engine.ready:
        st.caption(f"On this server, {slots_text(engine.slots)}.")
    else:
        wait_for_engine()

if config:
    code.render(config, continues)

if run and run_config:
    if config != run_config and not run.state.ended:
        st.caption("The settings above are for the next run; they do not change the run below.")
    run_section.render(run, scroll=st.session_state.pop("begun", "") == run.id)
elif run:
    st.warning(sentence(run.state.error))
else:
    run_section.render_empty(config or TrainingConfig())
