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
from ui.markdown import sentence
from ui.train.draft import OPTIMIZER, TRAINING, Draft

MAIN_SETTINGS = ("schedule", "loss", "batch_size", "epochs", "validation_split")
GROUPS = {
    "Against overfitting": ("training_examples", "l2", "patience"),
    "Augmentation": ("shift", "rotation", "zoom", "synthetic_examples", "own_examples"),
    "Other": ("kernel_initializer", "dtype", "seed", "time_limit"),
}
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


def render_setting(
    name: str, value: Any, key: str, step: float | None = None, help: str = "", disabled: bool = False
) -> None:
    """Render the widget of a setting; `Draft.update` reads its value by its key.

    The widget accepts numbers beyond the limits, so that an error can explain what is allowed.
    """
    title, help = SETTINGS[name].title, help or SETTINGS[name].help
    if name in LIMITS:
        help = f"{help} {_range(name)}."
    help = linked_help(help, name)
    common: dict[str, Any] = {"key": key, "help": help, "disabled": disabled}
    if name in CHOICES:
        label = functools.partial(choice_label, name)
        st.selectbox(title, CHOICES[name], CHOICES[name].index(value), format_func=label, **common)
    elif isinstance(value, bool):
        st.checkbox(title, value, **common)
    elif LIMITS[name].whole:
        st.number_input(title, value=value, step=int(step or STEPS.get(name, 1)), **common)
    else:
        st.number_input(title, value=float(value), step=step or STEPS.get(name, 0.05), format="%.6g", **common)


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
    _render_dataset(settings["dataset"], f"{key}.dataset")
    with st.grid(2, min_column_width=FIELD_WIDTH):
        st.selectbox(
            SETTINGS["optimizer"].title,
            OPTIMIZERS,
            [*OPTIMIZERS].index(kind),
            key=f"{key}.optimizer",
            help=linked_help(f"{SETTINGS['optimizer'].help} {optimizer_help()}", "optimizer"),
            format_func=lambda name: OPTIMIZERS[name].label,
        )
        step = optimizer.default_learning_rate / 10
        render_setting("learning_rate", settings["learning_rate"], f"{key}.{kind}.learning_rate", step)
        for name in MAIN_SETTINGS:
            render_setting(name, settings[name], f"{key}.{name}")
        _render_pixels(draft)
    _render_steps(settings)
    for part in (TRAINING, OPTIMIZER):
        if part in errors:
            st.error(sentence(errors[part]))
    own = {item.name: getattr(optimizer, item.name) for item in fields(optimizer)}
    with st.expander(f"{kind}: {_summary(own)}", key="settings.optimizer"), st.grid(2, min_column_width=FIELD_WIDTH):
        for name, value in own.items():
            render_setting(name, value, f"{key}.{kind}.{name}")
    for title, group in GROUPS.items():
        changed = {name: settings[name] for name in group if settings[name] != DEFAULTS[name]}
        with st.expander(f"{title}: {_summary(changed) or 'default'}", key=f"settings.{title}"):
            with st.grid(2, min_column_width=FIELD_WIDTH):
                for name in group:
                    _render_grouped(name, settings[name], f"{key}.{name}", bfloat16)
            if title == "Augmentation" and changed:
                _render_augmented(settings)


def _render_dataset(value: str, key: str) -> None:
    titles = dataset_loader.titles()
    options = [*titles] if value in titles else [*titles, value]  # a link may name one that was deleted
    st.selectbox(
        SETTINGS["dataset"].title,
        options,
        options.index(value),
        format_func=lambda name: titles.get(name, "a missing data set"),
        help=SETTINGS["dataset"].help,
        key=key,
    )


def _render_grouped(name: str, value: Any, key: str, bfloat16: bool) -> None:
    if name == "dtype" and not bfloat16:
        unsupported = f"{SETTINGS[name].help} As far as is known, the processor here does not support it."
        render_setting(name, value, key, help=unsupported, disabled=value == "float32")
    else:
        render_setting(name, value, key)


def _summary(values: dict[str, Any]) -> str:
    texts = {
        name: choice_label(name, value) if isinstance(value, str) else number(value) for name, value in values.items()
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
        help=linked_help(SETTINGS["pixels"].help),
    )


# --- steps, learning rate and augmentation --------------------------------------------------------------------


def _render_steps(settings: dict[str, Any]) -> None:
    """Render the digits and steps of an epoch, and the course of a learning rate that changes."""
    dataset = dataset_loader.available(settings["dataset"])
    examples = min(settings["training_examples"], len(dataset.x_train) if dataset else 60_000)
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
