"""How is the network trained? The settings that the form asks for, and what they come to with the digits there are."""

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
from trainer.config.training import OPTIMIZERS, TrainingConfig, optimizer_help, schedule_factor, split_at
from trainer.data import augmentation
from trainer.drawing import synthetic_digits
from trainer.figures.palette import BLUE, GREY
from trainer.text import number
from ui import dataset_loader
from ui.glossary import explained
from ui.train.draft import OPTIMIZER, TRAINING, Draft

MAIN = ("schedule", "loss", "batch_size", "epochs", "validation_split")
GROUPS = {
    "Against overfitting": ("training_examples", "l2", "patience"),
    "Augmentation": ("shift", "rotation", "zoom", "synthetic_examples", "own_examples"),
    "Other": ("kernel_initializer", "dtype", "seed", "time_limit"),
}
USUAL = {item.name: item.default for item in fields(TrainingConfig)}
STEPS = {
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
FIELD = 120  # pixels that a control needs: two stand side by side on a phone
RAW = 255.0  # the scale of a first layer that brings back the pixels 0 to 255


def ask(name: str, value: Any, key: str, step: float | None = None, help: str = "", disabled: bool = False) -> None:
    """Show the control that a setting calls for; its key tells `Draft.read` what was typed.

    A number beyond its limits is not held back by the control, so that a sentence can say what is allowed.
    """
    title, help = SETTINGS[name].title, explained(help or SETTINGS[name].help, name)
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


def show_settings(draft: Draft, refused: dict[str, str], bfloat16: bool) -> None:
    """Show the settings of the training, and what was wrong with what was typed."""
    settings, key = draft.settings, draft.key
    optimizer = settings["optimizer"]
    kind = type(optimizer).__name__
    _ask_dataset(settings["dataset"], f"{key}.dataset")
    with st.grid(2, min_column_width=FIELD):
        st.selectbox(
            SETTINGS["optimizer"].title,
            OPTIMIZERS,
            [*OPTIMIZERS].index(kind),
            key=f"{key}.optimizer",
            help=explained(f"{SETTINGS['optimizer'].help} {optimizer_help()}", "optimizer"),
            format_func=lambda name: OPTIMIZERS[name].label,
        )
        step = optimizer.usual_learning_rate / 10
        ask("learning_rate", settings["learning_rate"], f"{key}.{kind}.learning_rate", step)
        for name in MAIN:
            ask(name, settings[name], f"{key}.{name}")
        _ask_pixels(draft)
    _tell(settings)
    for what in (TRAINING, OPTIMIZER):
        if what in refused:
            st.error(refused[what])
    own = {item.name: getattr(optimizer, item.name) for item in fields(optimizer)}
    with st.expander(f"{kind}: {_summary(own)}", key="settings.optimizer"), st.grid(2, min_column_width=FIELD):
        for name, value in own.items():
            ask(name, value, f"{key}.{kind}.{name}")
    for title, group in GROUPS.items():
        changed = {name: settings[name] for name in group if settings[name] != USUAL[name]}
        with st.expander(f"{title}: {_summary(changed) or 'as usual'}", key=f"settings.{title}"):
            with st.grid(2, min_column_width=FIELD):
                for name in group:
                    _ask_more(name, settings[name], f"{key}.{name}", bfloat16)
            if title == "Augmentation" and changed:
                _show_augmented(settings)


def _ask_dataset(value: str, key: str) -> None:
    titles = dataset_loader.titles()
    options = [*titles] if value in titles else [*titles, value]  # a link may name one that is gone
    st.selectbox(
        SETTINGS["dataset"].title,
        options,
        options.index(value),
        format_func=lambda name: titles.get(name, "a data set that is gone"),
        help=SETTINGS["dataset"].help,
        key=key,
    )


def _ask_more(name: str, value: Any, key: str, bfloat16: bool) -> None:
    if name == "dtype" and not bfloat16:
        lacking = f"{SETTINGS[name].help} The processor here cannot, as far as is known: only float32 is offered."
        ask(name, value, key, help=lacking, disabled=value == "float32")
    else:
        ask(name, value, key)


def _summary(values: dict[str, Any]) -> str:
    texts = {
        name: choice_label(name, value) if isinstance(value, str) else number(value) for name, value in values.items()
    }
    return ", ".join(f"{SETTINGS[name].label} {text}" for name, text in texts.items())


# --- pixels ---------------------------------------------------------------------------------------------------


def _ask_pixels(draft: Draft) -> None:
    """Ask whether pixels are scaled; raw ones are a first layer, so the list of layers tells, and is changed."""
    key = f"{draft.key}.pixels"

    def change() -> None:
        if draft.layers and draft.layers[0][1] == Rescaling(RAW):
            del draft.layers[0]
        else:
            draft.insert(0, Rescaling(RAW))

    raw = bool(draft.layers) and draft.layers[0][1] == Rescaling(RAW)
    st.session_state[key] = "0 to 255" if raw else "0 to 1"
    st.selectbox(
        SETTINGS["pixels"].title,
        ("0 to 1", "0 to 255"),
        key=key,
        on_change=change,
        help=explained(SETTINGS["pixels"].help),
    )


# --- what it comes to -----------------------------------------------------------------------------------------


def _tell(settings: dict[str, Any]) -> None:
    """Say what an epoch, a batch and the split come to, and sketch a learning rate that changes."""
    dataset = dataset_loader.at_hand(settings["dataset"])
    examples = min(settings["training_examples"], len(dataset.x_train) if dataset else 60_000)
    batch_size, epochs, split = settings["batch_size"], settings["epochs"], settings["validation_split"]
    if not (examples > 0 and batch_size > 0 and epochs > 0 and 0 <= split < 1):
        return  # a sentence says what is wrong
    learned = split_at(examples, split)
    mixed_in = {"pen digits": settings["synthetic_examples"], "repeated drawings of yours": settings["own_examples"]}
    drawn = sum(mixed_in.values())
    steps = math.ceil((learned + drawn) / batch_size)
    pens = "".join(f" and {number:,} {what}" for what, number in mixed_in.items() if number)
    aside = f", keeps {examples - learned:,} aside" if examples > learned else ", keeps none aside"
    st.caption(
        f"Learns from **{learned:,}** digits{pens}{aside}. An epoch goes through them in **{steps:,}** "
        f"step{'s' if steps > 1 else ''} of {min(batch_size, learned + drawn):,}; {epochs:,} epoch"
        f"{'s are' if epochs > 1 else ' is'} {steps * epochs:,} steps."
    )
    if settings["schedule"] in CHOICES["schedule"][1:]:
        total = steps * epochs
        factors = [schedule_factor(settings["schedule"], step * total // 60, total) for step in range(60)]
        rate = settings["learning_rate"]
        st.image(_sketch(factors), width="stretch", alt="The learning rate over the training.")
        st.caption(f"Learning rate: {number(rate * factors[0], 3)} first, {number(rate, 3)} at most")


def _sketch(shares: Sequence[float]) -> str:
    """Draw shares, 0 to 1, as a line from the left to the right, as SVG."""
    points = " ".join(f"{place * 4},{38 - 36 * share:.1f}" for place, share in enumerate(shares))
    width = 4 * (len(shares) - 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 0 {width + 4} 40"><path d="M0 38H{width}" '
        f'stroke="{GREY}" stroke-width="0.5"/><polyline points="{points}" fill="none" stroke="{BLUE}" '
        f'stroke-width="1.5"/></svg>'
    )


def _show_augmented(settings: dict[str, Any]) -> None:
    """Show a few digits as a training with these settings meets them, pen digits last."""
    dataset = dataset_loader.at_hand(settings["dataset"])
    names = ("shift", "rotation", "zoom")
    if dataset and all(0 <= settings[name] <= LIMITS[name].high for name in names):
        pens = 3 if settings["synthetic_examples"] > 0 else 0
        sheet = _augmented_sheet(settings["dataset"], dataset.hash, pens, *(settings[name] for name in names))
        st.image(sheet, width="stretch", caption="As the network meets them, anew in each epoch")


@st.cache_data(max_entries=100, show_spinner=False)
def _augmented_sheet(name: str, data: str, pens: int, shift: float, rotation: float, zoom: float) -> np.ndarray:
    """Return digits side by side, (56, 16 * 28) uint8: before and below it after; `data` is the data set's hash."""
    dataset = dataset_loader.at_hand(name)
    assert dataset is not None
    digits = np.concatenate([dataset.x_train[: 8 - pens], synthetic_digits.digits(pens)[0]])
    moved = augmentation.augmented(digits, shift, rotation, zoom)
    return np.vstack([np.hstack(list(digits)), np.hstack(list(moved))]).repeat(2, axis=0).repeat(2, axis=1)
