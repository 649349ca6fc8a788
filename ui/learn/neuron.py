"""Lesson 2: a neuron that separates squares from circles, with sliders for its weights and bias."""

from __future__ import annotations

import streamlit as st

from trainer.lessons import diagrams
from trainer.lessons.neuron import MAX_WEIGHT, POINT_SETS, SIGMOID, STEP, Neuron, neuron_chart
from trainer.text import counted, number
from ui.components.plot import plot
from ui.learn import layout

WEIGHT_1, WEIGHT_2, BIAS, KIND, SET, PLACE, LEARNED = (
    f"learn.neuron.{name}" for name in ("weight_1", "weight_2", "bias", "output", "points", "place", "steps")
)
STEPS_AT_ONCE = 20
FIRST = Neuron(1.0, -1.5, 0.5)
NOTES = {
    "Two groups": "A straight line separates these.",
    "They overlap": "No line separates all of these: some points stay on the wrong side. Real data is often like that.",
    "Crosswise": "Squares lie in two opposite corners, circles in the other two. No single line separates them: that "
    "takes a second layer. After this limit was published in 1969, most research on neurons stopped for years.",
}


@st.fragment
def render() -> None:
    st.session_state.setdefault(SET, next(iter(POINT_SETS)))
    st.session_state.setdefault(KIND, STEP)
    if WEIGHT_1 not in st.session_state:
        _set(FIRST)
    st.markdown(
        "A **neuron** multiplies each input by a **weight**, adds the products and a **bias**, and turns the "
        "sum into an output. Its line is where the sum is 0. Move it until all squares are on the blue side."
    )
    left, right = st.columns(2, gap="medium")
    with left:
        with st.container(horizontal=True, gap="small"):
            st.selectbox(
                "Points",
                POINT_SETS,
                persist_state="session",
                width=200,
                key=SET,
            )
            st.segmented_control(
                "Output",
                (STEP, SIGMOID),
                required=True,
                help="A step outputs 0 or 1. A sigmoid outputs any value between 0 and 1, so that the neuron can "
                "improve little by little.",
                persist_state="session",
                key=KIND,
            )
        diagram = st.container()
        _render_sliders()
        _render_buttons()
    neuron, points, kind = _neuron(), POINT_SETS[st.session_state[SET]], st.session_state[KIND]
    with diagram:
        x, y, bias = map(number, (neuron.weight_1, neuron.weight_2, neuron.bias))
        alt = f"A neuron: x times {x} plus y times {y} plus {bias}."
        layout.render_picture(diagrams.neuron_diagram((neuron.weight_1, neuron.weight_2), neuron.bias, kind), alt)
    correct, total = int(neuron.correct(points).sum()), len(points.labels)
    with right:
        praise = " All of them!" if correct == total else ""
        st.markdown(f"**{correct} of {total} correct.**{praise}")
        plot(
            neuron_chart(neuron, points, kind),
            "learn.neuron.plane",
            f"{correct} of {total} points on the correct side.",
        )
        steps = st.session_state.get(LEARNED, 0)
        progress = f" Trained for {counted(steps, 'step')}." if steps else ""
        st.caption(f"{NOTES[st.session_state[SET]]}{progress}")


def _render_sliders() -> None:
    help = "The weights turn the line: how much x and y count, and for which shape. The bias moves it."
    with st.grid(3, min_column_width=100):
        for key, label in ((WEIGHT_1, "Weight of x"), (WEIGHT_2, "Weight of y"), (BIAS, "Bias")):
            st.slider(
                label,
                -MAX_WEIGHT,
                MAX_WEIGHT,
                step=0.1,
                format="%.1f",
                help=help if key == WEIGHT_1 else None,
                persist_state="session",
                key=key,
            )


def _render_buttons() -> None:
    rule = (
        "The perceptron rule: adds the next misclassified point to the weights if it is a square, else subtracts it."
        if st.session_state[KIND] == STEP
        else "A step of gradient descent: all points pull on the weights, those with the largest errors most."
    )
    with st.container(horizontal=True, gap="small"):
        st.button("Take one step", type="primary", help=rule, on_click=_learn, args=(1,), key="learn.neuron.one")
        st.button(
            f"{STEPS_AT_ONCE} steps",
            help=f"Repeats the step {STEPS_AT_ONCE} times.",
            on_click=_learn,
            args=(STEPS_AT_ONCE,),
            key="learn.neuron.many",
        )
        st.button(
            "Reset", help="Puts the line back where it started.", on_click=_set, args=(FIRST,), key="learn.neuron.new"
        )


def _neuron() -> Neuron:
    return Neuron(*(float(st.session_state[key]) for key in (WEIGHT_1, WEIGHT_2, BIAS)))


def _set(neuron: Neuron, steps: int = 0) -> None:
    st.session_state[WEIGHT_1], st.session_state[WEIGHT_2] = neuron.weight_1, neuron.weight_2
    st.session_state[BIAS] = neuron.bias
    st.session_state[LEARNED] = steps


def _learn(steps: int) -> None:
    neuron, points = _neuron(), POINT_SETS[st.session_state[SET]]
    place, taken = st.session_state.get(PLACE, -1), 0
    for _ in range(steps):
        if st.session_state[KIND] == STEP:
            neuron, found = neuron.perceptron_step(points, place)
            if found is None:
                break
            place = found
        else:
            neuron = neuron.gradient_step(points)
        taken += 1
    st.session_state[PLACE] = place
    _set(neuron, st.session_state.get(LEARNED, 0) + taken)
