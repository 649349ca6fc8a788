"""Lesson 6: gradient descent on 32 real digits, one step at a time, and backpropagation of one digit's error."""

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
from trainer.figures.images import marked_digits
from trainer.figures.palette import BLUE
from trainer.lessons import descent, diagrams
from trainer.lessons.descent import Descent, Pass
from trainer.text import counted, number, percent, signed
from ui import dataset_loader
from ui.components.plot import plot
from ui.html import html
from ui.learn import layout

STATE, SEED, HIDDEN, RATE, VIEW, DIGIT = (
    f"learn.descent.{name}" for name in ("state", "seed", "hidden", "rate", "look", "digit")
)
BATCH_SIZE = 32
RATES = {0.001: "too small", 0.01: "", 0.1: "right", 0.5: "", 5.0: "too large"}
NETWORKS = {False: "One layer", True: f"{descent.HIDDEN_UNITS} hidden units"}
WEIGHTS, CHANGE, ERROR = "Weights", "Last change", "One digit's error"
STEPS_AT_ONCE = 10


def render() -> None:
    st.markdown(
        "The network predicts 32 digits. For each weight, the **gradient** tells how fast the loss would grow if that "
        "weight grew. One **step** moves every weight a little in the opposite direction: by the **learning rate** "
        "times its gradient."
    )
    dataset = dataset_loader.load()
    if dataset is not None:
        _render_descent(dataset)


@st.fragment
def _render_descent(dataset: Dataset) -> None:
    for key, first in ((SEED, 0), (HIDDEN, False), (RATE, 0.1), (VIEW, WEIGHTS), (DIGIT, 1)):
        st.session_state.setdefault(key, first)
    images, labels = _batch(dataset)
    if STATE not in st.session_state or st.session_state.get(f"{STATE}.data") != dataset.hash:
        _reset(dataset)
    left, right = st.columns([9, 11], gap="medium")
    with left:
        _render_controls(dataset)
    state: Descent = st.session_state[STATE]
    forward = descent.forward_backward(state.layers, images, labels)
    with left:
        _render_result(state, forward)
        predictions = forward.probabilities.argmax(axis=1).tolist() if state.steps else None
        sheet = marked_digits(
            np.rint(255 * images).astype(np.uint8).reshape(-1, SIZE, SIZE), labels.tolist(), predictions
        )
        correct = round(forward.accuracy * BATCH_SIZE)
        layout.render_picture(sheet, f"The {BATCH_SIZE} digits; the network reads {correct} of them correctly.")
    with right:
        alt = f"The loss over {counted(state.steps, 'step')}, now {forward.loss:.3f}."
        plot(descent.descent_curve(state.losses), "learn.descent.curve", alt)
        st.segmented_control(
            "View",
            (WEIGHTS, CHANGE, ERROR),
            required=True,
            help="What the network has learned, what the last step changed, or how one digit's error changes "
            "the weights.",
            label_visibility="collapsed",
            persist_state="session",
            key=VIEW,
        )
        if st.session_state[VIEW] == ERROR:
            _render_error(state, forward, images, labels)
        else:
            _render_weights(state)


def _render_controls(dataset: Dataset) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.segmented_control(
            "Network",
            NETWORKS,
            required=True,
            format_func=NETWORKS.get,
            on_change=_reset,
            args=(dataset,),
            persist_state="session",
            key=HIDDEN,
        )
        st.select_slider(
            "Learning rate",
            RATES,
            format_func=lambda rate: f"{number(rate)} {RATES[rate]}".strip(),
            help="Too small: the loss hardly falls. Too large: the steps overshoot, and the loss jumps up.",
            persist_state="session",
            width=140,
            key=RATE,
        )
    with st.container(horizontal=True, gap="small"):
        for label, steps, kind in (("One step", 1, "primary"), (f"{STEPS_AT_ONCE} steps", STEPS_AT_ONCE, "secondary")):
            st.button(
                label,
                type="primary" if kind == "primary" else "secondary",
                help="Updates all weights once." if steps == 1 else f"Repeats the step {steps} times.",
                on_click=_step,
                args=(dataset, steps),
                key=f"learn.descent.{steps}",
            )
        st.button(
            "Reset",
            help="Discards what the network has learned.",
            on_click=_reset,
            args=(dataset,),
            key="learn.descent.new",
        )
        st.button(
            "Other digits",
            help=f"Draws {BATCH_SIZE} other training digits and resets the network.",
            on_click=_draw_digits,
            args=(dataset,),
            key="learn.descent.draw",
        )


def _render_result(state: Descent, forward: Pass) -> None:
    """Render the effect of the last step on the loss."""
    accuracy = f"The network reads {round(forward.accuracy * BATCH_SIZE)} of the {BATCH_SIZE} correctly."
    now = forward.loss
    if not state.steps:
        start = "all weights are 0, so each digit gets 10 %" if len(state.layers) == 1 else "the weights are random"
        st.markdown(f"**Loss {now:.3f}** before the first step: {start}. Take a step.")
        return
    before = state.losses[-2]
    if not math.isfinite(now):
        st.markdown(
            "**The loss became infinite**: the steps were far too large. Reset and use a smaller learning rate."
        )
        return
    change = now - before
    direction = "fell" if change < 0 else "rose"
    verdict = "the step overshot" if change > 0 else "a very small step" if -change < 0.005 * before else "downhill"
    st.markdown(
        f"**Loss {before:.3f} → {now:.3f}**: in step {state.steps} the loss {direction} by "
        f"{abs(change):.3f}, {verdict}. {accuracy}"
    )


def _render_weights(state: Descent) -> None:
    """Render the first layer's weights, or their last change, as images."""
    change = st.session_state[VIEW] == CHANGE
    kernel = (state.change if change else state.layers)[0][0]
    hidden = len(state.layers) > 1
    names = [f"unit {unit + 1}" for unit in range(descent.HIDDEN_UNITS)] if hidden else list(DIGITS)
    largest = float(np.abs(np.nan_to_num(kernel)).max(initial=0.0))
    content = "change of the weights" if change else "weights"
    _render_sheet(kernel.T.reshape(-1, SIZE, SIZE), names, largest, f"{content} of", across=8 if hidden else 5)
    if not largest:
        st.caption("All 0 so far. Take a step to see them change.")
    else:
        target = "unit" if hidden else "digit"
        st.caption(f"Blue: ink here speaks for the {target}. Orange: against it. Largest value: {number(largest, 3)}.")


def _render_error(state: Descent, forward: Pass, images: np.ndarray, labels: np.ndarray) -> None:
    """Render one digit's error and its way from the output back to the weights."""
    hidden = len(state.layers) > 1
    place = int(st.session_state[DIGIT]) - 1
    image, label = images[place].reshape(SIZE, SIZE), int(labels[place])
    error, predicted = forward.errors[-1][place], forward.probabilities[place]
    target = np.eye(len(DIGITS))[label]
    rows = [
        ("predicted", diagrams.tinted_cells(predicted, [percent(value, 0) for value in predicted], BLUE, 1.0)),
        ("one-hot", diagrams.tinted_cells(target, [f"{value:.0f}" for value in target], BLUE)),
        ("error", diagrams.tinted_cells(error, [signed(value) for value in error])),
    ]
    head = Markup().join(Markup("<th>{}</th>").format(digit) for digit in DIGITS)
    body = Markup().join(Markup('<tr><td class="words">{}</td>{}</tr>').format(name, cells) for name, cells in rows)
    kind = Markup('class="lesson-table lesson-digits"')
    table = Markup("<table {}><thead><tr><th></th>{}</tr></thead><tbody>{}</tbody></table>").format(kind, head, body)
    url = step_pictures.enlarged_url(image)
    picture = Markup(
        '<img class="lesson-digit" style="width: 4.5rem" decoding="sync" alt="The digit, a {}" src="{}">'
    ).format(label, url)
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        html(picture, width=76)
        st.slider(
            "Digit",
            1,
            BATCH_SIZE,
            help="Counted row by row from the top left. Its error is the prediction minus the one-hot label.",
            persist_state="session",
            width=240,
            key=DIGIT,
        )
    html(Markup('<div class="lesson-scroll">{}</div>').format(table))
    if hidden:
        layout.render_picture(
            diagrams.backpropagation_diagram(hidden), "The errors go back from the output through the hidden units."
        )
        back = forward.errors[0][place]
        cells = diagrams.tinted_cells(back, [signed(value) for value in back])
        html(
            Markup(
                '<div class="lesson-scroll"><table class="lesson-table"><tr><td class="words">hidden</td>{}</tr>'
                "</table></div>"
            ).format(cells)
        )
        inactive = int((forward.activations[1][place] == 0).sum())
        st.caption(
            "The error of a hidden unit is the sum of the ten output errors, each times the weight between them. "
            f"{inactive} of the {descent.HIDDEN_UNITS} units output 0 here, so relu passes no error back to them."
        )
        return
    gradient = error[:, None, None] * image
    _render_sheet(gradient, list(DIGITS), float(np.abs(gradient).max(initial=0.0)), "gradient of", across=10)
    st.caption(
        "This digit's gradient: the error of each output times each pixel. Without ink the gradient is 0. The step "
        "goes against the mean gradient of all 32 digits."
    )


def _render_sheet(weights: np.ndarray, names: list[str], scale: float, alt: str, across: int) -> None:
    figures = Markup().join(
        Markup('<figure><img decoding="sync" alt="{} {}" src="{}">{}</figure>').format(
            alt, name, diverging.weights_url(one, scale), name
        )
        for one, name in zip(weights, names, strict=True)
    )
    html(
        Markup('<div class="lesson-sheet" style="grid-template-columns: repeat({}, 1fr)">{}</div>').format(
            across, figures
        )
    )


# --- state and actions ----------------------------------------------------------------------------------------


def _batch(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the 32 digits: images (32, 784) float32 and labels (32,)."""
    rng = np.random.default_rng(st.session_state[SEED])
    where = np.sort(rng.choice(len(dataset.y_train), BATCH_SIZE, replace=False))
    return dataset.images("train", where).reshape(BATCH_SIZE, -1), dataset.labels("train", where)


def _reset(dataset: Dataset) -> None:
    st.session_state[STATE] = descent.start(*_batch(dataset), hidden=bool(st.session_state[HIDDEN]))
    st.session_state[f"{STATE}.data"] = dataset.hash


def _step(dataset: Dataset, steps: int) -> None:
    st.session_state[STATE] = descent.step(
        st.session_state[STATE], *_batch(dataset), learning_rate=float(st.session_state[RATE]), steps=steps
    )


def _draw_digits(dataset: Dataset) -> None:
    st.session_state[SEED] = secrets.randbelow(2**31)
    _reset(dataset)
