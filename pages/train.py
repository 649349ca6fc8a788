"""Train: choose a network and how it learns, then watch it learn."""

from pathlib import Path

import streamlit as st

from trainer import UserError
from trainer.config.training import TrainingConfig
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from ui import entry, followed_digits
from ui.html import style
from ui.markdown import sentence
from ui.train import code, continuation, form
from ui.train import run as shown_run

entry.require_app("train")
engine, owner = st.session_state.engine, st.session_state.owner

# The form is taller than most screens: its button stays in sight while the form is.
STYLE = Path(__file__).with_suffix(".css")
LOOK = 1.6  # seconds between two looks at processes that start


@st.fragment(run_every=LOOK)
def await_engine() -> None:
    if engine.ready:
        st.rerun()
    if engine.problem:
        st.warning(engine.problem)
    else:
        st.caption("The training processes are getting ready; you can press Train already.")


def current_run() -> Run | None:
    """Return the run that the URL names, or the one looked at last, or this visitor's own that is not over."""
    asked = st.query_params.get("run")
    if asked and engine.runs.get(asked) is None:
        st.warning("That run is no longer here: its link may be old. Train a new one.")
        return None
    mine = owner_hash(owner)
    live = (run.id for run in engine.runs.runs()[:50] if not (state := run.state).ended and state.owner == mine)
    run_id = asked or st.session_state.get("run") or next(live, "")
    if run := engine.runs.get(run_id):
        st.session_state.run = st.query_params["run"] = run.id
    return run


st.title("Train a network")
run = current_run()
asked = run.config if run else None
parent, drawings = continuation.named(engine), continuation.own_drawings(engine)
about_parent = st.container()
config, right = form.edit(engine, asked, continuation.recipe(parent, drawings))
goes_on = bool(parent and continuation.goes_on(parent, config))
if parent:
    with about_parent:
        continuation.show(parent, config, drawings)

with right:
    style(STYLE)
    with st.container(key="start"):
        pressed = st.button(
            "Train", type="primary", icon=":material/play_arrow:", disabled=config is None, key="train", width="stretch"
        )
    if pressed:
        try:
            begun = engine.submit(config, owner, followed_digits.pins(), parent.id if goes_on else "")
            st.query_params["run"] = st.session_state.begun = begun
            st.rerun()
        except UserError as error:
            st.error(str(error))
    followed_digits.ask()
    if config:
        st.page_link(
            "pages/sweep.py",
            label="Try several values",
            icon=":material/apps:",
            query_params={"config": config.to_link()},
            help="Train this network with a few learning rates, batch sizes or other settings, and see which is best.",
        )
    if engine.ready:
        st.caption(f"{engine.slots} trainings run at once on this machine.")
    else:
        await_engine()

if config:
    code.show(config, goes_on)

if run and asked:
    if config != asked and not run.state.ended:
        st.caption("The settings above are those of the next run: the one below goes on as it is.")
    shown_run.show(run, asked, scroll=st.session_state.pop("begun", "") == run.id)
elif run:
    st.warning(sentence(run.state.error))
else:
    shown_run.show_nothing(config or TrainingConfig())
