"""Lesson 7: the tutorials' Keras programs beside the same networks in the app."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from markupsafe import Markup

from trainer.config.dataset_info import DIGITS
from trainer.config.layers import Rescaling
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig, parameter_count, short_form
from trainer.lessons import tutorial_output
from trainer.lessons.loss_curves import probability_columns
from trainer.lessons.tutorials import TUTORIALS
from trainer.networks.diagram import network_diagram
from trainer.text import percent
from ui.components.plot import plot
from ui.html import html, style
from ui.learn import layout

KEY = "learn.tutorial"
STYLE = Path(__file__).with_suffix(".css")


@st.fragment
def render() -> None:
    st.session_state.setdefault(KEY, next(iter(TUTORIALS)))
    st.markdown(
        "**Keras** is the library that both tutorials use and that trains the networks of this app. Each program does "
        "what the Train page does, from loading the digits to reading one of them."
    )
    st.segmented_control(
        "Program",
        TUTORIALS,
        required=True,
        format_func=lambda preset: TUTORIALS[preset].title,
        help="Tutorial A with scaled pixels, as printed, and with a larger learning rate; and tutorial B.",
        label_visibility="collapsed",
        persist_state="session",
        key=KEY,
    )
    tutorial = TUTORIALS[st.session_state[KEY]]
    config = PRESETS[tutorial.preset].config
    style(STYLE)
    left, right = st.columns([11, 9], gap="medium")
    with left:
        st.code(tutorial.code, language="python", wrap_lines=True)
    with right:
        layout.render_picture(network_diagram(config.table), f"The network: {short_form(config)}.")
        st.markdown(f"**{parameter_count(config):,} parameters**. {tutorial.fact}")
        with st.container(horizontal=True, gap="small"):
            st.page_link(
                "pages/train.py",
                label="Open in Train",
                icon=":material/model_training:",
                query_params={"preset": tutorial.preset},
                help="Opens Train with these layers and settings",
                width="content",
            )
            st.page_link(
                "pages/train.py",
                label="Full program",
                icon=":material/code:",
                query_params={"preset": tutorial.preset, "code": "1"},
                help="Shows the complete Keras program on Train, as a script or a notebook to run elsewhere",
                width="content",
            )
        lines = Markup().join(
            Markup("<li><code>{}</code>: {}</li>").format(_call_name(code), explanation)
            for code, explanation in tutorial.lines[1:]
        )
        html(Markup('<ul style="padding-left: 1.1rem; margin: 0; font-size: 0.875rem">{}</ul>').format(lines))
    _render_output(tutorial.preset, config)


def _render_output(preset: str, config: TrainingConfig) -> None:
    """Render what the program prints and plots."""
    st.markdown("**What it prints and plots**")
    output = tutorial_output.OUTPUTS[preset]
    summary, curves, prediction = st.columns([9, 8, 8], gap="medium")
    with summary:
        st.markdown("`model.summary()`")
        html(Markup('<div class="lesson-scroll">{}</div>').format(_summary_table(config)))
        st.caption("None stands for the number of images, which may differ from batch to batch.")
    with curves:
        st.markdown("`plt.show()`")
        last = percent(output.accuracies[-1])
        alt = f"Accuracy over {len(output.accuracies)} epochs, at the end {last}."
        plot(tutorial_output.accuracy_chart(output), "learn.tutorial.curves", alt)
    with prediction:
        st.markdown(f"`accuracy` **{output.test_accuracy:.4f}**, `probabilities` of a {output.label}:")
        answer = output.probabilities.index(max(output.probabilities))
        plot(
            probability_columns(output.probabilities, DIGITS, height=200),
            "learn.tutorial.probabilities",
            f"Ten probabilities; the largest is that of {answer}.",
        )
        st.markdown(f"`probabilities.argmax()` **{answer}**")
    st.caption("Recorded when the program ran once on MNIST. Other runs differ a little.")


def _summary_table(config: TrainingConfig) -> Markup:
    """Return the table of `model.summary()`."""
    rows = [row for row in config.table if not isinstance(row.layer, Rescaling)]  # stands for pixels of 0 to 255
    body = Markup().join(
        Markup('<tr><td class="words">{}</td><td>({})</td><td>{:,}</td></tr>').format(
            type(row.layer).__name__, ", ".join(map(str, ("None", *row.output_shape))), row.parameters
        )
        for row in rows
    )
    total = Markup('<tr class="total"><td class="words">Total params</td><td></td><td>{:,}</td></tr>').format(
        parameter_count(config)
    )
    head = Markup("<thead><tr><th>Layer (type)</th><th>Output Shape</th><th>Param #</th></tr></thead>")
    return Markup('<table class="lesson-table">{}<tbody>{}{}</tbody></table>').format(head, body, total)


def _call_name(code: str) -> str:
    """Return the name of the call in a part of the program."""
    calls = ("load_data", "to_categorical", "Sequential", "summary", "compile", "evaluate", "fit", "plot", "predict")
    return next((call for call in calls if f"{call}(" in code), "/ 255")
