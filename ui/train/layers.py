"""The list of layers: each with its settings, what becomes of the image there, and how many parameters it has."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import streamlit as st
from markupsafe import Markup

from trainer.config.layers import LAYERS, Layer, Row
from trainer.text import percent
from ui.html import html, style
from ui.train.draft import DOWN, NETWORK, REMOVE, UP, Draft, Reading, undo
from ui.train.settings import FIELD, ask

STYLE = Path(__file__).with_suffix(".css")
# A row that moves is a new element to the browser, which would lose the keyboard's focus.
_keep_focus = st.components.v2.component(
    "digit_lab_keep_focus",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)
HEAD = Markup("""<div class="layer-line layer-head"><span>Layer</span>
    <div class="layer-facts"><span>Output shape</span><span>Parameters</span><span>Share</span></div></div>""")


def show_layers(draft: Draft, read: Reading) -> None:
    """Show the list, and below it what it comes to; what cannot work says so itself."""
    rows, total = read.table, sum(row.parameters for row in read.table)
    style(STYLE)
    with st.container(key="layers"):
        html(HEAD)
        left = iter(enumerate(draft.layers))
        for row in rows:
            if row.implied:
                html(implied_html(row, total))
            else:
                place, (key, layer) = next(left)
                show_layer(draft, place, key, layer, row, total, read.refused.get(key, ""))
        for place, (key, layer) in left:
            show_layer(draft, place, key, layer, None, total, read.refused.get(key, ""))
        _keep_focus(
            data=json.dumps({"names": [name.replace(".", "-") for name in draft.touched]}).encode(),
            height=0,
            key="keep_focus",
        )
        draft.touched = ()
    with st.container(horizontal=True, vertical_alignment="center"):
        add_menu("Add layer", len(draft.layers), "add_layer", draft)
        st.button(
            "Undo",
            icon=":material/undo:",
            help="Take back the last edit, of the network or of its training",
            on_click=undo,
            disabled=not draft.past,
            key="undo",
        )
    if NETWORK in read.refused:
        st.error(read.refused[NETWORK])
    memory = f" · about {size_text(read.config.memory)} while training" if read.config else ""
    until = "" if rows and rows[-1].name == "output" else " until there"
    st.markdown(
        f"**{total:,} parameters**{until} · {size_text(4 * total)} of weights{memory}",
        help="Weights take 4 bytes each. Training also keeps their gradients, the optimizer's memory of them, and "
        "what every layer makes of a batch.",
    )


def show_layer(draft: Draft, place: int, key: str, layer: Layer, row: Row | None, total: int, why: str) -> None:
    """Show a layer as a row: its name opens its settings; `why` says what is wrong with it."""
    name = row.name if row else type(layer).__name__
    opened = draft.opened == key
    with st.container(horizontal=True, key=f"layer-row-{key}"):
        st.button(
            f"**{name}** {layer.summary}",
            key=f"{key}.open",
            icon=":material/keyboard_arrow_down:" if opened else ":material/keyboard_arrow_right:",
            help=f"{layer.label}: {layer.help} Its settings.",
            on_click=draft.open,
            args=(None if opened else key,),
            type="tertiary",
        )
        html(facts_html(row, total, bool(why)))
        last = place == len(draft.layers) - 1
        tool(key, UP, f"Move {name} up", draft.move, (place, -1), place == 0)
        tool(key, DOWN, f"Move {name} down", draft.move, (place, 1), last)
        tool(key, REMOVE, f"Remove {name}", draft.remove, (place,))
    if why:
        st.error(why)
    if opened:
        with st.container(border=True):
            open_layer(draft, place, key, layer, row)


def tool(key: str, icon: str, label: str, action: Callable[..., None], arguments: tuple[int, ...], off=False) -> None:
    st.button(
        label,
        key=f"{key}.{icon}",
        icon=f":material/{icon}:",
        help=label,
        on_click=action,
        args=arguments,
        disabled=off,
        type="tertiary",
    )


def open_layer(draft: Draft, place: int, key: str, layer: Layer, row: Row | None) -> None:
    """Show what a layer does, how its parameters come about, and its settings."""
    st.caption(f"**{layer.label}**: {layer.help}")
    names = [item.name for item in fields(layer)]
    if names:
        with st.grid(min_column_width=FIELD):
            for name in names:
                ask(name, getattr(layer, name), f"{key}.{name}")
    if row:
        st.caption(f"How many parameters? {layer.arithmetic(row.input_shape)}")
    add_menu("Insert a layer below", place + 1, f"{key}.insert", draft)


def add_menu(label: str, place: int, key: str, draft: Draft) -> None:
    """Show a menu of all kinds of layers, which puts the chosen one at a place of the list."""

    def add() -> None:
        if (kind := st.session_state[key]) in LAYERS:  # a browser may say anything
            draft.insert(place, LAYERS[kind]())

    st.menu_button(
        label,
        LAYERS,
        key=key,
        icon=":material/add:",
        help="Choose a kind of layer: it comes before the output layer."
        if place == len(draft.layers)
        else "Choose a kind of layer",
        on_click=add,
        format_func=lambda kind: f"**{kind}** :gray[:small[{LAYERS[kind].help.split(':')[0].rstrip('.')}]]",
    )


# --- in words -------------------------------------------------------------------------------------------------


def shape_text(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{size:,}" for size in shape)


def share_text(part: int, total: int) -> str:
    if not part:
        return ""
    return percent(part / total, 0) if 100 * part >= total else "< 1 %"


def size_text(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.3g} MB" if size >= 1e6 else f"{size / 1e3:.3g} kB"


def facts_html(row: Row | None, total: int, wrong: bool = False) -> Markup:
    """Return a row's output shape, parameters and share, with a bar; nothing of it was typed by anybody."""
    if row is None:
        return Markup('<div class="layer-facts"><span class="wrong">{}</span></div>').format(
            "cannot work here" if wrong else ""
        )
    width = 100 * row.parameters / total if total else 0
    return Markup(
        '<div class="layer-facts"><span>{}</span><span>{:,}</span><span>{}</span><i style="width: {:.1f}%"></i></div>'
    ).format(shape_text(row.output_shape), row.parameters, share_text(row.parameters, total), width)


def implied_html(row: Row, total: int) -> Markup:
    """Return the row of a layer that the list leaves out."""
    name = "output: Dense 10 softmax" if row.name == "output" else row.name
    return Markup('<div class="layer-line layer-implied"><span>{}</span>{}</div>').format(name, facts_html(row, total))
