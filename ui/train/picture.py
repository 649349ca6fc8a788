"""Picture of the network in the form: while it learns, weights tint its connections and activations its units."""

from __future__ import annotations

import numpy as np
import streamlit as st

from trainer.config.training import short_form
from trainer.networks.diagram import network_diagram
from trainer.runs.history import sketched_digit
from trainer.runs.run import Run, RunView
from trainer.storage.memory import cached, content_key
from ui import load_control
from ui.train.draft import CheckedForm

# It is shown at each look at a live run, which is sketched at most 16 times.
_diagram = cached(3_000_000, key=content_key)(network_diagram)


def render(checked: CheckedForm, view: RunView | None, at: int | None = None) -> None:
    """Render the diagram of the form's network; if the run shown has the same one, with what it knew at step `at`."""
    config = checked.config
    shown = view.config if view else None
    sketch = digit = None
    if view and config and shown and (shown.layers, shown.dataset) == (config.layers, config.dataset):
        sketch, digit = _sketch(view.run, at)
    with load_control.rendering():
        picture = _diagram(checked.table, sketch, digit)
    text = short_form(config) if config else "it does not work yet"
    reading = "" if digit is None else ", reading a test digit: weights tint the connections and activations the units"
    st.image(picture, width="stretch", alt=f"Diagram of the network: {text}{reading}.")


def _sketch(run: Run, at: int | None) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the latest sketch of a run's network up to step `at`, and the digit that it reads."""
    sketches, digits = run.sketches(), run.digits()
    if digits is None:
        return None, None
    digit = digits[0][sketched_digit(len(digits[0]))]
    if sketches is None or not len(sketches[0]):
        return None, digit
    steps, drawn = sketches
    return drawn[-1 if at is None else max(0, int((steps <= at).sum()) - 1)], digit
