"""The link to a configuration in the URL of the Train page, in step with the form.

The URL follows each edit as `?preset=NAME` or `?config=...`: a reload keeps the form, the browser's Back button undoes
an edit, and a copied link opens the whole configuration.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import streamlit as st

from trainer import UserError
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from ui.components import reconnect
from ui.train.draft import Draft, form_of, load

DEFAULT_PRESET = "tutorial_a"
SETTLE_SECONDS = 3.0  # after which every browser has received a new URL
PARAMETERS = ("config", "preset")  # of the URL that name a configuration

Link = tuple[str, str]  # a parameter of the URL and its value
ParentDefault = tuple[str, TrainingConfig]  # a parent's id, and the configuration that a link to it stands for


@dataclass
class LinkState:
    """What this session knows of its URL."""

    form: Link  # to the configuration that the form showed last
    default: Link  # to the configuration that a URL without one stands for
    seen: Link | None = None  # in the URL when it was last read or written
    error: str = ""  # why the form does not show what the URL names
    written: float = -math.inf  # time.monotonic() of the last change of the URL
    connection: str = field(default_factory=reconnect.connection_id)  # over which the URL was written


def link_to(config: TrainingConfig) -> Link:
    """Return the shortest link to a configuration: a preset's name, or the whole configuration."""
    name = next((name for name, preset in PRESETS.items() if preset.config == config), None)
    return ("preset", name) if name else ("config", config.to_link())


def _resolve(link: Link) -> TrainingConfig:
    kind, text = link
    if kind == "config":
        return TrainingConfig.from_link(text)
    if text not in PRESETS:
        raise UserError(f"The link must name one of the lessons (got {text[:40]!r}): choose one of them.")
    return PRESETS[text].config


def _in_url() -> Link | None:
    return next(((name, st.query_params[name]) for name in PARAMETERS if name in st.query_params), None)


def read_url(
    first_config: TrainingConfig | None, parent_default: ParentDefault | None = None
) -> tuple[Draft, LinkState]:
    """Load the configuration that the URL newly names into the form; return the draft and the state of the link.

    A new session without a link begins with `first_config` or the default preset. A URL that names a parent but no
    configuration stands for that of `parent_default`.

    Just after an edit a slow browser still sends the old URL: it must not undo the edit. After a broken connection the
    browser may never have received the new one.
    """
    link = _in_url() or (("parent", parent_default[0]) if parent_default else None)
    new_session = "address" not in st.session_state
    if new_session:
        config = first_config or PRESETS[DEFAULT_PRESET].config
        st.session_state.setdefault("draft", Draft.of(form_of(config), []))
        st.session_state.address = LinkState(link_to(config), link_to(config))
    state: LinkState = st.session_state.address
    if state.connection != reconnect.connection_id():
        state.connection, state.written = reconnect.connection_id(), time.monotonic()
    if link and link != state.seen and time.monotonic() - state.written > SETTLE_SECONDS:
        state.seen = link
        try:
            config = parent_default[1] if parent_default and link[0] == "parent" else _resolve(link)
            state.error = ""
            state.form = link_to(config)
            if form_of(config) != st.session_state.draft.form:
                load(config, suggested=link[0] == "parent" and not new_session)
                if new_session:
                    st.session_state.draft.undo_stack.clear()
        except UserError as error:
            state.error = str(error)
    return st.session_state.draft, state


def write_url(config: TrainingConfig) -> Link:
    """Put the link to a configuration into the URL and return it; the default needs none."""
    state: LinkState = st.session_state.address
    link, in_url = link_to(config), _in_url()
    if link != state.form or (in_url != state.seen and (in_url or link != state.default)):
        others = {name: value for name, value in st.query_params.to_dict().items() if name not in PARAMETERS}
        st.query_params.from_dict({**others, link[0]: link[1]})
        state.form = state.seen = link
        state.error, state.written = "", time.monotonic()
    return link
