"""The seven lessons of the Learn page: table, navigation and frame. To add one: docs/extending.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from ui import glossary
from ui.learn import descent, examples, keras, layers, loss, neuron, softmax

KEY, LINKED = "learn.lesson", "learn.linked"  # the selected lesson, and the last one named by the URL


@dataclass(frozen=True)
class Lesson:
    title: str
    short: str  # its name in the row of lessons
    render: Callable[[], None]
    terms: tuple[str, ...]  # glossary terms explained below it


LESSONS = (
    Lesson(
        "What does learning from examples mean?",
        "Examples",
        examples.render,
        ("deep learning", "label", "accuracy", "test digits"),
    ),
    Lesson("What does a neuron do?", "Neuron", neuron.render, ("neuron", "weight", "bias", "sigmoid")),
    Lesson(
        "What do layers contain?",
        "Layers",
        layers.render,
        ("activation", "relu", "layer", "dense", "parameter"),
    ),
    Lesson(
        "How do sums become probabilities?",
        "Softmax",
        softmax.render,
        ("logit", "softmax", "probability", "calibration"),
    ),
    Lesson(
        "What does a wrong answer cost?",
        "Loss",
        loss.render,
        ("loss", "one-hot", "cross-entropy", "label"),
    ),
    Lesson(
        "How does a network learn from its errors?",
        "Descent",
        descent.render,
        ("gradient", "gradient descent", "learning rate", "backpropagation", "batch"),
    ),
    Lesson(
        "What do the tutorials' programs do?",
        "Keras",
        keras.render,
        ("epoch", "batch", "optimizer", "validation", "normalization"),
    ),
)


def select_lesson() -> int:
    """Render the row of lessons and return the selected one, from 1; the URL can select one: `?lesson=3`."""
    named = st.query_params.get("lesson", "")
    if named != st.session_state.get(LINKED) and named in [str(place) for place in range(1, len(LESSONS) + 1)]:
        st.session_state[LINKED] = named
        st.session_state[KEY] = int(named)
    st.session_state.setdefault(KEY, 1)
    st.segmented_control(
        "Lesson",
        range(1, len(LESSONS) + 1),
        format_func=lambda place: f"{place} {LESSONS[place - 1].short}",
        required=True,
        on_change=_update_url,
        help="Seven short lessons that follow two well-known tutorials. Each stands on its own.",
        label_visibility="collapsed",
        persist_state="session",
        key=KEY,
    )
    return int(st.session_state[KEY])


def render(place: int) -> None:
    """Render a lesson, its glossary terms, and the buttons to the lessons before and after it."""
    lesson = LESSONS[place - 1]
    st.subheader(f"{place}. {lesson.title}", anchor=False)
    with st.container(key=f"learn.lesson.{place}"):
        lesson.render()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="learn.words"):
        glossary.render_terms(lesson.terms)
        st.space("stretch")
        if place > 1:
            _render_button(place - 1, "Previous", "arrow_back", "secondary")
        if place < len(LESSONS):
            _render_button(place + 1, "Next", "arrow_forward", "primary")


def _render_button(place: int, word: str, icon: str, kind: str) -> None:
    lesson = LESSONS[place - 1]
    st.button(
        f"{word}: {lesson.short}",
        icon=f":material/{icon}:",
        icon_position="right" if word == "Next" else "left",
        type="primary" if kind == "primary" else "secondary",
        help=lesson.title,
        on_click=_open,
        args=(place,),
        key=f"learn.{word.lower()}",
    )


def _open(place: int) -> None:
    st.session_state[KEY] = place
    _update_url()


def _update_url() -> None:
    st.session_state[LINKED] = st.query_params["lesson"] = str(st.session_state[KEY])
