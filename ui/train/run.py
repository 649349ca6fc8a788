"""A run on the Train page, live or ended: heading, queue, result, and panels of what its network learns."""

from __future__ import annotations

import streamlit as st

from trainer.analysis.summary import summarise
from trainer.config import dataset_info
from trainer.config.training import TrainingConfig
from trainer.figures.diverging import weight_sheet
from trainer.figures.images import test_digits
from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.progress import epochs_done
from trainer.runs.requests import Requests
from trainer.runs.run import Run
from trainer.runs.state import State
from trainer.storage.files import Record
from trainer.text import duration
from ui import followed_digits, load_control, run_label
from ui.components import scroll_target
from ui.markdown import literal, sentence
from ui.train import continuation, curves, form, progress, replay, steering


def show(run: Run, config: TrainingConfig, scroll: bool = False) -> None:
    """Show a run, live or ended; while it lives this looks again and again. `scroll` brings it into view."""
    state = run.state
    scroll_target.here(scroll, "scroll")
    show_heading(run, state)
    if state.ended or state.phase == "paused":
        if state.phase != "paused":
            show_result(run, state, config)
        st.fragment(look_back, run_every=replay.pace(run))(run, config)
    else:
        every = load_control.pace()
        st.fragment(look, run_every=every)(run, config, every)


def show_nothing(config: TrainingConfig) -> None:
    """Show where the curves of a first run will be."""
    st.info("Press Train: the curves appear here, and grow while the network learns.")
    curves.show(None, [], Requests.of(config, ()), 0, config)


# --- live -----------------------------------------------------------------------------------------------------


def look(run: Run, config: TrainingConfig, every: float) -> None:
    """Show how a live run stands; when it ends, or the crowd becomes another, the whole page is shown anew."""
    state = run.state
    if state.ended or state.phase == "paused" or load_control.pace(now=every) != every:
        st.rerun()
    with load_control.turn:
        wishes, history = run.requests, st.session_state.engine.runs.history(run)
        if state.phase == "queued":
            show_queue(run)
        else:
            progress.show(run, state, wishes, history)
        steering.show(run, state, wishes, history)
        show_panels(run, state, wishes, history, config)


def show_queue(run: Run) -> None:
    """Say when a waiting run starts, and what to do meanwhile."""
    engine: Engine = st.session_state.engine
    place = engine.position(run.id)
    if not place or not engine.slots:
        st.progress(0.0, "Getting a training process ready: Keras takes some seconds to load …")
        return
    wait = engine.wait(run.id)
    about = f" It starts in about {duration(wait)}." if wait is not None else ""
    st.progress(0.0, f"Waiting: place {place} in the queue, {engine.slots} trainings run at once.{about}")
    with st.container(horizontal=True, vertical_alignment="center", key="meanwhile"):
        st.caption("Meanwhile:")
        for other in [other for other in engine.runs.runs()[:30] if other.state.phase == "running"][:4]:
            st.page_link("pages/train.py", label=f"watch {literal(other.read().name)}", query_params={"run": other.id})
        st.page_link("pages/draw.py", label="draw with a network that is ready")


# --- ended ----------------------------------------------------------------------------------------------------


def look_back(run: Run, config: TrainingConfig) -> None:
    """Show a run that rests or has ended, at its end or, by the slider, at any time of it."""
    state, wishes, history = run.state, run.requests, st.session_state.engine.runs.history(run)
    if not state.ended and state.phase != "paused":
        st.rerun()  # resumed, in another tab
    if state.phase == "paused":
        st.info("Paused: others can use its place. Resume goes on at the same step.")
    steering.show(run, state, wishes, history)
    show_panels(run, state, wishes, history, config, replay.select_step(run, state, history))


def show_result(run: Run, state: State, config: TrainingConfig) -> None:
    """Say what came of a run that has ended, and what to try next."""
    if state.error:
        (st.error if state.phase == "failed" else st.warning)(sentence(state.error))
    history = st.session_state.engine.runs.history(run)
    if state.test_accuracy is not None:
        summary = summarise(
            config, history, state.test_accuracy, state.test_loss, state.examples, state.phase == "stopped"
        )
        thing = dataset_info.kind(config.dataset).thing
        with st.container(border=True, key="summary"):
            share = f"{100 * state.test_accuracy:.1f} %"
            st.markdown(f"##### {state.phase.capitalize()}: reads {share} of the test {thing}s")
            st.markdown(" ".join(summary.sentences))
            if account := continuation.account(run, state):
                st.markdown(" ".join(account))
            note = f" · {state.note}" if state.note else ""
            st.caption(f"{state.seconds:.0f} s of training on {sentence(f'{state.device}, with {state.data}{note}')}")
            for place, suggestion in enumerate(summary.suggestions):
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.markdown(f":material/lightbulb: {suggestion.text}")
                    st.button(
                        "Try it",
                        key=f"try.{place}",
                        on_click=form.load,
                        args=(suggestion.config,),
                        help="Put these settings into the form above; then press Train.",
                    )
    elif state.phase == "interrupted":
        done = epochs_done(history)
        st.caption(f"{done} of {run.requests.epochs} epochs are done.")


# --- panels ---------------------------------------------------------------------------------------------------


def show_heading(run: Run, state: State) -> None:
    """Show a run's name, which its owner can change."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(literal(run.read().name), anchor=False, width="content")
        if state.owner == owner_hash(st.session_state.owner):
            run_label.rename(run)


def show_panels(
    run: Run, state: State, wishes: Requests, history: list[Record], config: TrainingConfig, at: int | None = None
) -> None:
    """Show curves, test digits, weights and drawings as they were at step `at`, or as they are now."""
    curves.show(run, history, wishes, state.steps, config, at)
    left, right = st.columns(2)
    with left:
        show_digits(run, history, at)
    with right:
        show_weights(run, state, at)
    followed_digits.show(st.session_state.engine, run, state, st.session_state.owner, at)


def show_digits(run: Run, history: list[Record], at: int | None) -> None:
    """Show 16 test digits and what the network says of them after its last epoch."""
    kept = run.digits()
    if kept is None:
        return
    epochs = [line for line in history if "reads" in line and (at is None or line.get("step", 0) <= at)]
    reads = epochs[-1]["reads"] if epochs else None
    images, labels = kept
    config = run.config
    digits = config is None or dataset_info.kind(config.dataset).digits
    what = f"Test {dataset_info.kind(config.dataset).thing}s" if config else "Test digits"
    st.markdown(f"**{what}**" + (f" after epoch {epochs[-1].get('epoch', '?')}" if epochs else ""))
    right = sum(said == label for said, label in zip(reads or [], labels.tolist(), strict=False))
    alt = f"{right} of {len(labels)} {what.lower()} are read right" if reads else f"16 {what.lower()}, not read yet"
    st.image(test_digits(images, labels, reads, digits), alt=alt, width="stretch")


def show_weights(run: Run, state: State, at: int | None) -> None:
    """Show the first layer's weights as images."""
    kept = run.snapshots()
    if kept is None or not len(kept[0]):
        return
    steps, weights = kept
    place = len(steps) - 1 if at is None else max(0, int((steps <= at).sum()) - 1)
    when = f" at epoch {steps[place] / state.steps:.1f}" if state.steps else ""
    few = f" of {weights.shape[1]} units" if weights.shape[-2:] == (28, 28) else ""
    st.markdown(f"**First layer's weights**{few}{when}: :blue[positive], :orange[negative]")
    picture = weight_sheet(weights[place], float(abs(weights).max()) or None)
    st.image(picture, alt=f"The weights of {weights.shape[1]} units of the first layer", width="stretch")
