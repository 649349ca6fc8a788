"""Learning on the Train page: curves, result and panels of a run, live or ended, and what will stand there before."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

import streamlit as st
from markupsafe import Markup
from streamlit.delta_generator import DeltaGenerator

from trainer.analysis.remedies import Suggestion
from trainer.analysis.summary import summarize
from trainer.config import dataset_info
from trainer.config.training import TrainingConfig
from trainer.figures.diverging import weight_sheet
from trainer.figures.images import marked_digits
from trainer.runs.owner import owner_hash
from trainer.runs.progress import epochs_done
from trainer.runs.run import Run, RunView
from trainer.storage.files import Record
from trainer.storage.memory import cached, content_key
from trainer.text import percent
from ui import downloads, followed_digits, load_control, run_label
from ui.components import scroll_target
from ui.entry import PAGES
from ui.html import html, style
from ui.markdown import literal, sentence
from ui.train import continuation, curves, draft, picture, progress, replay, transport
from ui.train.curves import CurveView
from ui.train.draft import CheckedForm

STYLE = Path(__file__).with_suffix(".css")
# They are shown at each look at a live run, and change less often.
_digits_picture = cached(3_000_000, key=content_key)(marked_digits)
_weights_picture = cached(3_000_000, key=content_key)(weight_sheet)
NETWORK_PAGES = ("evaluate", "inside")  # that a run's network can be opened on
START_SECONDS = 1.6  # between two looks at training processes that start
READY = "Press Train: the curves grow here while the network learns."
PANELS = {  # before a first run: what will stand there, and its height in pixels
    "16 test digits to look at": ("A small sample, and how the network reads them after each epoch", 110),
    "First layer's weights": ("What each unit of the first layer looks for, learned from noise", 110),
    "Followed digits": ("Your own drawings, and how the network learns to read them: draw some", 70),
}


class Places(NamedTuple):
    """Where a run is shown outside of its column."""

    steering: DeltaGenerator  # in the transport bar
    picture: DeltaGenerator  # in the form


def render(view: RunView | None, checked: CheckedForm, places: Places) -> None:
    """Render a run, with regular updates while it is live, or for None what will stand there for the form's network.

    One fragment updates all places of the page, so that each look reads the run once.
    """
    style(STYLE)
    scroll_target.render(view is not None and st.session_state.pop("begun", "") == view.id, "scroll")
    selected = _render_heading(view)
    if view is None:
        poll = None if st.session_state.engine.ready else START_SECONDS
        st.fragment(_render_empty, run_every=poll)(checked, places, selected, poll)
    else:
        poll = load_control.poll_seconds() if _is_live(view) else None
        every = poll or replay.frame_seconds(view.id)
        st.fragment(_render_run, run_every=every)(view.run, checked, places, selected, poll)


def _is_live(view: RunView) -> bool:
    """Tell whether a run is shown with regular updates."""
    return not view.state.ended and view.state.phase != "paused"


def _render_heading(view: RunView | None) -> CurveView:
    """Render a run's name, which its owner can change, and the popovers; return what is selected for the curves."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="learning-head"):
        if view is None:
            st.subheader("Learning", anchor=False, width="content")
        else:
            st.subheader(literal(view.name), anchor=False, width="content")
            if view.state.owner == owner_hash(st.session_state.owner):
                run_label.render_rename(view)
        st.space("stretch")
        followed_digits.render_panel()
        return curves.select_view(view)


def _render_empty(checked: CheckedForm, places: Places, selected: CurveView, poll: float | None) -> None:
    """Render the empty curves of a first run, and in place of the panels what they will show.

    poll: the polling interval while the training processes start.
    """
    if poll and st.session_state.engine.ready:
        st.rerun()
    with places.steering:
        transport.render_idle()
    with places.picture:
        picture.render(checked, None)
    st.caption(READY)
    curves.render_empty(checked.config or TrainingConfig(), selected)
    left, right = st.columns(2)
    for column, (title, (text, height)) in zip((left, right, st.container()), PANELS.items(), strict=True):
        with column:
            st.markdown(f"**{title}**")
            html(Markup('<div class="placeholder" style="height: {}px">{}</div>').format(height, text))


def _render_run(run: Run, checked: CheckedForm, places: Places, selected: CurveView, poll: float | None) -> None:
    """Render a run as it is now, or as it was at the step that the replay shows.

    poll: the polling interval of a live run. The page runs again when that must change, and when the run ends or when
    another tab has resumed it.
    """
    view = run.read()
    live = _is_live(view)
    if live != (poll is not None) or (poll and load_control.poll_seconds(current=poll) != poll):
        st.rerun()
    history = st.session_state.engine.runs.history(run)
    status = progress.describe(view, history)
    with places.steering:
        transport.render_run(view, status, epochs_done(history))
    st.caption(status.detail)
    above = st.container()
    if view.state.ended:
        _render_result(view, history)
    at = None if live else replay.select_step(view, history)
    with above:
        curves.render(view, history, selected, at)
    with places.picture:
        picture.render(checked, view, at)
    if view.state.phase == "queued":
        _render_meanwhile()
    _render_panels(view, history, at)


def _render_meanwhile() -> None:
    """Render what the owner of a queued run can do meanwhile."""
    engine = st.session_state.engine
    with st.container(horizontal=True, vertical_alignment="center", key="meanwhile"):
        st.caption("Meanwhile:", width="content")
        for other in [other for other in engine.runs.runs()[:30] if other.state.phase == "running"][:4]:
            st.page_link("pages/train.py", label=f"Watch {literal(other.read().name)}", query_params={"run": other.id})
        st.page_link("pages/draw.py", label="Draw with another network")


def _render_result(view: RunView, history: list[Record]) -> None:
    """Render the result of an ended run, what to try next, and where to go with its network."""
    state, config = view.state, view.config
    if state.error:
        (st.error if state.phase == "failed" else st.warning)(sentence(state.error))
    with st.container(border=True, key="summary"):
        if state.test_accuracy is not None and config is not None:
            summary = summarize(config, history, state)
            noun = dataset_info.info(config.dataset).noun
            accuracy = percent(state.test_accuracy)
            st.markdown(f"##### {state.phase.capitalize()}: {accuracy} of the test {noun}s read correctly")
            st.markdown(" ".join([*summary.sentences, *continuation.describe(view)]))
            for place, suggestion in enumerate(summary.suggestions):
                _render_suggestion(place, suggestion)
        elif not history:
            note = state.note or f"{state.phase} before training started"
            st.markdown(f"**{sentence(note[:1].upper() + note[1:])}**: nothing was learned.")
        if view.network:
            _render_ways(view)
        elif config is not None and st.button(
            "Train it again", icon=":material/replay:", help="Trains a new run with the same settings.", key="again"
        ):
            transport.submit(config, view.parent)


def _render_suggestion(place: int, suggestion: Suggestion) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"suggestion-{place}"):
        help = "Fills the form with these settings and marks what it changes; then press Train."
        load = partial(draft.load, suggestion.config, suggested=True)
        if st.button("Try it", icon=":material/lightbulb:", help=help, on_click=load, key=f"try.{place}"):
            st.rerun()  # the form, which is outside of this fragment
        st.markdown(suggestion.text, width="stretch")


def _render_ways(view: RunView) -> None:
    """Render the buttons that open other pages with a run's network, continue its training or download it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="ways"):
        continuation.render_continue_button(view)
        for page in PAGES:
            if page.name in NETWORK_PAGES and st.button(
                page.title, icon=f":material/{page.icon}:", key=f"use.{page.name}"
            ):
                st.switch_page(f"pages/{page.name}.py", query_params={"run": view.id})
        with st.popover("Download", icon=":material/download:", help="The network, its history and a report"):
            downloads.render(view.run)


# --- panels ---------------------------------------------------------------------------------------------------


def _render_panels(view: RunView, history: list[Record], at: int | None = None) -> None:
    """Render test digits, weights and followed drawings at step `at`, or at the latest one."""
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
    after = f" after epoch {epochs[-1].get('epoch', '?')}" if epochs else ""
    st.markdown(
        f"**{len(labels)} {noun} to look at**{after}",
        help=f"A small sample. The score is measured once, at the end, on all {noun}; the network learns from none.",
    )
    right = sum(prediction == label for prediction, label in zip(predictions or [], labels.tolist(), strict=False))
    alt = f"{right} of {len(labels)} {noun} read correctly" if predictions else f"16 {noun}, not read yet"
    with load_control.rendering():
        sheet = _digits_picture(images, labels, predictions, info is None or info.is_digits)
    st.image(sheet, alt=alt, width="stretch")


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
        sheet = _weights_picture(weights[place], float(abs(weights).max()) or None)
    st.image(sheet, alt=f"The first layer's weights, {weights.shape[1]} units", width="stretch")
