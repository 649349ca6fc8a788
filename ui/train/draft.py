"""The draft behind the form of a training: its layers and settings while they are edited, with undo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from secrets import token_hex
from typing import Any

import streamlit as st

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.layer import Layer
from trainer.config.layer_table import LayerError, LayerRow, layer_table
from trainer.config.limits import CHOICES
from trainer.config.optimizers import OPTIMIZERS
from trainer.config.training import TrainingConfig
from ui.train.changes import Form, changed_layers, changed_settings, describe

MAX_UNDO = 50  # edits that can be undone
MAIN_SETTINGS = ("optimizer", "learning_rate", "batch_size", "epochs")  # always in view; the others are folded away
UP, DOWN, REMOVE = "arrow_upward", "arrow_downward", "close"  # the buttons of a layer, by their icons
MORE = "more"  # key of the settings that are folded away
NETWORK, TRAINING, OPTIMIZER = "network", "training", "optimizer"  # keys of errors that belong to no layer


@dataclass
class CheckedForm:
    """The configuration that the form describes, or the errors in it.

    The table ends before the first layer that cannot work. Errors are sentences by the key of the layer that they
    belong to, or by NETWORK, TRAINING or OPTIMIZER.
    """

    config: TrainingConfig | None
    table: tuple[LayerRow, ...]
    errors: dict[str, str]


@dataclass
class Draft:
    """What the form shows, which may not be a valid configuration yet.

    Each layer has a key that stays while it moves; `key` begins the keys of the settings. A draft that replaces another
    one has new keys, so that no widget remembers an old value.
    """

    layers: list[tuple[str, Layer]]
    settings: dict[str, Any]  # of TrainingConfig, without its layers
    last_form: Form  # at the last run of the page
    undo_stack: list[Form]  # earlier forms, newest last
    opened: str | None = None  # key of the layer whose settings are open
    focus_keys: tuple[str, ...] = ()  # of the buttons that may take the keyboard focus after an edit, best first
    change: str = ""  # what a suggestion changed, until the next edit
    marked: frozenset[str] = frozenset()  # names of the settings and keys of the layers that it changed
    look: bool = False  # scroll to what it changed
    key: str = field(default_factory=lambda: token_hex(4))

    @classmethod
    def of(cls, form: Form, undo_stack: list[Form]) -> Draft:
        return cls([(token_hex(4), layer) for layer in form[0]], dict(form[1]), form, undo_stack)

    @property
    def form(self) -> Form:
        return tuple(layer for _, layer in self.layers), dict(self.settings)

    def open(self, key: str | None) -> None:
        self.opened = key

    def insert(self, place: int, layer: Layer) -> None:
        self.opened = token_hex(4)
        self.layers.insert(place, (self.opened, layer))
        self.focus_keys = (f"{self.opened}.open",)

    def move(self, place: int, by: int) -> None:
        self.layers[place], self.layers[place + by] = self.layers[place + by], self.layers[place]
        arrows = (UP, DOWN) if by < 0 else (DOWN, UP)
        self.focus_keys = tuple(f"{self.layers[place + by][0]}.{arrow}" for arrow in arrows)

    def remove(self, place: int) -> None:
        key, _ = self.layers.pop(place)
        if key == self.opened:
            self.opened = None
        near = self.layers[place : place + 1] or self.layers[-1:]
        self.focus_keys = tuple(f"{key}.open" for key, _ in near)

    def mark(self, before: Form) -> None:
        """Mark what differs from another form, until the next edit."""
        self.change, self.look = describe(before, self.form), True
        layers = (self.layers[place][0] for place in changed_layers(before, self.form))
        self.marked = frozenset([*changed_settings(before, self.form), *layers])

    def update(self, typed: Mapping[str, Any]) -> CheckedForm:
        """Take the values of the widgets, by their keys, into the draft, and check the form.

        A value that no layer or optimizer can have is not taken, and gives an error.
        """
        errors = self._take(typed)
        if self.form != self.last_form:
            self.undo_stack = [*self.undo_stack, self.last_form][-MAX_UNDO:]
            self.last_form = self.form
            self.change, self.marked = "", frozenset()
        layers, settings = self.form
        config, table, part = None, (), TRAINING
        try:
            table = layer_table(layers, dataset_info.info(settings["dataset"]).shape)
            TrainingConfig(layers=(), **settings)  # raises where a setting, not the network, is invalid
            part = NETWORK
            config = TrainingConfig(layers=layers, **settings)
        except LayerError as error:
            table, errors[self.layers[error.place - 1][0]] = error.rows, str(error)
        except UserError as error:
            errors[part] = str(error)
        return CheckedForm(None if errors else config, table, errors)

    def _take(self, typed: Mapping[str, Any]) -> dict[str, str]:
        errors = {}
        for place, (key, layer) in enumerate(self.layers):
            try:
                self.layers[place] = key, _changed(layer, key, typed)
            except UserError as error:
                errors[key] = str(error)
        optimizer = self.settings["optimizer"]
        kind = typed.get(f"{self.key}.optimizer", type(optimizer).__name__)
        if kind not in OPTIMIZERS:
            kind = type(optimizer).__name__
        if kind != type(optimizer).__name__:
            optimizer = OPTIMIZERS[kind]()
            self.settings |= {"optimizer": optimizer, "learning_rate": optimizer.default_learning_rate}
        try:
            self.settings["optimizer"] = _changed(optimizer, f"{self.key}.{kind}", typed)
        except UserError as error:
            errors[OPTIMIZER] = str(error)
        for name in self.settings:
            key = f"{self.key}.{kind}.{name}" if name == "learning_rate" else f"{self.key}.{name}"
            new = typed.get(key)
            if name != "optimizer" and new is not None and _is_offered(name, new):
                self.settings[name] = new
        return errors


def _is_offered(name: str, value: Any) -> bool:
    """Tell whether the select box of a setting, if it has one, offers a value: a browser may send anything."""
    if name != "dataset":
        return value in CHOICES.get(name, (value,))
    try:
        return bool(dataset_info.info(value))
    except UserError:
        return False


def _changed(value: Any, key: str, typed: Mapping[str, Any]) -> Any:
    """Return a layer or an optimizer with the values of its widgets. Raises UserError for an invalid one."""
    values = {item.name: typed.get(f"{key}.{item.name}") for item in fields(value)}
    return replace(value, **{name: new for name, new in values.items() if new is not None})


def form_of(config: TrainingConfig) -> Form:
    return config.layers, {item.name: getattr(config, item.name) for item in fields(config) if item.name != "layers"}


def load(config: TrainingConfig, suggested: bool = False) -> None:
    """Fill the form with a configuration, in a callback or before `st.rerun()`; it can be undone.

    The changes of a suggested one are marked.
    """
    before = st.session_state.get("draft")
    st.session_state.draft = draft = Draft.of(form_of(config), [*before.undo_stack, before.form] if before else [])
    if before and suggested:
        draft.mark(before.form)
        if set(changed_settings(before.form, draft.form)) - set(MAIN_SETTINGS):
            st.session_state[MORE] = True  # unfolds them


def undo() -> None:
    """Undo the last edit, in a callback."""
    draft = st.session_state.draft
    place = [key for key, _ in draft.layers].index(draft.opened) if draft.opened else None
    st.session_state.draft = before = Draft.of(draft.undo_stack[-1], draft.undo_stack[:-1])
    if place is not None and place < len(before.layers):
        before.opened = before.layers[place][0]
