"""Lesson 3: activation functions on shared axes, and the parameters of a network, layer by layer."""

from __future__ import annotations

import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.config.limits import choice_label
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig, parameter_count, short_form
from trainer.lessons.activations import ACTIVATIONS, DESCRIPTIONS, MAX_SUM, activation_value, function_curves
from trainer.networks.diagram import network_diagram
from trainer.text import decimal, number, percent
from ui import network_picker
from ui.components.plot import plot
from ui.html import html
from ui.learn import layout

SHOWN, AT, NETWORK = "learn.activations", "learn.sum", "learn.network"
TRAIN = "train"  # the option for the network on the Train page
PRESET_NAMES = ("tutorial_a", "tutorial_b", "perceptron", "small_cnn")
MAX_TRAINED_NETWORKS = 10  # to choose from


def render() -> None:
    left, right = st.columns([9, 11], gap="medium")
    with left:
        _render_activations()
    with right:
        _render_parameters()


@st.fragment
def _render_activations() -> None:
    st.session_state.setdefault(SHOWN, ["relu", "sigmoid", "tanh"])
    st.session_state.setdefault(AT, 1.0)
    st.markdown(
        "A unit passes its sum through an **activation**. Without it, several layers could do no more than one."
    )
    st.pills(
        "Activations",
        ACTIVATIONS,
        format_func=_label,
        selection_mode="multi",
        help="All activations that Train offers, except softmax, the topic of lesson 4.",
        label_visibility="collapsed",
        persist_state="session",
        key=SHOWN,
    )
    st.slider(
        "Sum",
        -MAX_SUM,
        MAX_SUM,
        step=0.1,
        format="%.1f",
        help="Move it to see the output of each function.",
        persist_state="session",
        key=AT,
    )
    names, marked_sum = [name for name in ACTIVATIONS if name in st.session_state[SHOWN]], float(st.session_state[AT])
    outputs = ", ".join(f"{_label(name)} {decimal(activation_value(name, marked_sum))}" for name in names)
    plot(
        function_curves(names, marked_sum),
        "learn.activations.curves",
        f"Outputs for the sum {number(marked_sum)}: {outputs or 'no activation selected'}.",
    )
    if not names:
        st.caption("Select an activation above to see its curve.")
    st.caption(
        "  \n".join(
            f"**{_label(name)}({number(marked_sum)}) = {number(activation_value(name, marked_sum), 3)}**: "
            f"{DESCRIPTIONS[name]}."
            for name in names
        )
    )


@st.fragment
def _render_parameters() -> None:
    networks = _networks()
    if st.session_state.get(NETWORK) not in networks:
        st.session_state[NETWORK] = next(iter(networks))
    st.markdown(
        "A network learns its **parameters**: each unit of a dense layer has one weight for each input, and one bias."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            "Parameters of",
            networks,
            format_func=lambda key: networks[key][0] if key in networks else key,
            help="A tutorial's network, the one on the Train page, or one that was trained here.",
            persist_state="session",
            key=NETWORK,
        )
        st.page_link("pages/train.py", label="Build your own", icon=":material/model_training:", width="content")
    config = networks[st.session_state[NETWORK]][1]
    total = parameter_count(config)
    html(Markup('<div class="lesson-scroll">{}</div>').format(_table(config)))
    largest = max(config.table, key=lambda row: row.parameters)
    st.markdown(
        f"**{total:,} parameters**, {4 * total / 1e6:,.2f} MB at 4 bytes each. "
        f"{percent(largest.parameters / max(total, 1), 0)} of them are in `{largest.name}`."
    )
    layout.render_picture(network_diagram(config.table), f"The network: {short_form(config)}.", rem=22)


def _label(activation: str) -> str:
    return choice_label("activation", activation)


def _networks() -> dict[str, tuple[str, TrainingConfig]]:
    """Return the networks to choose from: title and config, by a stable key."""
    found = {}
    if "draft" in st.session_state:
        try:
            layers, settings = st.session_state.draft.form
            config = TrainingConfig(layers=layers, **settings)
            found[TRAIN] = f"On Train: {short_form(config)}", config
        except UserError:  # not valid yet: Train says why
            pass
    found |= {name: (PRESETS[name].title, PRESETS[name].config) for name in PRESET_NAMES}
    known, texts = network_picker.available()
    return found | {
        key: (texts[key], known[key].config) for key in list(known)[: 1 + MAX_TRAINED_NETWORKS] if known[key].readable
    }


def _table(config: TrainingConfig) -> Markup:
    total = max(1, parameter_count(config))
    rows = Markup().join(
        Markup(
            '<tr><td class="words"><b>{}</b><br>{}</td>'
            "<td>{}</td><td>{:,}</td>"
            '<td class="bar" style="width: 18%">'
            '<span class="lesson-bar" style="width: {:.1f}%"></span></td></tr>'
        ).format(
            row.name,
            _calculation(row.layer.arithmetic(row.input_shape)),
            " × ".join(f"{size:,}" for size in row.output_shape),
            row.parameters,
            100 * row.parameters / total,
        )
        for row in config.table
        if row.parameters or not row.implied
    )
    return Markup(
        '<table class="lesson-table"><thead><tr><th>Layer</th><th>Output</th><th>Parameters</th>'
        '<th class="words">Share</th></tr></thead><tbody>{}</tbody></table>'
    ).format(rows)


def _calculation(arithmetic: str) -> str:
    """Return a calculation without its result, which has its own column."""
    return arithmetic.rpartition(" = ")[0] or "no weights"
