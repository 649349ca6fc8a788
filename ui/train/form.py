"""The form of the Train page: presets, the list of layers, and the training settings."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from trainer.config.training import TrainingConfig, short_form
from trainer.jobs.engine import Engine
from trainer.networks.diagram import network_diagram
from ui.markdown import sentence
from ui.train.layers import render_layers
from ui.train.link import ParentDefault, read_url, write_url
from ui.train.presets import select_preset
from ui.train.settings import render_settings


def render(
    engine: Engine, first_config: TrainingConfig | None = None, parent_default: ParentDefault | None = None
) -> tuple[TrainingConfig | None, DeltaGenerator]:
    """Render the form; return its configuration, or None while it shows an error, and the column of the settings.

    It begins with `first_config`, unless the URL names a configuration, or a parent, which stands for `parent_default`.
    """
    draft, link_state = read_url(first_config, parent_default)
    checked = draft.update(st.session_state)
    select_preset(draft, write_url(checked.config) if checked.config else None)
    if link_state.error:
        st.error(sentence(link_state.error))
    left, right = st.columns([3, 2])
    with left.container(border=True):
        render_layers(draft, checked)
    with right:
        text = short_form(checked.config) if checked.config else "it does not work yet"
        st.image(network_diagram(checked.table), width="stretch", alt=f"Diagram of the network: {text}.")
        with st.container(border=True):
            render_settings(draft, checked.errors, engine.bfloat16)
    return checked.config, right
