"""Does the next training go on from a network? From the one that the URL names, `?parent=`, if its layers stay."""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.presets import RECIPES
from trainer.config.training import TrainingConfig
from trainer.drawing.collection import Collection
from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.parent import Parent, find, name_of, usual_recipe
from trainer.runs.run import Run
from trainer.runs.state import State
from trainer.text import counted
from ui.markdown import literal
from ui.train.draft import PARAMETERS, Recipe, load

# The button is below the form and the box that it fills above: scroll up to it.
_look_here = st.components.v2.component(
    "digit_lab_continue",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)
OWN = '"Own drawings" under Augmentation'  # in the form


def named(engine: Engine) -> Parent | None:
    """Return the network that the URL names, or None; of one that is gone it is said."""
    parent = st.query_params.get("parent")
    if parent is None:
        return None
    try:
        return find(engine.runs, parent)
    except UserError as error:
        st.warning(str(error))
        return None


def own_drawings(engine: Engine) -> int:
    """Count this visitor's own drawings; of damaged ones it is said."""
    collection: Collection = engine.collection(st.session_state.owner)
    try:
        return len(collection)
    except UserError as error:
        st.warning(str(error))
        return 0


def recipe(parent: Parent | None, drawings: int) -> Recipe | None:
    """Return what the form begins with where a link names a parent and no settings."""
    return (parent.id, usual_recipe(parent, drawings)) if parent else None


def goes_on(parent: Parent, config: TrainingConfig | None) -> bool:
    """Tell whether a training of this config goes on from the parent: with other layers it is a new network."""
    return config is not None and (config.layers, config.dataset) == (parent.config.layers, parent.config.dataset)


def show(parent: Parent, config: TrainingConfig | None, drawings: int) -> None:
    """Say what the next training goes on from, and with what; offer to leave that."""
    name = literal(parent.name)
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="parent"):
        if config is None:
            st.markdown(f":material/merge: Goes on from **{name}**, once the form is right.")
        elif goes_on(parent, config):
            own = _own(config, drawings)
            st.markdown(f":material/merge: Goes on from **{name}** {own}.")
            _ask_how(parent, config, drawings)
        else:
            st.markdown(f":material/fiber_new: With other layers than {name} this trains **a new network**.")
            st.button(
                "Take its layers back",
                on_click=load,
                args=(usual_recipe(parent, drawings),),
                help=f"Put the layers of {name} into the form again, and settings to train them further.",
                key="parent.back",
            )
        st.button(
            "Train a new network",
            icon=":material/close:",
            on_click=_leave,
            args=(parent.config,),
            help="Go on from no network: the settings with which it was trained come into the form, and all is learned "
            "from the beginning.",
            key="parent.leave",
        )
        _look_here(data=json.dumps(st.session_state.pop("parent.look", False)).encode(), key="parent.scroll")


def _ask_how(parent: Parent, config: TrainingConfig, drawings: int) -> None:
    """Ask how it goes on: one choice fills the form, where all of it can still be changed."""
    ways = {name: recipe(parent.config, drawings) for name, recipe in RECIPES.items()}

    def choose() -> None:
        if way := st.session_state[key]:
            load(ways[way])

    key = "parent.how"
    st.session_state[key] = next((name for name, way in ways.items() if way == config), None)
    own = drawings and dataset_info.kind(config.dataset).digits
    labels = {"same": "More of the same", "fine-tune": "Fine-tune on my drawings" if own else "Fine-tune"}
    st.segmented_control(
        "How it goes on",
        ways,
        format_func=labels.__getitem__,
        on_change=choose,
        help="More of the same: the settings that it was trained with, for as many epochs once more. Fine-tune: a few "
        "short epochs of small steps, with your own drawings among the digits where you have some. Either fills the "
        "form, and optimizer, rate and all the rest can be changed there.",
        label_visibility="collapsed",
        key=key,
    )


def _own(config: TrainingConfig, drawings: int) -> str:
    number = counted(drawings, "drawing")
    if config.own_examples and drawings:
        return f"with **your {number}**, repeated to {config.own_examples:,} digits an epoch"
    if drawings:
        return f"without your {number}: {OWN} mixes them in"
    return "without drawings of yours: say on Draw what you meant, and it learns them"


def _leave(config: TrainingConfig) -> None:
    st.query_params.pop("parent", None)
    load(config)


def offer(run: Run) -> None:
    """Offer to go on from the network of a run that has ended."""
    if st.button(
        "Train further",
        icon=":material/merge:",
        help="Train a new run that begins with what this network has learned: with the same settings, with others, or "
        "on your own drawings. This run stays as it is.",
        key="further",
    ):
        for name in PARAMETERS:
            st.query_params.pop(name, None)
        st.query_params["parent"] = run.id
        st.session_state["parent.look"] = True
        st.rerun()


def account(run: Run, state: State) -> list[str]:
    """Say which network a run went on from, and what became of its owner's drawings: to others their number alone."""
    sentences = []
    if parent := run.read().parent:
        sentences.append(f"It went on from {literal(name_of(st.session_state.engine.runs, parent))}.")
    if state.drawings and state.right_after is not None:
        whose = "Your" if state.owner == owner_hash(st.session_state.owner) else "Its owner's"
        number = f"of {state.drawings:,} right"
        before = f"{state.right_before:,} {number} before, " if state.right_before is not None else ""
        after = " after" if before else ""
        sentences.append(f"{whose} drawings, which it learned from: {before}{state.right_after:,} {number}{after}.")
    return sentences
