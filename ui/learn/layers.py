"""Lesson 3: activation functions on the same axes, and the parameters of a network, layer by layer."""

from __future__ import annotations

import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig, parameter_count, short_form
from trainer.lessons.activations import FUNCTIONS, NOTES, REACH, function_curves, value
from trainer.networks.diagram import network_picture
from trainer.text import percent
from ui import network_picker
from ui.components.plot import plot
from ui.html import html
from ui.learn import layout

SHOWN, AT, NETWORK = "learn.activations", "learn.sum", "learn.network"
TRAIN = "train"  # the choice that stands for what is on the Train page now
PICKED = ("tutorial_a", "tutorial_b", "perceptron", "small_cnn")
OWN = 10  # trained networks to choose from


def show() -> None:
    left, right = st.columns([9, 11], gap="medium")
    with left:
        _activations()
    with right:
        _parameters()


@st.fragment
def _activations() -> None:
    st.session_state.setdefault(SHOWN, ["relu", "sigmoid", "tanh"])
    st.session_state.setdefault(AT, 1.0)
    st.markdown(
        "A unit bends its sum by its **activation**. Without the bend, layers upon layers could do no more than one."
    )
    st.pills(
        "Activations",
        FUNCTIONS,
        selection_mode="multi",
        help="All that a layer can have on Train, but softmax, which lesson 4 is about.",
        label_visibility="collapsed",
        persist_state="session",
        key=SHOWN,
    )
    st.slider(
        "Sum that comes in",
        -REACH,
        REACH,
        step=0.1,
        format="%.1f",
        help="Move it, and see what each function makes of it.",
        persist_state="session",
        key=AT,
    )
    names, at = [name for name in FUNCTIONS if name in st.session_state[SHOWN]], float(st.session_state[AT])
    said = ", ".join(f"{name} {value(name, at):.2f}" for name in names)
    plot(function_curves(names, at), "learn.activations.curves", f"Of {at:g} they make: {said or 'nothing chosen'}.")
    if not names:
        st.caption("Choose an activation above, and its curve stands here.")
    st.caption("  \n".join(f"**{name}({at:g}) = {value(name, at):.3g}**: {NOTES[name]}." for name in names))


@st.fragment
def _parameters() -> None:
    networks = _networks()
    if st.session_state.get(NETWORK) not in networks:
        st.session_state[NETWORK] = next(iter(networks))
    st.markdown(
        "What is learned are the **parameters**: every unit of a dense layer has a weight for each number that comes "
        "in, and one bias."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            "Count them for",
            networks,
            format_func=lambda key: networks[key][0] if key in networks else key,
            help="A network of the tutorials, the one that is on Train now, or one that was trained here.",
            persist_state="session",
            key=NETWORK,
        )
        st.page_link("pages/train.py", label="Build your own", icon=":material/model_training:", width="content")
    config = networks[st.session_state[NETWORK]][1]
    total = parameter_count(config)
    html(Markup('<div class="lesson-scroll">{}</div>').format(_table(config)))
    biggest = max(config.table, key=lambda row: row.parameters)
    st.markdown(
        f"**{total:,} parameters**, {4 * total / 1e6:,.2f} MB at 4 bytes each; "
        f"{percent(biggest.parameters / max(total, 1), 0)} are in `{biggest.name}`."
    )
    layout.picture(network_picture(config.table), f"The network: {short_form(config)}.", rem=22)


def _networks() -> dict[str, tuple[str, TrainingConfig]]:
    """Return what can be counted: a title and the configuration, by a key that stays."""
    found = {}
    if "draft" in st.session_state:
        try:
            layers, settings = st.session_state.draft.form
            config = TrainingConfig(layers=layers, **settings)
            found[TRAIN] = f"On Train now: {short_form(config)}", config
        except UserError:  # it cannot work yet, as Train says
            pass
    found |= {name: (PRESETS[name].title, PRESETS[name].config) for name in PICKED}
    known, texts = network_picker.known()
    return found | {key: (texts[key], known[key].config) for key in list(known)[: 1 + OWN] if known[key].readable}


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
            _sum(row.layer.arithmetic(row.input_shape)),
            " × ".join(f"{size:,}" for size in row.output_shape),
            row.parameters,
            100 * row.parameters / total,
        )
        for row in config.table
        if row.parameters or not row.implied
    )
    return Markup(
        '<table class="lesson-table"><thead><tr><th>Layer</th><th>Gives</th><th>Parameters</th>'
        '<th class="words">Share</th></tr></thead><tbody>{}</tbody></table>'
    ).format(rows)


def _sum(arithmetic: str) -> str:
    """Leave out what comes of the sum, which stands beside it."""
    return arithmetic.rpartition(" = ")[0] or "nothing to learn"
