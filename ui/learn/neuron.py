"""Lesson 2: a neuron that tells squares from circles, with its two weights and its bias on sliders."""

from __future__ import annotations

import streamlit as st

from trainer.lessons import diagrams
from trainer.lessons.neuron import MOST, SETS, SIGMOID, STEP, Neuron, plane
from trainer.text import counted
from ui.components.plot import plot
from ui.learn import layout

WEIGHT_1, WEIGHT_2, BIAS, KIND, SET, PLACE, LEARNED = (
    f"learn.neuron.{name}" for name in ("weight_1", "weight_2", "bias", "output", "points", "place", "steps")
)
MANY = 20  # steps at once
FIRST = Neuron(1.0, -1.5, 0.5)
WORDS = {
    "Two groups": "A straight line can part these.",
    "They overlap": "No line parts all of these: some stay on the wrong side. Most of real life is like this.",
    "Crosswise": "Squares lie in two corners, circles in the other two. One line never parts them: it takes a second "
    "layer. In 1969 that alone stopped most of the work on neurons for years.",
}


@st.fragment
def show() -> None:
    st.session_state.setdefault(SET, next(iter(SETS)))
    st.session_state.setdefault(KIND, STEP)
    if WEIGHT_1 not in st.session_state:
        _keep(FIRST)
    st.markdown(
        "A **neuron** multiplies each number that comes in by a **weight**, adds a **bias**, and makes an output of "
        "the sum. Where the sum is 0 lies its line. Move the line so that the squares lie on the blue side."
    )
    left, right = st.columns(2, gap="medium")
    with left:
        with st.container(horizontal=True, gap="small"):
            st.selectbox(
                "Points",
                SETS,
                help="Try all three: one line can part only the first.",
                persist_state="session",
                width=200,
                key=SET,
            )
            st.segmented_control(
                "Output",
                (STEP, SIGMOID),
                required=True,
                help="A step says yes or no. A sigmoid says how sure it is, from 0 to 1, so that it can learn by small "
                "improvements.",
                persist_state="session",
                key=KIND,
            )
        about = st.container()
        _sliders()
        _buttons()
    neuron, points, kind = _neuron(), SETS[st.session_state[SET]], st.session_state[KIND]
    with about:
        alt = f"A neuron: x times {neuron.weight_1:g} plus y times {neuron.weight_2:g} plus {neuron.bias:g}."
        layout.picture(diagrams.neuron((neuron.weight_1, neuron.weight_2), neuron.bias, kind), alt)
    right_ones, number = int(neuron.right(points).sum()), len(points.labels)
    with right:
        done = " All of them!" if right_ones == number else ""
        st.markdown(f"**{right_ones} of {number} right.**{done}")
        plot(plane(neuron, points, kind), "learn.neuron.plane", f"{right_ones} of {number} points on their side.")
        taught = st.session_state.get(LEARNED, 0)
        after = f" It has learned for {counted(taught, 'step')}." if taught else ""
        st.caption(f"{WORDS[st.session_state[SET]]}{after}")


def _sliders() -> None:
    sliders = (
        (WEIGHT_1, "Weight of x", "How much x counts: above 0 for a square, below 0 for a circle."),
        (WEIGHT_2, "Weight of y", "How much y counts. Both weights together turn the line."),
        (BIAS, "Bias", "It is added whatever comes in: it moves the line without turning it."),
    )
    with st.grid(3, min_column_width=100):
        for key, label, words in sliders:
            st.slider(label, -MOST, MOST, step=0.1, format="%.1f", help=words, persist_state="session", key=key)


def _buttons() -> None:
    rule = (
        "The perceptron's rule: the next misread point is added to the weights if it is a square, else taken away."
        if st.session_state[KIND] == STEP
        else "A step of gradient descent: all points together pull the weights a little, the worst misread the most."
    )
    with st.container(horizontal=True, gap="small"):
        st.button("Learn one step", type="primary", help=rule, on_click=_learn, args=(1,), key="learn.neuron.one")
        st.button(
            f"{MANY} steps", help=f"{MANY} times the same.", on_click=_learn, args=(MANY,), key="learn.neuron.many"
        )
        st.button(
            "Start anew", help="Put the line back where it was.", on_click=_keep, args=(FIRST,), key="learn.neuron.new"
        )


def _neuron() -> Neuron:
    return Neuron(*(float(st.session_state[key]) for key in (WEIGHT_1, WEIGHT_2, BIAS)))


def _keep(neuron: Neuron, steps: int = 0) -> None:
    st.session_state[WEIGHT_1], st.session_state[WEIGHT_2] = neuron.weight_1, neuron.weight_2
    st.session_state[BIAS] = neuron.bias
    st.session_state[LEARNED] = steps


def _learn(steps: int) -> None:
    neuron, points = _neuron(), SETS[st.session_state[SET]]
    place, taken = st.session_state.get(PLACE, -1), 0
    for _ in range(steps):
        if st.session_state[KIND] == STEP:
            neuron, found = neuron.corrected(points, place)
            if found is None:
                break
            place = found
        else:
            neuron = neuron.descended(points)
        taken += 1
    st.session_state[PLACE] = place
    _keep(neuron, st.session_state.get(LEARNED, 0) + taken)
