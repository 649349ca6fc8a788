"""What one number of a layer is made of: what came in, times the weights, added up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.analysis import contributions
from trainer.analysis.contributions import Reason
from trainer.figures import diverging
from trainer.text import percent
from ui.html import html
from ui.inside.outputs import strongest
from ui.inside.subject import Look, image

RANKS = ("Strongest", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th")
PARTS, CHANNELS = 8, 4  # of a sum that are listed: numbers, or images


def show(look: Look) -> None:
    """Ask for one unit and show what made it."""
    _ask_unit(look)
    _show_reason(look, *_chosen(look))


def _places(look: Look) -> list[int]:
    return [place for place, row in enumerate(look.table) if contributions.weighs(row)]


def _chosen(look: Look) -> tuple[int, int, tuple[int, int] | None]:
    """Return the row, the unit or filter that is asked for, and where its largest number is on a map."""
    places = _places(look)
    place = st.session_state.get(f"inside.layer.{look.judge.id}", places[0])
    place = place if place in places else places[0]
    rank = RANKS.index(st.session_state.get("inside.rank") or RANKS[0])
    values = look.outputs[look.table[place].name]
    if values.ndim == 3:
        peaks = np.nan_to_num(values).reshape(-1, values.shape[-1]).max(axis=0)
        unit = strongest(peaks, len(peaks))[min(rank, len(peaks) - 1)]
        down, across = np.unravel_index(int(np.nan_to_num(values[..., unit]).argmax()), values.shape[:2])
        return place, unit, (int(down), int(across))
    order = strongest(values, rank + 1)
    return place, order[-1], None


def _ask_unit(look: Look) -> None:
    places = _places(look)
    with st.container(gap="small"):
        st.selectbox(
            "Layer",
            places,
            format_func=lambda place: look.table[place].name,
            help="A unit multiplies what comes to it by its weights and adds it up. Choose whose units to look at.",
            width=190,
            persist_state="session",
            key=f"inside.layer.{look.judge.id}",
        )
        st.segmented_control(
            "Its units, by what comes out of them",
            RANKS,
            default=RANKS[0] if "inside.rank" not in st.session_state else None,
            required=True,
            help="The unit, or the filter, whose number is the largest for this image, the next one, and so on.",
            persist_state="session",
            key="inside.rank",
        )


def _show_reason(look: Look, place: int, unit: int, at: tuple[int, int] | None) -> None:
    assert look.image is not None
    row = look.table[place]
    reason = contributions.reason(look.image, look.outputs, look.weights, look.table, place, unit, at)
    made = float(look.outputs[row.name][(*at, unit) if at else unit])
    what, where = ("Filter", f" at row {at[0]}, column {at[1]}") if at else ("Unit", "")
    who = f"{what} {unit} of {row.name}{where}"
    if row.name == "output":
        who = f"The output's unit for {look.named(unit)}"
    function = getattr(row.layer, "activation", "linear")
    after = {
        "linear": "",
        "softmax": f"; softmax makes it {percent(made)}, beside the others",
    }.get(function, f"; {function} makes it {diverging.number(made)}")
    html(
        Markup(
            '<div class="inside-reason">{}</div>'
            '<div class="inside-words"><strong>{}</strong>: {} in all, with its bias '
            "{} that is {}{}.</div>"
        ).format(
            _reason(look, place, reason, at),
            who,
            diverging.number(reason.total),
            diverging.number(reason.bias),
            diverging.number(reason.sum),
            after,
        )
    )


def _reason(look: Look, place: int, reason: Reason, at: tuple[int, int] | None) -> Markup:
    if reason.values.ndim == 1:
        return _list(look, place, reason)
    if reason.values.ndim == 2:
        return _equation(reason.values, reason.weights, reason.products, "What comes in", 150)
    channels = reason.largest(CHANNELS)
    products = reason.products
    name = _channel_name(look, place)
    reach = [diverging.reach(values) for values in (reason.values, reason.weights, products)]
    parts = Markup().join(
        _equation(
            reason.values[..., channel],
            reason.weights[..., channel],
            products[..., channel],
            name(channel),
            84,
            reach,
            float(products[..., channel].sum()),
        )
        for channel in channels
    )
    rest = reason.total - float(products[..., channels].sum())
    others = products.shape[-1] - len(channels)
    more = (
        Markup('<div class="inside-words">The {:,} others together: {}</div>').format(others, diverging.number(rest))
        if others > 0
        else Markup()
    )
    return parts + more


def _equation(
    values: np.ndarray,
    weights: np.ndarray,
    products: np.ndarray,
    name: str,
    side: int,
    reach: list[float] | None = None,
    total: float | None = None,
) -> Markup:
    reaches = reach or [diverging.reach(part) for part in (values, weights, products)]
    pictures = [
        image(diverging.tint(part, most), side, Markup("{}<br>up to {}").format(words, diverging.number(most)), words)
        for part, most, words in zip((values, weights, products), reaches, (name, "Weights", "Multiplied"), strict=True)
    ]
    result = Markup("<strong>{}</strong>").format(diverging.number(total)) if total is not None else ""
    end = Markup("<span>, in all</span>{}").format(result) if result else ""
    return Markup('<div class="inside equation">{}<b>×</b>{}<b>=</b>{}{}</div>').format(
        pictures[0], pictures[1], pictures[2], end
    )


def _channel_name(look: Look, place: int) -> Callable[[int], str]:
    before = contributions.source(look.table, place)
    if not before:
        return lambda channel: ("Red", "Green", "Blue")[channel]
    return lambda channel: f"Image {channel} of {before}"


def _list(look: Look, place: int, reason: Reason) -> Markup:
    """List the numbers that contribute most to a sum, and the rest of it."""
    before = contributions.source(look.table, place)
    products = reason.products
    largest = reason.largest(PARTS)
    reach = diverging.reach(products)
    pictures = _weights_of(look, before, largest)
    rows = []
    for place_before in largest:
        product = float(products[place_before])
        wide = round(90 * abs(product) / reach)
        bar = Markup('<i style="display: inline-block; height: 0.7rem; width: {}px; background: {}"></i>').format(
            wide, _color(product)
        )
        picture = pictures.get(place_before)
        cell = (
            Markup('<td class="pic"><img alt="Its weights" width="40" height="40" src="{}"></td>').format(picture)
            if picture
            else ""
        )
        rows.append(
            Markup(
                '<tr>{}<td>unit {}</td><td>{}</td><td>{}</td><td>{}</td><td style="text-align: left">{}</td></tr>'
            ).format(
                cell,
                place_before,
                diverging.number(float(reason.values[place_before])),
                diverging.number(float(reason.weights[place_before])),
                diverging.number(product),
                bar,
            )
        )
    others = len(products) - len(largest)
    rest = reason.total - float(products[largest].sum())
    span = 4 if pictures else 3
    if others > 0:
        rows.append(
            Markup('<tr><td colspan="{}">the {:,} others together</td><td>{}</td></tr>').format(
                span, others, diverging.number(rest)
            )
        )
    first = Markup("<th></th>") if pictures else ""
    head = Markup("<tr>{}<th>of {}</th><th>says</th><th>× weight</th><th>=</th></tr>").format(first, before)
    return Markup('<div class="inside-scroll"><table class="inside-sums"><thead>{}</thead>{}</table></div>').format(
        head, Markup().join(rows)
    )


def _weights_of(look: Look, before: str, units: list[int]) -> dict[int, str]:
    """Draw the weights of those units that a sum comes from, where these weigh the pixels."""
    first = contributions.first(look.table)
    names = [row.name for row in look.table]
    if first is None or not before:
        return {}
    between = look.table[first + 1 : names.index(before) + 1]
    if any(row.output_shape != look.table[first].output_shape for row in between):
        return {}
    sheet = contributions.images(look.weights[look.table[first].name][0], look.table[0].input_shape)
    if look.table[first].layer.images_only:
        return {}
    return {unit: diverging.tint(sheet[unit].mean(axis=-1) if sheet.ndim == 4 else sheet[unit]) for unit in units}


def _color(value: float) -> str:
    return diverging.color(value, abs(value) or 1.0)
