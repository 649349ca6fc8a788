"""Continuing the training of a network: the parent that the URL names with `?parent=`, if the layers stay the same."""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.limits import SETTINGS
from trainer.config.presets import CONTINUATIONS
from trainer.config.training import TrainingConfig
from trainer.drawing.collection import Collection
from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.parent import Parent, default_continuation, find_parent, parent_name
from trainer.runs.run import RunView
from trainer.text import counted
from ui.markdown import literal, sentence
from ui.train.draft import load
from ui.train.link import PARAMETERS, ParentDefault

# The button is below the form and the box that it fills is above: scroll up to it.
_scroll_to_parent = st.components.v2.component(
    "digit_lab_continue",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)
CONTINUE = "Continue training"
CONTINUE_HELP = (
    "Trains a new run that starts from this network's weights, with the same settings, other settings or your "
    "drawings. This run stays unchanged."
)
CHOICE_HELP = (
    "Continue training: the settings of its training, for the same number of epochs. Fine-tune: a few short epochs of "
    "small steps, with your drawings among the digits if you have any. Both fill the form, where you can change all "
    "settings."
)


def parent_in_url(engine: Engine) -> Parent | None:
    """Return the parent that the URL names, or None; render a warning when it does not exist."""
    parent = st.query_params.get("parent")
    if parent is None:
        return None
    try:
        return find_parent(engine.runs, parent)
    except UserError as error:
        st.warning(sentence(str(error)))
        return None


def count_drawings(engine: Engine) -> int:
    """Count this visitor's drawings; render a warning when they are damaged."""
    collection: Collection = engine.collection(st.session_state.owner)
    try:
        return len(collection)
    except UserError as error:
        st.warning(sentence(str(error)))
        return 0


def parent_default(parent: Parent | None, drawings: int) -> ParentDefault | None:
    """Return the configuration that a link to a parent stands for when it names no configuration."""
    return (parent.id, default_continuation(parent, drawings)) if parent else None


def continues(parent: Parent, config: TrainingConfig | None) -> bool:
    """Tell whether a training continues from the parent; with other layers or data it is a new network."""
    return config is not None and (config.layers, config.dataset) == (parent.config.layers, parent.config.dataset)


def render_parent(parent: Parent, config: TrainingConfig | None, drawings: int) -> None:
    """Render the network that the next training continues from, and buttons to change that."""
    name = literal(parent.name)
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="parent"):
        if config is None:
            st.markdown(f":material/merge: Continues from **{name}** once the errors in the form are fixed.")
        elif continues(parent, config):
            st.markdown(f":material/merge: Continues from **{name}** {_drawings_text(config, drawings)}.")
            _select_settings(parent, config, drawings)
        else:
            st.markdown(f":material/fiber_new: Other layers or data than {name}: this trains **a new network**.")
            st.button(
                "Restore its layers",
                on_click=load,
                args=(default_continuation(parent, drawings),),
                help=f"Fills the form with the layers of {name} and settings to continue its training.",
                key="parent.back",
            )
        st.button(
            "Train a new network",
            icon=":material/close:",
            on_click=_leave,
            args=(parent.config,),
            help="Fills the form with the settings of its training; the new network learns from scratch.",
            key="parent.leave",
        )
        scroll = json.dumps(st.session_state.pop("parent.look", False)).encode()
        _scroll_to_parent(data=scroll, key="parent.scroll")


def _select_settings(parent: Parent, config: TrainingConfig, drawings: int) -> None:
    """Render the choice between the settings for continuing and fine-tuning; a choice fills the form."""
    configs = {name: continuation(parent.config, drawings) for name, continuation in CONTINUATIONS.items()}

    def choose() -> None:
        if name := st.session_state[key]:
            load(configs[name], suggested=True)

    key = "parent.how"
    st.session_state[key] = next((name for name, choice in configs.items() if choice == config), None)
    has_drawings = drawings and dataset_info.info(config.dataset).is_digits
    labels = {"same": CONTINUE, "fine-tune": "Fine-tune on my drawings" if has_drawings else "Fine-tune"}
    st.segmented_control(
        "Settings to continue with",
        configs,
        format_func=labels.__getitem__,
        on_change=choose,
        help=CHOICE_HELP,
        label_visibility="collapsed",
        key=key,
    )


def _drawings_text(config: TrainingConfig, drawings: int) -> str:
    mine = counted(drawings, "drawing")
    if config.own_examples and drawings:
        return f"with **your {mine}**, repeated to make {config.own_examples:,} digits per epoch"
    if drawings:
        label = SETTINGS["own_examples"].label
        return f'without your {mine}: to add them, set "{label}" under Augmentation'
    return "without drawings of yours: to add some, draw digits on Draw and choose what you meant"


def _leave(config: TrainingConfig) -> None:
    st.query_params.pop("parent", None)
    load(config)


def render_continue_button(view: RunView) -> None:
    """Render the button that fills the form to continue training from an ended run."""
    if st.button(CONTINUE, icon=":material/merge:", help=CONTINUE_HELP, key="further"):
        for name in PARAMETERS:
            st.query_params.pop(name, None)
        st.query_params["parent"] = view.id
        st.session_state["parent.look"] = True
        st.rerun()


def describe(view: RunView) -> list[str]:
    """Return sentences on the parent of a run and on how its network reads its owner's drawings.

    Others learn no more than how many of the drawings it reads.
    """
    sentences, state = [], view.state
    if view.parent:
        sentences.append(f"It continued from {literal(parent_name(st.session_state.engine.runs, view.parent))}.")
    if state.drawings and state.right_after is not None:
        whose = "Your" if state.owner == owner_hash(st.session_state.owner) else "Its owner's"
        right = f"{state.right_after:,} of {state.drawings:,} read correctly"
        if state.right_before is not None:
            right = f"{state.right_before:,} of {state.drawings:,} read correctly before, {state.right_after:,} after"
        sentences.append(f"{whose} drawings in this training: {right}.")
    return sentences
