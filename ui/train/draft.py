"""What does the form of a training hold? The draft of a configuration, how it came about, and its link in the URL.

The URL follows the edits, `?preset=NAME` or `?config=...`, so that a reload keeps them, Back takes the last one back,
and a link brings a whole configuration.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from secrets import token_hex
from typing import Any

import streamlit as st

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.layers import Layer, LayerError, Row, layer_table
from trainer.config.limits import CHOICES
from trainer.config.presets import PRESETS
from trainer.config.training import OPTIMIZERS, TrainingConfig
from ui.components import reconnect

FIRST = "tutorial_a"  # the preset that a newcomer sees
KEPT = 50  # edits that can be taken back
SETTLED = 3.0  # seconds after which every browser has heard of a new URL
PARAMETERS = ("config", "preset")  # of the URL that name a configuration

Link = tuple[str, str]  # a parameter of the URL and its value
Recipe = tuple[str, TrainingConfig]  # the parent that a URL names, and what the form holds where it names nothing else
Form = tuple[tuple[Layer, ...], dict[str, Any]]
UP, DOWN, REMOVE = "arrow_upward", "arrow_downward", "close"  # what a layer's buttons do, by their icons
NETWORK, TRAINING, OPTIMIZER = "network", "training", "optimizer"  # what may be refused, besides a layer


@dataclass
class Reading:
    """What the form comes to: a configuration, or else why not.

    The table ends before the first layer that cannot work. Each sentence stands by the key of its layer, or by what
    else it is about.
    """

    config: TrainingConfig | None
    table: tuple[Row, ...]
    refused: dict[str, str]


@dataclass
class Draft:
    """What the form shows, which may not yet be a configuration.

    Each layer carries a key that stays while it moves, `key` begins those of the settings. A draft that takes another's
    place has new keys, so that no control remembers what it showed before.
    """

    layers: list[tuple[str, Layer]]
    settings: dict[str, Any]  # those of TrainingConfig but its layers
    shown: Form
    past: list[Form]  # what the form held before, the newest last
    opened: str | None = None  # the key of the layer whose settings are shown
    touched: tuple[str, ...] = ()  # keys of the buttons that the keyboard is at after an edit, the best first
    key: str = field(default_factory=lambda: token_hex(4))

    @classmethod
    def of(cls, form: Form, past: list[Form]) -> Draft:
        draft = cls([(token_hex(4), layer) for layer in form[0]], dict(form[1]), form, past)
        draft.opened = next((key for key, layer in draft.layers if layer.parameters((1, 1, 1))), None)
        return draft

    @property
    def form(self) -> Form:
        return tuple(layer for _, layer in self.layers), dict(self.settings)

    def open(self, key: str | None) -> None:
        self.opened = key

    def insert(self, place: int, layer: Layer) -> None:
        self.opened = token_hex(4)
        self.layers.insert(place, (self.opened, layer))
        self.touched = (f"{self.opened}.open",)

    def move(self, place: int, by: int) -> None:
        self.layers[place], self.layers[place + by] = self.layers[place + by], self.layers[place]
        arrows = (UP, DOWN) if by < 0 else (DOWN, UP)
        self.touched = tuple(f"{self.layers[place + by][0]}.{arrow}" for arrow in arrows)

    def remove(self, place: int) -> None:
        key, _ = self.layers.pop(place)
        if key == self.opened:
            self.opened = None
        near = self.layers[place : place + 1] or self.layers[-1:]
        self.touched = tuple(f"{key}.{REMOVE}" for key, _ in near)

    def read(self, typed: Mapping[str, Any]) -> Reading:
        """Take over what was typed into the controls, by their keys, and return what it comes to.

        What no layer and no optimizer can have stays as it was, and is refused with a sentence.
        """
        refused = self._take_over(typed)
        if self.form != self.shown:
            self.past = [*self.past, self.shown][-KEPT:]
            self.shown = self.form
        layers, settings = self.form
        config, table, where = None, (), TRAINING
        try:
            table = layer_table(layers, dataset_info.kind(settings["dataset"]).shape)
            TrainingConfig(layers=(), **settings)  # whether it is the network that is refused
            where = NETWORK
            config = TrainingConfig(layers=layers, **settings)
        except LayerError as error:
            table, refused[self.layers[error.place - 1][0]] = error.rows, str(error)
        except UserError as error:
            refused[where] = str(error)
        return Reading(None if refused else config, table, refused)

    def _take_over(self, typed: Mapping[str, Any]) -> dict[str, str]:
        refused = {}
        for place, (key, layer) in enumerate(self.layers):
            try:
                self.layers[place] = key, _changed(layer, key, typed)
            except UserError as error:
                refused[key] = str(error)
        optimizer = self.settings["optimizer"]
        kind = typed.get(f"{self.key}.optimizer", type(optimizer).__name__)
        if kind not in OPTIMIZERS:
            kind = type(optimizer).__name__
        if kind != type(optimizer).__name__:
            optimizer = OPTIMIZERS[kind]()
            self.settings |= {"optimizer": optimizer, "learning_rate": optimizer.usual_learning_rate}
        try:
            self.settings["optimizer"] = _changed(optimizer, f"{self.key}.{kind}", typed)
        except UserError as error:
            refused[OPTIMIZER] = str(error)
        for name in self.settings:
            key = f"{self.key}.{kind}.{name}" if name == "learning_rate" else f"{self.key}.{name}"
            new = typed.get(key)
            if name != "optimizer" and new is not None and _is_offered(name, new):
                self.settings[name] = new
        return refused


def _is_offered(name: str, value: Any) -> bool:
    """Tell whether a setting's select box offers a value, if it has one: a browser may say anything."""
    if name != "dataset":
        return value in CHOICES.get(name, (value,))
    try:
        return bool(dataset_info.kind(value))
    except UserError:
        return False


def _changed(value: Any, key: str, typed: Mapping[str, Any]) -> Any:
    """Return a layer or an optimizer with what was typed for its settings. Raises UserError."""
    asked = {item.name: typed.get(f"{key}.{item.name}") for item in fields(value)}
    return replace(value, **{name: new for name, new in asked.items() if new is not None})


def form_of(config: TrainingConfig) -> Form:
    return config.layers, {item.name: getattr(config, item.name) for item in fields(config) if item.name != "layers"}


def load(config: TrainingConfig) -> None:
    """Put a configuration into the form; in a callback, or followed by `st.rerun()`. Undo takes it back."""
    draft = st.session_state.get("draft")
    st.session_state.draft = Draft.of(form_of(config), [*draft.past, draft.form] if draft else [])


def undo() -> None:
    """Take the last edit back; in a callback."""
    draft = st.session_state.draft
    place = [key for key, _ in draft.layers].index(draft.opened) if draft.opened else 0
    st.session_state.draft = before = Draft.of(draft.past[-1], draft.past[:-1])
    if draft.opened and place < len(before.layers):
        before.opened = before.layers[place][0]


# --- the URL --------------------------------------------------------------------------------------------------


@dataclass
class Address:
    """What this session knows of its URL."""

    form: Link  # of the configuration that the form showed last
    bare: Link  # of the configuration that a URL without one stands for
    seen: Link | None = None  # what the URL last named
    refused: str = ""  # why what it names is not shown
    written: float = -math.inf
    line: str = field(default_factory=reconnect.name)  # on which it was written


def link_to(config: TrainingConfig) -> Link:
    """Return the shorter of the two links to a configuration: a preset's name, or all of it."""
    name = next((name for name, preset in PRESETS.items() if preset.config == config), None)
    return ("preset", name) if name else ("config", config.to_link())


def _named_by(link: Link) -> TrainingConfig:
    kind, text = link
    if kind == "config":
        return TrainingConfig.from_link(text)
    if text not in PRESETS:
        raise UserError(f"The link's preset must be one of those above (got {text[:40]!r}): choose one of them.")
    return PRESETS[text].config


def _in_url() -> Link | None:
    return next(((name, st.query_params[name]) for name in PARAMETERS if name in st.query_params), None)


def current(begin: TrainingConfig | None, recipe: Recipe | None = None) -> tuple[Draft, Address]:
    """Return what the form holds: what a URL newly names, else what it held, else `begin`, else the first preset.

    A URL that names a parent and no configuration names that of `recipe`.

    A browser that is a moment behind still names what the form held before its last edit: that is no wish. Where the
    line broke, it may never have heard of that edit.
    """
    link = _in_url() or (("parent", recipe[0]) if recipe else None)
    begins = "address" not in st.session_state
    if begins:
        config = begin or PRESETS[FIRST].config
        st.session_state.setdefault("draft", Draft.of(form_of(config), []))
        st.session_state.address = Address(link_to(config), link_to(config))
    address: Address = st.session_state.address
    if address.line != reconnect.name():
        address.line, address.written = reconnect.name(), time.monotonic()
    if link and link != address.seen and time.monotonic() - address.written > SETTLED:
        address.seen = link
        try:
            config = recipe[1] if recipe and link[0] == "parent" else _named_by(link)
            address.refused = ""
            address.form = link_to(config)
            if form_of(config) != st.session_state.draft.form:
                load(config)
                if begins:
                    st.session_state.draft.past.clear()
        except UserError as error:
            address.refused = str(error)
    return st.session_state.draft, address


def follow(config: TrainingConfig) -> Link:
    """Let the URL name what the form shows, unless it does or the form is as it began; return the link."""
    address: Address = st.session_state.address
    link, named = link_to(config), _in_url()
    if link != address.form or (named != address.seen and (named or link != address.bare)):
        others = {name: value for name, value in st.query_params.to_dict().items() if name not in PARAMETERS}
        st.query_params.from_dict({**others, link[0]: link[1]})
        address.form = address.seen = link
        address.refused, address.written = "", time.monotonic()
    return link
