"""Picture of the network in the form: while it learns, weights tint its connections and activations its units."""

from __future__ import annotations

import streamlit as st

from trainer.config.training import TrainingConfig, short_form
from trainer.networks.diagram import network_diagram
from trainer.runs.history import sketched_digit
from trainer.runs.run import Run, RunView
from ui import load_control
from ui.train import replay, transport
from ui.train.draft import CheckedForm

POLL_SECONDS = 1.6  # between two looks at a network that learns, which is sketched at most 16 times


def render(checked: CheckedForm, view: RunView | None) -> None:
    """Render the diagram of the form's network, with what the run shown has learned if it is the same network."""
    config = checked.config
    shown = view.config if view else None
    if not (view and config and shown and (shown.layers, shown.dataset) == (config.layers, config.dataset)):
        text = short_form(config) if config else "it does not work yet"
        st.image(network_diagram(checked.table), width="stretch", alt=f"Diagram of the network: {text}.")
    elif transport.is_live(view):
        every = load_control.poll_seconds(POLL_SECONDS)
        st.fragment(_render_sketch, run_every=every)(view.run, config)
    else:
        st.fragment(_render_sketch, run_every=replay.frame_seconds(view.id))(view.run, config)


def _render_sketch(run: Run, config: TrainingConfig) -> None:
    """Render the network of a run with its latest sketch, or that at the step of the replay."""
    sketches, digits, at = run.sketches(), run.digits(), replay.shown_step(run.id)
    sketch = digit = None
    if sketches and digits and len(sketches[0]):
        steps, drawn = sketches
        sketch = drawn[-1 if at is None else max(0, int((steps <= at).sum()) - 1)]
        digit = digits[0][sketched_digit(len(digits[0]))]
    with load_control.rendering():
        picture = network_diagram(config.table, sketch, digit)
    reading = ", reading a test digit: weights tint the connections and activations the units" if digits else ""
    st.image(picture, width="stretch", alt=f"Diagram of the network: {short_form(config)}{reading}.")
