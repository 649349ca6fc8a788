"""The list of layers in the form, one line each: name, output shape, parameters; an open one has its settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import streamlit as st
from markupsafe import Markup

from trainer.config.layer import Layer
from trainer.config.layer_table import LayerRow
from trainer.config.layers import LAYERS
from trainer.config.limits import SETTINGS
from trainer.text import number, percent
from ui.glossary import linked_help
from ui.html import html, style
from ui.markdown import sentence
from ui.train.draft import DOWN, NETWORK, REMOVE, UP, CheckedForm, Draft
from ui.train.settings import FIELD_WIDTH, MARK, render_setting

STYLE = Path(__file__).with_suffix(".css")
# A row that moves is a new element for the browser and would lose the keyboard focus.
_move_focus = st.components.v2.component(
    "digit_lab_keep_focus",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)
IMPLIED = {  # why the network adds a layer by itself
    "Flatten": "added: the next layer takes a list",
    "Reshape": "added: the channel axis",
}


def render_layers(draft: Draft, checked: CheckedForm) -> None:
    """Render the list of layers with their errors, and below it the button to add one and the totals."""
    rows, total = checked.table, sum(row.parameters for row in checked.table)
    marks = [f".st-key-layer-row-{key}" for key, _ in draft.layers if key in draft.marked]
    style(STYLE, *([", ".join(marks) + MARK] if marks else []))
    with st.container(key="layers"):
        listed = iter(enumerate(draft.layers))
        for row in rows:
            if row.implied:
                html(implied_html(row, total))
            else:
                place, (key, layer) = next(listed)
                _render_layer(draft, place, key, layer, row, total, checked.errors.get(key, ""))
        for place, (key, layer) in listed:
            _render_layer(draft, place, key, layer, None, total, checked.errors.get(key, ""))
        _move_focus(
            data=json.dumps({"names": [name.replace(".", "-") for name in draft.focus_keys]}).encode(),
            height=0,
            key="keep_focus",
        )
        draft.focus_keys = ()
    if NETWORK in checked.errors:
        st.error(sentence(checked.errors[NETWORK]))
    with st.container(horizontal=True, vertical_alignment="center", key="layers-foot"):
        _render_menu("Add layer", len(draft.layers), "add_layer", draft)
        _render_totals(checked, total)


def _render_totals(checked: CheckedForm, total: int) -> None:
    rows = checked.table
    so_far = "" if rows and rows[-1].name == "output" else " up to there"
    memory = f" Training takes about {size_text(checked.config.memory)} of memory." if checked.config else ""
    st.markdown(
        f"**{total:,} parameters** · {millions(sum(row.multiply_adds for row in rows))} multiply-adds{so_far}",
        help="A multiply-add multiplies an input by a weight and adds the product to a sum: their number tells how "
        f"long the network takes for an image. The weights take {size_text(4 * total)}, 4 bytes each.{memory} That "
        "includes the gradients, the optimizer's state, and the outputs of every layer for a batch.",
        width="content",
    )


def _render_layer(
    draft: Draft, place: int, key: str, layer: Layer, row: LayerRow | None, total: int, error: str
) -> None:
    """Render a layer as a row, with its error, if any, and its settings and tools while they are open."""
    name = row.name if row else type(layer).__name__
    opened = draft.opened == key
    with st.container(horizontal=True, key=f"layer-row-{key}"):
        st.button(
            f"**{name}** {layer.summary}",
            key=f"{key}.open",
            icon=":material/keyboard_arrow_down:" if opened else ":material/keyboard_arrow_right:",
            help=f"{layer.label}: {layer.help} Opens its settings.",
            on_click=draft.open,
            args=(None if opened else key,),
            type="tertiary",
        )
        html(facts_html(row, total, bool(error)))
    if error:
        st.error(sentence(error))
    if opened:
        with st.container(border=True, key="layer-open"):
            _render_open_layer(draft, place, key, layer, row)


def _render_tool(
    key: str, icon: str, label: str, action: Callable[..., None], arguments: tuple[int, ...], disabled: bool = False
) -> None:
    st.button(
        label,
        key=f"{key}.{icon}",
        icon=f":material/{icon}:",
        help=label,
        on_click=action,
        args=arguments,
        disabled=disabled,
        type="tertiary",
    )


def _render_open_layer(draft: Draft, place: int, key: str, layer: Layer, row: LayerRow | None) -> None:
    """Render a layer's settings, how its parameters are counted, and the buttons to move or remove it."""
    names = [item.name for item in fields(layer)]
    helps = "".join(f"\n- {SETTINGS[name].title}: {linked_help(SETTINGS[name].help, name)}" for name in names)
    st.caption(f"**{layer.label}**: {layer.help}", help=helps.strip() or None)
    if names:
        with st.grid(min_column_width=FIELD_WIDTH):
            for name in names:
                render_setting(name, getattr(layer, name), f"{key}.{name}")
    if row:
        costs = f" · {millions(row.multiply_adds)} multiply-adds for one image" if row.multiply_adds else ""
        st.caption(f"Parameters: {layer.arithmetic(row.input_shape)}{costs}")
    name, last = row.name if row else type(layer).__name__, place == len(draft.layers) - 1
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="layer-tools"):
        _render_menu("Insert a layer below", place + 1, f"{key}.insert", draft)
        _render_tool(key, UP, f"Move {name} up", draft.move, (place, -1), place == 0)
        _render_tool(key, DOWN, f"Move {name} down", draft.move, (place, 1), last)
        _render_tool(key, REMOVE, f"Remove {name}", draft.remove, (place,))


def _render_menu(label: str, place: int, key: str, draft: Draft) -> None:
    """Render a menu of all kinds of layers; the chosen one is inserted at a place of the list."""

    def add() -> None:
        if (kind := st.session_state[key]) in LAYERS:  # a browser may send anything
            draft.insert(place, LAYERS[kind]())

    st.menu_button(
        label,
        LAYERS,
        key=key,
        icon=":material/add:",
        help="Adds a layer before the output layer" if place == len(draft.layers) else "Inserts a layer here",
        on_click=add,
        format_func=lambda kind: f"**{kind}** :gray[:small[{LAYERS[kind].help.split(':')[0].rstrip('.')}]]",
    )


# --- texts -------------------------------------------------------------------------------------------------


def shape_text(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{size:,}" for size in shape)


def share_text(part: int, total: int) -> str:
    if not part:
        return ""
    return percent(part / total, 0) if 100 * part >= total else "< 1 %"


def size_text(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.3g} MB" if size >= 1e6 else f"{size / 1e3:.3g} kB"


def millions(count: int) -> str:
    return f"{count:,}" if count < 1_000_000 else f"{number(count / 1e6, 3)} million"


def facts_html(row: LayerRow | None, total: int, wrong: bool = False) -> Markup:
    """Return output shape, parameters and share of a row, with a bar."""
    if row is None:
        return Markup('<div class="layer-facts"><span class="wrong">{}</span></div>').format(
            "does not work here" if wrong else ""
        )
    width = 100 * row.parameters / total if total else 0
    return Markup(
        '<div class="layer-facts"><span title="output shape">{}</span><span title="parameters">{:,}</span>'
        '<span title="share of all parameters">{}</span><i style="width: {:.1f}%"></i></div>'
    ).format(shape_text(row.output_shape), row.parameters, share_text(row.parameters, total), width)


def implied_html(row: LayerRow, total: int) -> Markup:
    """Return the row of a layer that the network adds by itself, and why."""
    if row.name == "output":
        name, why = "output: Dense 10 softmax", ""
    else:
        name, why = row.name, IMPLIED[type(row.layer).__name__]
    return Markup('<div class="layer-line layer-implied"><span>{} <small>{}</small></span>{}</div>').format(
        name, why, facts_html(row, total)
    )
