"""The seven lessons of the Learn page, in the order of the tutorials: which there are, and which is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from ui import glossary
from ui.learn import descent, examples, keras, layers, loss, neuron, softmax

KEY, LINKED = "learn.lesson", "learn.linked"  # the lesson that is shown, and the one that the URL has named


@dataclass(frozen=True)
class Lesson:
    title: str
    short: str  # for the row of all of them
    show: Callable[[], None]
    terms: tuple[str, ...]  # of the glossary, which are explained below it


LESSONS = (
    Lesson(
        "What does learning from examples mean?",
        "Examples",
        examples.show,
        ("deep learning", "label", "accuracy", "test digits"),
    ),
    Lesson("What does a neuron do?", "Neuron", neuron.show, ("neuron", "weight", "bias", "sigmoid")),
    Lesson(
        "What do layers hold?",
        "Layers",
        layers.show,
        ("activation", "relu", "layer", "dense", "parameter"),
    ),
    Lesson(
        "How do sums become probabilities?",
        "Softmax",
        softmax.show,
        ("logit", "softmax", "probability", "calibration"),
    ),
    Lesson(
        "What does a wrong answer cost?",
        "Loss",
        loss.show,
        ("loss", "one-hot", "cross-entropy", "label"),
    ),
    Lesson(
        "How does a network learn from its errors?",
        "Descent",
        descent.show,
        ("gradient", "gradient descent", "learning rate", "backpropagation", "batch"),
    ),
    Lesson(
        "What do the tutorials' programs do?",
        "Keras",
        keras.show,
        ("epoch", "batch", "optimizer", "validation", "normalisation"),
    ),
)


def ask() -> int:
    """Ask which lesson to show, from 1; `?lesson=3` in the URL names one as well."""
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
        on_change=_follow,
        help="Seven short lessons. Each stands on its own; they follow the two tutorials that this app grew from.",
        label_visibility="collapsed",
        persist_state="session",
        key=KEY,
    )
    return int(st.session_state[KEY])


def show(place: int) -> None:
    """Show a lesson, the words it uses and the way on."""
    lesson = LESSONS[place - 1]
    st.subheader(f"{place}. {lesson.title}", anchor=False)
    with st.container(key=f"learn.lesson.{place}"):
        lesson.show()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="learn.words"):
        glossary.show_words(lesson.terms)
        st.space("stretch")
        if place > 1:
            _button(place - 1, "Previous", "arrow_back", "secondary")
        if place < len(LESSONS):
            _button(place + 1, "Next", "arrow_forward", "primary")


def _button(place: int, word: str, icon: str, kind: str) -> None:
    lesson = LESSONS[place - 1]
    st.button(
        f"{word}: {lesson.short}",
        icon=f":material/{icon}:",
        icon_position="right" if word == "Next" else "left",
        type="primary" if kind == "primary" else "secondary",
        help=lesson.title,
        on_click=_go,
        args=(place,),
        key=f"learn.{word.lower()}",
    )


def _go(place: int) -> None:
    st.session_state[KEY] = place
    _follow()


def _follow() -> None:
    st.session_state[LINKED] = st.query_params["lesson"] = str(st.session_state[KEY])
