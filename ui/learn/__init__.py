"""The nine lessons of the Learn page: table, navigation, progress and frame. To add one: docs/extending.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from trainer.text import counted
from ui import entry, glossary, visitor_file
from ui.learn import convolution, descent, examples, keras, layers, loss, neuron, overfitting, softmax

KEY, LINKED = "learn.lesson", "learn.linked"  # the selected lesson, and the last one named by the URL
OPENED = "learn.opened"  # the lessons that were opened in this session, a frozenset
FILE = "lessons.txt"  # all that this visitor has opened


@dataclass(frozen=True)
class Lesson:
    title: str
    short: str  # its name in the row of lessons
    render: Callable[[], None]
    terms: tuple[str, ...]  # glossary terms explained below it
    task: str  # what to do with its preset on Train
    preset: str


LESSONS = (
    Lesson(
        "What does learning from examples mean?",
        "Examples",
        examples.render,
        ("deep learning", "label", "accuracy", "test digits"),
        "Train a network on 60,000 examples and watch its accuracy rise from 10 %.",
        "tutorial_b",
    ),
    Lesson(
        "What does a neuron do?",
        "Neuron",
        neuron.render,
        ("neuron", "weight", "bias", "sigmoid"),
        "Train ten neurons, one for each digit, and watch their weights turn into pictures of the digits.",
        "perceptron",
    ),
    Lesson(
        "What do layers contain?",
        "Layers",
        layers.render,
        ("activation", "relu", "layer", "dense", "parameter"),
        "Change the units of a layer and see how the number of parameters changes.",
        "tutorial_a",
    ),
    Lesson(
        "How do sums become probabilities?",
        "Softmax",
        softmax.render,
        ("logit", "softmax", "probability", "calibration"),
        "Train a network, then draw a digit with it and read its ten probabilities.",
        "quick_cnn",
    ),
    Lesson(
        "What does a wrong answer cost?",
        "Loss",
        loss.render,
        ("loss", "one-hot", "cross-entropy", "label"),
        "Watch the loss start near 2.3, the price of guessing, and fall.",
        "tutorial_a_faster",
    ),
    Lesson(
        "How does a network learn from its errors?",
        "Descent",
        descent.render,
        ("gradient", "gradient descent", "learning rate", "backpropagation", "batch"),
        "Train with steps that are far too large, and lower the learning rate while it trains.",
        "too_fast",
    ),
    Lesson(
        "What do the tutorials' programs do?",
        "Keras",
        keras.render,
        ("epoch", "batch", "optimizer", "validation", "normalization"),
        "Change a layer of tutorial A and see how the Keras program changes with it.",
        "tutorial_a",
    ),
    Lesson(
        "When does a network memorize instead of learn?",
        "Overfitting",
        overfitting.render,
        ("overfitting", "validation", "dropout", "augmentation", "early stopping"),
        "Let a large network memorize 500 digits: its validation loss turns and rises. Then add dropout.",
        "overfit",
    ),
    Lesson(
        "How does a network find strokes anywhere?",
        "Convolutions",
        convolution.render,
        ("convolution", "filter", "pooling", "flatten"),
        "Train a small convolutional network to 99 % in two epochs.",
        "quick_cnn",
    ),
)


def select_lesson() -> int:
    """Render the row of lessons and return the selected one, from 1; the URL can select one: `?lesson=3`."""
    named = st.query_params.get("lesson", "")
    if named != st.session_state.get(LINKED) and named in [str(place) for place in range(1, len(LESSONS) + 1)]:
        st.session_state[LINKED] = named
        st.session_state[KEY] = int(named)
    st.session_state.setdefault(KEY, 1)
    opened = _opened()
    st.segmented_control(
        "Lesson",
        range(1, len(LESSONS) + 1),
        format_func=lambda place: f"{place} {LESSONS[place - 1].short}{' ✓' if place in opened else ''}",
        required=True,
        on_change=_update_url,
        help="Nine short lessons that follow two well-known tutorials. Each stands on its own.",
        label_visibility="collapsed",
        persist_state="session",
        key=KEY,
    )
    return int(st.session_state[KEY])


def render(place: int) -> None:
    """Render a lesson, its task, its glossary terms, and the buttons to the lessons before and after it."""
    lesson = LESSONS[place - 1]
    st.subheader(f"{place}. {lesson.title}", anchor=False)
    with st.container(key=f"learn.lesson.{place}"):
        lesson.render()
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="learn.task"):
        st.markdown(f"**Your turn.** {lesson.task}", width="stretch")
        st.page_link(
            "pages/train.py",
            label="Try it on Train",
            icon=":material/model_training:",
            query_params={"preset": lesson.preset},
            help="Opens Train with the network and settings for this",
            width="content",
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="learn.words"):
        glossary.render_terms(lesson.terms)
        st.space("stretch")
        with st.container(horizontal=True, gap="small", width="content"):
            if place > 1:
                _render_button(place - 1, "Previous", "arrow_back", "secondary")
            if place < len(LESSONS):
                _render_button(place + 1, "Next", "arrow_forward", "primary")
    opened = _mark_opened(place)
    if place == len(LESSONS):
        _render_end(opened)


def _opened() -> frozenset[int]:
    """Return the lessons that this visitor has opened, now or on an earlier visit."""
    saved = visitor_file.read(FILE).split()
    here: frozenset[int] = st.session_state.get(OPENED, frozenset())
    return here | {place for place in range(1, len(LESSONS) + 1) if str(place) in saved}


def _mark_opened(place: int) -> frozenset[int]:
    """Note that a lesson was opened; return all that were."""
    before = _opened()
    st.session_state[OPENED] = opened = before | {place}
    if opened != before and before:  # who only looks at one lesson leaves no file
        visitor_file.write(FILE, " ".join(map(str, sorted(opened))))
    return opened


def _render_end(opened: frozenset[int]) -> None:
    """Render what follows the last lesson: those not opened yet, or where to go from here."""
    missing = [place for place in range(1, len(LESSONS) + 1) if place not in opened]
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="xsmall", key="learn.end"):
        if missing:
            st.markdown(f"This is the last lesson. You have not opened {counted(len(missing), 'lesson')} yet:")
            for place in missing:
                label = f"{place} {LESSONS[place - 1].short}"
                st.button(label, type="tertiary", on_click=_open, args=(place,), key=f"learn.missing.{place}")
            return
        st.markdown(
            "**You have been through all nine**: you know what a network computes, how it learns, and when it only "
            "memorizes. Now build one that reads your handwriting."
        )
        for page in entry.PAGES:
            if page.name in ("train", "draw", "inside"):
                st.page_link(f"pages/{page.name}.py", icon=f":material/{page.icon}:", width="content")


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
