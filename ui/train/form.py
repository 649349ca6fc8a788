"""The form of the Train page: its configuration, and the column of the network with its layers and settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from trainer.config.training import TrainingConfig
from ui.components import scroll_target
from ui.html import style
from ui.markdown import literal, sentence
from ui.train.draft import CheckedForm, Draft, undo
from ui.train.layers import render_layers
from ui.train.link import Link, ParentDefault, read_url, write_url
from ui.train.settings import render_settings

STYLE = Path(__file__).with_suffix(".css")


@dataclass(frozen=True)
class Form:
    """The form at this run of the page: what it shows, checked, and the link to it."""

    draft: Draft
    checked: CheckedForm
    link: Link | None  # None while it shows an error
    problem: str  # why it does not show what the URL names

    @property
    def config(self) -> TrainingConfig | None:
        return self.checked.config


def read(first_config: TrainingConfig | None = None, parent_default: ParentDefault | None = None) -> Form:
    """Return the form with the edits that the browser sent, and put its link into the URL.

    It begins with `first_config`, unless the URL names a configuration, or a parent, which stands for `parent_default`.
    """
    draft, link_state = read_url(first_config, parent_default)
    checked = draft.update(st.session_state)
    link = write_url(checked.config) if checked.config else None
    return Form(draft, checked, link, link_state.error)


def render(form: Form, bfloat16: bool = False) -> None:
    """Render the layers and the settings; `bfloat16` tells whether the processors support it."""
    style(STYLE)
    render_layers(form.draft, form.checked)
    render_settings(form.draft, form.checked.errors, bfloat16)


def render_change(form: Form) -> None:
    """Render what a suggestion changed, and scroll to it once; without a change, what is wrong with the link."""
    if form.problem:
        st.error(sentence(form.problem))
    draft = form.draft
    if draft.change:
        scroll_target.render(draft.look, f"change.{draft.key}")
        draft.look = False
        with st.container(horizontal=True, vertical_alignment="center", key="change"):
            st.markdown(f"**Changed:** {literal(draft.change)}", width="stretch")
            render_undo(draft, "change.undo")


def render_undo(draft: Draft, key: str = "undo") -> None:
    """Render the button that undoes the last edit of the form."""
    st.button(
        "Undo",
        icon=":material/undo:",
        help="Undoes the last edit of the network or its settings" if draft.undo_stack else "There is no edit to undo",
        on_click=undo,
        disabled=not draft.undo_stack,
        key=key,
    )
