"""Training settings in the form, with the resulting number of steps, learning rate and augmented digits."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import streamlit as st

from trainer.config.layers import Rescaling
from trainer.config.limits import CHOICES, LIMITS, SETTINGS, choice_label
from trainer.config.optimizers import OPTIMIZERS, optimizer_help
from trainer.config.training import TrainingConfig, schedule_factor, split_at
from trainer.data import augmentation
from trainer.drawing import synthetic_digits
from trainer.figures.palette import BLUE, GRAY
from trainer.text import counted, listed, number
from ui import dataset_loader
from ui.glossary import linked_help
from ui.html import style
from ui.markdown import literal, sentence
from ui.train.changes import value_text
from ui.train.draft import MAIN_SETTINGS, MORE, OPTIMIZER, TRAINING, Draft

GROUPS = {
    "Data and loss": ("dataset", "pixels", "validation_split", "schedule", "loss"),
    "Against overfitting": ("training_examples", "l2", "patience"),
    "Augmentation": ("shift", "rotation", "zoom", "synthetic_examples", "own_examples"),
    "Other": ("kernel_initializer", "dtype", "seed", "time_limit"),
}
MARK = " { box-shadow: inset 3px 0 #d55e00; background: rgba(213, 94, 0, 0.1); border-radius: 4px; }"  # of a change
DEFAULTS = {item.name: item.default for item in fields(TrainingConfig)}
STEPS = {  # by which the buttons of a number change it
    "training_examples": 1000,
    "synthetic_examples": 1000,
    "own_examples": 100,
    "time_limit": 60,
    "patience": 1,
    "l2": 0.0001,
    "shift": 0.5,
    "rotation": 1.0,
    "momentum": 0.1,
}
FIELD_WIDTH = 120  # pixels: two fields fit side by side on a phone
RAW = Rescaling(255.0)  # as the first layer, restores pixels from 0 to 255


def render_setting(name: str, value: Any, key: str, step: float | None = None, disabled: bool = False) -> None:
    """Render the widget of a setting; `Draft.update` reads its value by its key.

    The widget accepts numbers beyond the limits, so that an error can explain what is allowed.
    """
    title = SETTINGS[name].title
    common: dict[str, Any] = {"key": key, "disabled": disabled}
    if name in CHOICES:
        label = functools.partial(choice_label, name)
        st.selectbox(title, CHOICES[name], CHOICES[name].index(value), format_func=label, **common)
    elif isinstance(value, bool):
        st.checkbox(title, value, **common)
    elif LIMITS[name].whole:
        st.number_input(title, value=value, step=int(step or STEPS.get(name, 1)), **common)
    else:
        st.number_input(title, value=float(value), step=step or STEPS.get(name, 0.05), format="%.6g", **common)


def settings_help(names: Sequence[str]) -> str:
    """Return what settings mean and their ranges, as a list: the help of a whole group."""
    lines = []
    for name in names:
        help = optimizer_help() if name == "optimizer" else SETTINGS[name].help
        allowed = f" {_range(name)}." if name in LIMITS else ""
        lines.append(f"- **{SETTINGS[name].title}**: {linked_help(f'{help}{allowed}', name)}")
    return "\n".join(lines)


def _range(name: str) -> str:
    """Return the range of a setting: `0.000001 to 100`, `0 to below 1`."""
    limit = LIMITS[name]
    digits = 10 if limit.whole else 6  # the largest seed has ten
    return f"{number(limit.low)} to {'below ' if limit.below else ''}{number(limit.high, digits)}"


def render_settings(draft: Draft, errors: dict[str, str], bfloat16: bool) -> None:
    """Render all training settings and their errors; `bfloat16` tells whether the processors support it."""
    settings, key = draft.settings, draft.key
    optimizer = settings["optimizer"]
    kind = type(optimizer).__name__
    marked = [name for name in (*settings, *vars(optimizer)) if name in draft.marked]
    if marked:
        style(", ".join(f'[class*="st-key-{key}-"][class*="-{name}"]' for name in marked) + MARK)
    with st.container(key="settings"):
        st.markdown("**Training**", help=settings_help(MAIN_SETTINGS))
        with st.grid(2, min_column_width=FIELD_WIDTH, gap="small"):
            st.selectbox(
                SETTINGS["optimizer"].title,
                OPTIMIZERS,
                [*OPTIMIZERS].index(kind),
                key=f"{key}.optimizer",
                format_func=lambda name: OPTIMIZERS[name].label,
            )
            step = optimizer.default_learning_rate / 10
            render_setting("learning_rate", settings["learning_rate"], f"{key}.{kind}.learning_rate", step)
            render_setting("batch_size", settings["batch_size"], f"{key}.batch_size")
            render_setting("epochs", settings["epochs"], f"{key}.epochs")
        _render_steps(settings)
        for part in (TRAINING, OPTIMIZER):
            if part in errors:
                st.error(sentence(errors[part]))
        _render_more(draft, bfloat16)


def _render_more(draft: Draft, bfloat16: bool) -> None:
    """Render all other settings, in groups, once they are unfolded; the title names those that were changed."""
    settings, optimizer = draft.settings, draft.settings["optimizer"]
    names = [name for group in GROUPS.values() for name in group if name != "pixels"]
    changed = {name: settings[name] for name in names if settings[name] != DEFAULTS[name]}
    if type(optimizer)() != optimizer:
        changed |= {name: value for name, value in vars(optimizer).items() if getattr(type(optimizer)(), name) != value}
    count = len(names) + 1 + len(vars(optimizer))
    more = st.expander(f"More: {_summary(changed) or f'{count} settings'}", key=MORE, on_change="rerun")
    if not more.open:
        return
    groups = {"Data and loss": GROUPS["Data and loss"], type(optimizer).__name__: tuple(vars(optimizer))}
    with more:
        for title, group in (groups | GROUPS).items():
            if not group:
                continue  # an optimizer without settings of its own
            st.markdown(f"**{title}**", help=settings_help(group))
            with st.grid(2, min_column_width=FIELD_WIDTH, gap="small"):
                for name in group:
                    _render_grouped(name, draft, bfloat16)
            if title == "Augmentation" and any(settings[name] != DEFAULTS[name] for name in group):
                _render_augmented(settings)


def _render_grouped(name: str, draft: Draft, bfloat16: bool) -> None:
    settings, optimizer, key = draft.settings, draft.settings["optimizer"], draft.key
    if name == "dataset":
        _render_dataset(settings[name], f"{key}.{name}")
    elif name == "pixels":
        _render_pixels(draft)
    elif name not in settings:
        render_setting(name, getattr(optimizer, name), f"{key}.{type(optimizer).__name__}.{name}")
    else:
        unsupported = name == "dtype" and not bfloat16
        render_setting(name, settings[name], f"{key}.{name}", disabled=unsupported and settings[name] == "float32")
        if unsupported:
            st.caption("As far as is known, the processor here does not support bfloat16.")


def _render_dataset(value: str, key: str) -> None:
    titles = dataset_loader.titles()
    options = [*titles] if value in titles else [*titles, value]  # a link may name one that was deleted
    st.selectbox(
        SETTINGS["dataset"].title,
        options,
        options.index(value),
        format_func=lambda name: titles.get(name, "a missing data set"),
        key=key,
    )


def _summary(values: dict[str, Any]) -> str:
    """Return settings with their values: `Validation split 0.1, Loss Mean squared error`."""
    titles = dataset_loader.titles() if "dataset" in values else {}
    texts = {
        name: literal(titles.get(value, "missing")) if name == "dataset" else value_text(name, value)
        for name, value in values.items()
    }
    return ", ".join(f"{SETTINGS[name].label} {text}" for name, text in texts.items())


# --- pixels ---------------------------------------------------------------------------------------------------


def _render_pixels(draft: Draft) -> None:
    """Render the range of the pixels: from 0 to 255 they are restored by a first layer, which this adds or removes."""
    key = f"{draft.key}.pixels"

    def change() -> None:
        if draft.layers and draft.layers[0][1] == RAW:
            del draft.layers[0]
        else:
            draft.insert(0, RAW)

    raw = bool(draft.layers) and draft.layers[0][1] == RAW
    st.session_state[key] = "0 to 255" if raw else "0 to 1"
    st.selectbox(
        SETTINGS["pixels"].title,
        ("0 to 1", "0 to 255"),
        key=key,
        on_change=change,
    )


# --- steps, learning rate and augmentation --------------------------------------------------------------------


def _render_steps(settings: dict[str, Any]) -> None:
    """Render the digits and steps of an epoch, and the course of a learning rate that changes."""
    dataset = dataset_loader.available(settings["dataset"])
    examples = min(settings["training_examples"], dataset.training_digits if dataset else 60_000)
    batch_size, epochs, split = settings["batch_size"], settings["epochs"], settings["validation_split"]
    if not (examples > 0 and batch_size > 0 and epochs > 0 and 0 <= split < 1):
        return  # an error explains what is allowed
    learned = split_at(examples, split)
    extra = {"pen digits": settings["synthetic_examples"], "repeats of your drawings": settings["own_examples"]}
    digits = learned + sum(extra.values())
    steps = math.ceil(digits / batch_size)
    noun = f"{dataset.info.noun}s" if dataset else "digits"
    parts = [f"**{learned:,}** {noun}", *(f"{count:,} {what}" for what, count in extra.items() if count)]
    aside = f"{examples - learned:,} are kept for validation" if examples > learned else "none are kept for validation"
    st.caption(
        f"Trains on {listed(parts)}; {aside}. Each epoch takes **{steps:,}** step{'' if steps == 1 else 's'} of "
        f"{min(batch_size, digits):,}: {counted(steps * epochs, 'step')} in {counted(epochs, 'epoch')}."
    )
    if dataset and not dataset.is_complete:
        st.caption("Training begins once all of these synthetic digits are drawn.")
    if settings["schedule"] in CHOICES["schedule"][1:]:
        total = steps * epochs
        factors = [schedule_factor(settings["schedule"], step * total // 60, total) for step in range(60)]
        rate = settings["learning_rate"]
        st.image(_sparkline(factors), width="stretch", alt="The learning rate over the training.")
        st.caption(f"Learning rate: starts at {number(rate * factors[0], 3)}, at most {number(rate, 3)}")


def _sparkline(values: Sequence[float]) -> str:
    """Return an SVG that draws values, 0 to 1, as a line from left to right."""
    points = " ".join(f"{place * 4},{38 - 36 * value:.1f}" for place, value in enumerate(values))
    width = 4 * (len(values) - 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 0 {width + 4} 40"><path d="M0 38H{width}" '
        f'stroke="{GRAY}" stroke-width="0.5"/><polyline points="{points}" fill="none" stroke="{BLUE}" '
        f'stroke-width="1.5"/></svg>'
    )


def _render_augmented(settings: dict[str, Any]) -> None:
    """Render a few digits before and after augmentation, pen digits last."""
    dataset = dataset_loader.available(settings["dataset"])
    names = ("shift", "rotation", "zoom")
    if dataset and all(0 <= settings[name] <= LIMITS[name].high for name in names):
        pens = 3 if settings["synthetic_examples"] > 0 else 0
        sheet = _augmented_sheet(settings["dataset"], dataset.hash, pens, *(settings[name] for name in names))
        st.image(
            sheet,
            width="stretch",
            caption="Above: the digits. Below: as the network sees them, different in each epoch.",
        )


@st.cache_data(max_entries=100, show_spinner=False)
def _augmented_sheet(name: str, data: str, pens: int, shift: float, rotation: float, zoom: float) -> np.ndarray:
    """Return eight digits, below them the same ones augmented, twice as large: (112, 448) uint8.

    `data` is the hash of the data set: the cache must not keep digits of an older one.
    """
    dataset = dataset_loader.available(name)
    assert dataset is not None
    digits = np.concatenate([dataset.x_train[: 8 - pens], synthetic_digits.make_digits(pens)[0]])
    moved = augmentation.augment(digits, shift, rotation, zoom)
    return np.vstack([np.hstack(list(digits)), np.hstack(list(moved))]).repeat(2, axis=0).repeat(2, axis=1)
