"""A run on the Train page, live or ended: heading, queue, result, and panels of what its network learns."""

from __future__ import annotations

import streamlit as st

from trainer.analysis.summary import summarize
from trainer.config import dataset_info
from trainer.config.training import TrainingConfig
from trainer.figures.diverging import weight_sheet
from trainer.figures.images import marked_digits
from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.progress import epochs_done
from trainer.runs.run import Run, RunView
from trainer.storage.files import Record
from trainer.text import about, counted, duration, percent
from ui import followed_digits, load_control, run_label
from ui.components import scroll_target
from ui.markdown import literal, sentence
from ui.train import continuation, curves, draft, progress, replay, steering


def render(view: RunView, scroll: bool = False) -> None:
    """Render a run, with regular updates while it is live; `scroll` brings it into view."""
    scroll_target.render(scroll, "scroll")
    _render_heading(view)
    if _is_live(view):
        every = load_control.poll_seconds()
        st.fragment(_render_live, run_every=every)(view.run, every)
    else:
        if view.state.ended:
            _render_result(view)
        st.fragment(_render_ended, run_every=replay.frame_seconds(view.id))(view.run)


def render_empty(config: TrainingConfig) -> None:
    """Render the empty curves of a first run."""
    st.info("Press Train: the curves appear here and grow while the network learns.")
    curves.render_empty(config)


def _is_live(view: RunView) -> bool:
    return not view.state.ended and view.state.phase != "paused"


# --- live -----------------------------------------------------------------------------------------------------


def _render_live(run: Run, every: float) -> None:
    """Render a live run; rerun the page when it ends or when the polling interval must change."""
    view = run.read()
    if not _is_live(view) or load_control.poll_seconds(current=every) != every:
        st.rerun()
    history = st.session_state.engine.runs.history(run)
    if view.state.phase == "queued":
        _render_queue(view)
    else:
        progress.render(view, history)
    steering.render(view, history)
    _render_panels(view, history)


def _render_queue(view: RunView) -> None:
    """Render the place of a queued run, when it starts, and what to do meanwhile."""
    engine: Engine = st.session_state.engine
    place = engine.position(view.id)
    if not place or not engine.slots or engine.problem:
        problem = sentence(engine.problem)
        st.progress(0.0, problem or "Starting a training process: Keras takes a few seconds to load …")
        return
    wait = engine.wait_seconds(view.id)
    start = f" Starts in {about(wait)}." if wait is not None else ""
    why = engine.reason_to_wait(view.id) or progress.slots_text(engine.slots)
    st.progress(0.0, f"Number {place} in the queue: {why}.{start}")
    with st.container(horizontal=True, vertical_alignment="center", key="meanwhile"):
        st.caption("Meanwhile:")
        for other in [other for other in engine.runs.runs()[:30] if other.state.phase == "running"][:4]:
            st.page_link("pages/train.py", label=f"Watch {literal(other.read().name)}", query_params={"run": other.id})
        st.page_link("pages/draw.py", label="Draw with another network")


# --- paused or ended ------------------------------------------------------------------------------------------


def _render_ended(run: Run) -> None:
    """Render a paused or ended run, at its end or at the step that the replay shows."""
    view = run.read()
    if _is_live(view):
        st.rerun()  # it was resumed in another tab
    if view.state.phase == "paused":
        then = f"Note: {view.state.note}." if view.state.note else "Resume continues at the same step."
        st.info(f"Paused: another run can take its place. {sentence(then)}")
    history = st.session_state.engine.runs.history(run)
    steering.render(view, history)
    _render_panels(view, history, replay.select_step(view, history))


def _render_result(view: RunView) -> None:
    """Render the result of an ended run, and what to try next."""
    state, config = view.state, view.config
    if state.error:
        (st.error if state.phase == "failed" else st.warning)(sentence(state.error))
    history = st.session_state.engine.runs.history(view.run)
    if state.test_accuracy is not None and config is not None:
        summary = summarize(
            config, history, state.test_accuracy, state.test_loss, state.examples, state.phase == "stopped"
        )
        with st.container(border=True, key="summary"):
            noun = dataset_info.info(config.dataset).noun
            accuracy = percent(state.test_accuracy)
            st.markdown(f"##### {state.phase.capitalize()}: {accuracy} of the test {noun}s read correctly")
            st.markdown(" ".join(summary.sentences))
            if sentences := continuation.describe(view):
                st.markdown(" ".join(sentences))
            note = f" · {state.note}" if state.note else ""
            device = sentence(f"{state.device} with {state.data}{note}")
            st.caption(f"Trained for {duration(state.seconds)} on {device}")
            for place, suggestion in enumerate(summary.suggestions):
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.markdown(f":material/lightbulb: {suggestion.text}")
                    st.button(
                        "Try it",
                        key=f"try.{place}",
                        on_click=draft.load,
                        args=(suggestion.config,),
                        help="Fills the form above with these settings; then press Train.",
                    )
    elif state.note:
        st.caption(sentence(f"{state.phase.capitalize()}: {state.note}."))
    elif state.phase == "interrupted":
        st.caption(f"{epochs_done(history)} of {counted(view.requests.epochs, 'epoch')} are done.")


# --- panels ---------------------------------------------------------------------------------------------------


def _render_heading(view: RunView) -> None:
    """Render a run's name, which its owner can change."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(literal(view.name), anchor=False, width="content")
        if view.state.owner == owner_hash(st.session_state.owner):
            run_label.render_rename(view)


def _render_panels(view: RunView, history: list[Record], at: int | None = None) -> None:
    """Render curves, test digits, weights and followed drawings at step `at`, or at the latest one."""
    curves.render(view, history, at)
    left, right = st.columns(2)
    with left:
        _render_test_digits(view, history, at)
    with right:
        _render_weights(view, at)
    followed_digits.render_predictions(view, at)


def _render_test_digits(view: RunView, history: list[Record], at: int | None) -> None:
    """Render 16 test digits and what the network predicts for each after its last epoch up to step `at`."""
    digits = view.run.digits()
    if digits is None:
        return
    images, labels = digits
    epochs = [line for line in history if "reads" in line and (at is None or line.get("step", 0) <= at)]
    predictions = epochs[-1]["reads"] if epochs else None
    info = dataset_info.info(view.config.dataset) if view.config else None
    noun = f"test {info.noun}s" if info else "test digits"
    st.markdown(f"**{noun.capitalize()}**" + (f" after epoch {epochs[-1].get('epoch', '?')}" if epochs else ""))
    right = sum(prediction == label for prediction, label in zip(predictions or [], labels.tolist(), strict=False))
    alt = f"{right} of {len(labels)} {noun} read correctly" if predictions else f"16 {noun}, not read yet"
    with load_control.rendering():
        picture = marked_digits(images, labels, predictions, info is None or info.is_digits)
    st.image(picture, alt=alt, width="stretch")


def _render_weights(view: RunView, at: int | None) -> None:
    """Render the first layer's weights as images."""
    snapshots = view.run.snapshots()
    if snapshots is None or not len(snapshots[0]):
        return
    steps, weights = snapshots
    place = len(steps) - 1 if at is None else max(0, int((steps <= at).sum()) - 1)
    when = f" at epoch {steps[place] / view.state.steps:.1f}" if view.state.steps else ""
    units = f" of {weights.shape[1]} units" if weights.shape[-2:] == (28, 28) else ""
    st.markdown(f"**First layer's weights**{units}{when}: :blue[positive], :orange[negative]")
    with load_control.rendering():
        picture = weight_sheet(weights[place], float(abs(weights).max()) or None)
    st.image(picture, alt=f"The first layer's weights, {weights.shape[1]} units", width="stretch")
