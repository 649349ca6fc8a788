"""Lesson 6: gradient descent on 32 real digits, one step at a time, and the way of the error back."""

from __future__ import annotations

import math
import secrets

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.config.dataset_info import DIGITS
from trainer.data.datasets import Dataset
from trainer.drawing import step_pictures
from trainer.drawing.normalize import SIZE
from trainer.figures import diverging
from trainer.figures.images import test_digits
from trainer.figures.palette import BLUE
from trainer.lessons import descent, diagrams
from trainer.lessons.descent import Descent, Pass
from trainer.text import percent, signed
from ui import dataset_loader
from ui.components.plot import plot
from ui.html import html
from ui.learn import layout

STATE, SEED, HIDDEN, RATE, LOOK, DIGIT = (
    f"learn.descent.{name}" for name in ("state", "seed", "hidden", "rate", "look", "digit")
)
BATCH = 32
RATES = {0.001: "too small", 0.01: "", 0.1: "right", 0.5: "", 5.0: "too large"}
NETWORKS = {False: "One layer", True: f"{descent.HIDDEN} hidden units"}
WEIGHTS, CHANGE, ERROR = "Weights", "Last step's change", "One digit's error"
MANY = 10


def show() -> None:
    st.markdown(
        "The network reads 32 digits. For each weight the **gradient** says how the loss would change if that weight "
        "grew a little; one **step** moves every weight a little the other way, by the **learning rate** times its "
        "gradient."
    )
    dataset = dataset_loader.dataset()
    if dataset is not None:
        _descend(dataset)


@st.fragment
def _descend(dataset: Dataset) -> None:
    for key, first in ((SEED, 0), (HIDDEN, False), (RATE, 0.1), (LOOK, WEIGHTS), (DIGIT, 1)):
        st.session_state.setdefault(key, first)
    images, labels = _batch(dataset)
    if STATE not in st.session_state or st.session_state.get(f"{STATE}.data") != dataset.hash:
        _begin(dataset)
    left, right = st.columns([9, 11], gap="medium")
    with left:
        _controls(dataset)
    state: Descent = st.session_state[STATE]
    forth = descent.passed(state.layers, images, labels)
    with left:
        _result(state, forth)
        reads = forth.probabilities.argmax(axis=1).tolist() if state.steps else None
        sheet = test_digits(np.rint(255 * images).astype(np.uint8).reshape(-1, SIZE, SIZE), labels.tolist(), reads)
        right_ones = round(forth.accuracy * BATCH)
        layout.picture(sheet, f"The {BATCH} digits; the network reads {right_ones} of them right.")
    with right:
        shown = f"The loss over {state.steps} steps, now {forth.loss:.3f}."
        plot(descent.descent_curve(state.losses), "learn.descent.curve", shown)
        st.segmented_control(
            "Look at",
            (WEIGHTS, CHANGE, ERROR),
            required=True,
            help="What has been learned, what the last step changed, and how one digit's error goes back to the "
            "weights.",
            label_visibility="collapsed",
            persist_state="session",
            key=LOOK,
        )
        if st.session_state[LOOK] == ERROR:
            _error(state, forth, images, labels)
        else:
            _weights(state)


def _controls(dataset: Dataset) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.segmented_control(
            "Network",
            NETWORKS,
            required=True,
            format_func=NETWORKS.get,
            help="784 pixels straight to ten outputs, or through 16 relu units in between.",
            on_change=_begin,
            args=(dataset,),
            persist_state="session",
            key=HIDDEN,
        )
        st.select_slider(
            "Learning rate",
            RATES,
            format_func=lambda rate: f"{rate:g} {RATES[rate]}".strip(),
            help="Too small: the loss hardly falls. Too large: a step overshoots, and the loss leaps up.",
            persist_state="session",
            width=140,
            key=RATE,
        )
    with st.container(horizontal=True, gap="small"):
        for label, steps, kind in (("One step", 1, "primary"), (f"{MANY} steps", MANY, "secondary")):
            st.button(
                label,
                type="primary" if kind == "primary" else "secondary",
                help="All weights move once." if steps == 1 else f"{steps} times the same.",
                on_click=_step,
                args=(dataset, steps),
                key=f"learn.descent.{steps}",
            )
        st.button(
            "Start anew",
            help="Forget all that was learned.",
            on_click=_begin,
            args=(dataset,),
            key="learn.descent.new",
        )
        st.button(
            "Other digits",
            help=f"Draw {BATCH} other digits from those to learn from, and start anew.",
            on_click=_draw,
            args=(dataset,),
            key="learn.descent.draw",
        )


def _result(state: Descent, forth: Pass) -> None:
    """Say what the last step has come to."""
    right = f"It reads {round(forth.accuracy * BATCH)} of the {BATCH} right."
    now = forth.loss
    if not state.steps:
        guess = "all weights are 0, so it gives 10 % to each digit" if len(state.layers) == 1 else "weights at random"
        st.markdown(f"**Loss {now:.3f}** before the first step: {guess}. Take a step.")
        return
    before = state.losses[-2]
    if not math.isfinite(now):
        st.markdown("**The loss is no number any more**: the steps were far too large. Start anew.")
        return
    change = now - before
    way = "fell" if change < 0 else "rose"
    judged = "it overshot" if change > 0 else "a very small step" if -change < 0.005 * before else "downhill"
    st.markdown(
        f"**Loss {before:.3f} → {now:.3f}**: with step {state.steps} it {way} by {abs(change):.3f}, {judged}. {right}"
    )


def _weights(state: Descent) -> None:
    """Draw the first layer's weights, or the last step's change of them, as images."""
    change = st.session_state[LOOK] == CHANGE
    kernel = (state.change if change else state.layers)[0][0]
    hidden = len(state.layers) > 1
    names = [f"unit {unit + 1}" for unit in range(descent.HIDDEN)] if hidden else list(DIGITS)
    most = float(np.abs(np.nan_to_num(kernel)).max(initial=0.0))
    what = "change of the weights" if change else "weights"
    _sheet(kernel.T.reshape(-1, SIZE, SIZE), names, most, f"{what} of", across=8 if hidden else 5)
    if not most:
        st.caption("All 0 so far: take a step, and they stand here.")
    else:
        what = "unit" if hidden else "digit"
        st.caption(f"Blue: ink there speaks for the {what}; orange: against it. The strongest is {most:.3g}.")


def _error(state: Descent, forth: Pass, images: np.ndarray, labels: np.ndarray) -> None:
    """Follow one digit's error from the output back to the weights."""
    hidden = len(state.layers) > 1
    place = int(st.session_state[DIGIT]) - 1
    image, label = images[place].reshape(SIZE, SIZE), int(labels[place])
    error, said = forth.errors[-1][place], forth.probabilities[place]
    target = np.eye(len(DIGITS))[label]
    rows = [
        ("says", diagrams.number_row(said, [percent(value, 0) for value in said], BLUE, 1.0)),
        ("one-hot", diagrams.number_row(target, [f"{value:.0f}" for value in target], BLUE)),
        ("error", diagrams.number_row(error, [signed(value) for value in error])),
    ]
    head = Markup().join(Markup("<th>{}</th>").format(digit) for digit in DIGITS)
    body = Markup().join(Markup('<tr><td class="words">{}</td>{}</tr>').format(name, cells) for name, cells in rows)
    kind = Markup('class="lesson-table lesson-digits"')
    table = Markup("<table {}><thead><tr><th></th>{}</tr></thead><tbody>{}</tbody></table>").format(kind, head, body)
    url = step_pictures.enlarged(image)
    seen = Markup(
        '<img class="lesson-digit" style="width: 4.5rem" decoding="sync" alt="The digit, a {}" src="{}">'
    ).format(label, url)
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        html(seen, width=76)
        st.slider(
            "Which of the 32",
            1,
            BATCH,
            help="Row by row from the top left. Its error is the network's answer minus the one-hot row.",
            persist_state="session",
            width=240,
            key=DIGIT,
        )
    html(Markup('<div class="lesson-scroll">{}</div>').format(table))
    if hidden:
        layout.picture(diagrams.error_path(hidden), "The error goes back from the output through the hidden units.")
        back = forth.errors[0][place]
        cells = diagrams.number_row(back, [signed(value) for value in back])
        html(
            Markup(
                '<div class="lesson-scroll"><table class="lesson-table"><tr><td class="words">hidden</td>{}</tr>'
                "</table></div>"
            ).format(cells)
        )
        silent = int((forth.activations[1][place] == 0).sum())
        st.caption(
            "Each hidden unit gets its share: the ten errors, times its weights to them, added up. "
            f"{silent} of the {descent.HIDDEN} units gave 0 here, so relu lets nothing back to them."
        )
        return
    gradient = error[:, None, None] * image
    _sheet(gradient, list(DIGITS), float(np.abs(gradient).max(initial=0.0)), "gradient of", across=10)
    st.caption(
        "This digit's gradient: the error of each output times each pixel. Where there is no ink, nothing changes. The "
        "step goes against it, by the mean over all 32."
    )


def _sheet(weights: np.ndarray, names: list[str], scale: float, words: str, across: int) -> None:
    figures = Markup().join(
        Markup('<figure><img decoding="sync" alt="{} {}" src="{}">{}</figure>').format(
            words, name, diverging.template(one, scale), name
        )
        for one, name in zip(weights, names, strict=True)
    )
    html(
        Markup('<div class="lesson-sheet" style="grid-template-columns: repeat({}, 1fr)">{}</div>').format(
            across, figures
        )
    )


# --- what happens ---------------------------------------------------------------------------------------------


def _batch(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the 32 digits: images (32, 784) float32 and labels (32,)."""
    rng = np.random.default_rng(st.session_state[SEED])
    where = np.sort(rng.choice(len(dataset.y_train), BATCH, replace=False))
    return dataset.images("train", where).reshape(BATCH, -1), dataset.labels("train", where)


def _begin(dataset: Dataset) -> None:
    st.session_state[STATE] = descent.begin(*_batch(dataset), hidden=bool(st.session_state[HIDDEN]))
    st.session_state[f"{STATE}.data"] = dataset.hash


def _step(dataset: Dataset, steps: int) -> None:
    st.session_state[STATE] = descent.step(
        st.session_state[STATE], *_batch(dataset), learning_rate=float(st.session_state[RATE]), steps=steps
    )


def _draw(dataset: Dataset) -> None:
    st.session_state[SEED] = secrets.randbelow(2**31)
    _begin(dataset)
