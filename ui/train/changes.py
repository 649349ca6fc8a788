"""What a suggestion changed in the form: a sentence, and the fields to mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from trainer.config.layer import Layer
from trainer.config.limits import SETTINGS, choice_label, in_sentence
from trainer.text import number

Form = tuple[tuple[Layer, ...], dict[str, Any]]  # layers, and all other settings of TrainingConfig by name
MAX_TEXTS = 4  # changes in a sentence; more are counted


def changed_settings(before: Form, after: Form) -> list[str]:
    """Return the names of the settings that differ, with those of the optimizer, without the layers."""
    (_, old), (_, new) = before, after
    names = [name for name, value in new.items() if name != "optimizer" and value != old[name]]
    if type(old["optimizer"]) is not type(new["optimizer"]):
        return ["optimizer", *names]
    arguments = (item.name for item in fields(new["optimizer"]))
    return [*(name for name in arguments if _argument(old, name) != _argument(new, name)), *names]


def changed_layers(before: Form, after: Form) -> list[int]:
    """Return the places of the layers that are new or differ."""
    old, new = before[0], after[0]
    if len(old) == len(new):
        return [place for place in range(len(new)) if old[place] != new[place]]
    shorter = min(len(old), len(new))
    first = next((place for place in range(shorter) if old[place] != new[place]), shorter)
    last = 0  # layers at the end of both
    while last < shorter - first and old[-1 - last] == new[-1 - last]:
        last += 1
    return list(range(first, len(new) - last))


def describe(before: Form, after: Form) -> str:
    """Return what differs: `learning rate 0.01 to 0.1, epochs 20 to 40`; "" for nothing."""
    texts = [_described(name, before[1], after[1]) for name in changed_settings(before, after)]
    if before[0] != after[0]:
        texts.insert(0, _described_layers(before[0], after[0]))
    if len(texts) > MAX_TEXTS:
        texts[MAX_TEXTS - 1 :] = [f"{len(texts) - MAX_TEXTS + 1} more settings"]
    return ", ".join(texts)


def value_text(name: str, value: Any) -> str:
    """Return the value of a setting as the form shows it."""
    return choice_label(name, value) if isinstance(value, str) else number(value)


def _described(name: str, old: dict[str, Any], new: dict[str, Any]) -> str:
    title = in_sentence(SETTINGS[name].label)
    if name == "optimizer":
        return f"{title} {type(old[name]).__name__} to {type(new[name]).__name__}"
    first, second = (settings[name] if name in settings else _argument(settings, name) for settings in (old, new))
    return f"{title} {value_text(name, first)} to {value_text(name, second)}"


def _described_layers(old: Sequence[Layer], new: Sequence[Layer]) -> str:
    if len(new) != len(old):
        return f"{len(old)} layers to {len(new)}"
    places = [place for place in range(len(new)) if old[place] != new[place]]
    if len(places) > 1:
        return f"{len(places)} layers"
    (place,) = places
    return f"layer {place + 1} {_layer_text(old[place])} to {_layer_text(new[place])}"


def _layer_text(layer: Layer) -> str:
    return f"{type(layer).__name__} {layer.summary}".strip()


def _argument(settings: dict[str, Any], name: str) -> Any:
    return getattr(settings["optimizer"], name)
