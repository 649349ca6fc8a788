"""What is to be trained? The form of the Train page: presets, the list of layers, the settings of the training."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from trainer.config.training import TrainingConfig, short_form
from trainer.jobs.engine import Engine
from trainer.networks.diagram import network_picture
from ui.markdown import sentence
from ui.train.draft import Recipe, current, follow, load
from ui.train.layers import show_layers
from ui.train.presets import choose_preset
from ui.train.settings import show_settings

__all__ = ["edit", "load"]


def edit(
    engine: Engine, begin: TrainingConfig | None = None, recipe: Recipe | None = None
) -> tuple[TrainingConfig | None, DeltaGenerator]:
    """Show the form and return what it asks for, or None where that cannot be trained, which it has then said.

    `begin` is what it shows first, unless the URL names something else: a configuration, or a parent, whose `recipe` it
    shows then. Returned as well: the place at the foot of the settings, for what starts the training.
    """
    draft, address = current(begin, recipe)
    read = draft.read(st.session_state)
    choose_preset(draft, follow(read.config) if read.config else None)
    if address.refused:
        st.error(sentence(address.refused))
    left, right = st.columns([3, 2])
    with left.container(border=True):
        show_layers(draft, read)
    with right:
        words = short_form(read.config) if read.config else "it cannot work yet"
        st.image(network_picture(read.table), width="stretch", alt=f"The network: {words}.")
        with st.container(border=True):
            show_settings(draft, read.refused, engine.bfloat16)
    return read.config, right
