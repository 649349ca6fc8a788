"""Weighted sum of one unit: its inputs, their weights and the products."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.analysis import contributions
from trainer.analysis.contributions import WeightedSum
from trainer.config.limits import choice_label
from trainer.figures import diverging
from trainer.text import decimal, percent
from ui.html import html
from ui.inside.outputs import strongest
from ui.inside.subject import Subject, image

RANKS = ("Strongest", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th")
MAX_LISTED_INPUTS = 8  # of a dense layer's unit
MAX_DRAWN_CHANNELS = 4  # of a filter


def render(subject: Subject) -> None:
    """Render the choice of a unit and its weighted sum."""
    _select_unit(subject)
    _render_sum(subject, *_selected_unit(subject))


def _places(subject: Subject) -> list[int]:
    return [place for place, row in enumerate(subject.table) if row.layer.has_kernel]


def _selected_unit(subject: Subject) -> tuple[int, int, tuple[int, int] | None]:
    """Return the selected row, its selected unit or filter, and the position of a filter's largest value."""
    places = _places(subject)
    place = st.session_state.get(f"inside.layer.{subject.choice.id}", places[0])
    place = place if place in places else places[0]
    rank = RANKS.index(st.session_state.get("inside.rank") or RANKS[0])
    values = subject.outputs[subject.table[place].name]
    if values.ndim == 3:
        peaks = np.nan_to_num(values).reshape(-1, values.shape[-1]).max(axis=0)
        unit = strongest(peaks, len(peaks))[min(rank, len(peaks) - 1)]
        down, across = np.unravel_index(int(np.nan_to_num(values[..., unit]).argmax()), values.shape[:2])
        return place, unit, (int(down), int(across))
    order = strongest(values, rank + 1)
    return place, order[-1], None


def _select_unit(subject: Subject) -> None:
    places = _places(subject)
    with st.container(gap="small"):
        st.selectbox(
            "Layer",
            places,
            format_func=lambda place: subject.table[place].name,
            help="The layer whose units to look at. A unit multiplies its inputs by its weights and adds them up.",
            width=190,
            persist_state="session",
            key=f"inside.layer.{subject.choice.id}",
        )
        st.segmented_control(
            "Units by output",
            RANKS,
            default=RANKS[0] if "inside.rank" not in st.session_state else None,
            required=True,
            help="The layer's units or filters in the order of their outputs for this image, largest first.",
            persist_state="session",
            key="inside.rank",
        )


def _render_sum(subject: Subject, place: int, unit: int, at: tuple[int, int] | None) -> None:
    assert subject.image is not None
    row = subject.table[place]
    weighted = contributions.weighted_sum(
        subject.image, subject.outputs, subject.weights, subject.table, place, unit, at
    )
    output = float(subject.outputs[row.name][(*at, unit) if at else unit])
    kind, where = ("Filter", f" at row {at[0]}, column {at[1]}") if at else ("Unit", "")
    title = f"{kind} {unit} of {row.name}{where}"
    if row.name == "output":
        title = f"The output unit for {subject.named(unit)}"
    activation = getattr(row.layer, "activation", "linear")
    if activation == "linear":
        result = ""
    elif activation == "softmax":
        result = f"; among the ten sums, softmax turns it into {percent(output)}"
    else:
        result = f"; {choice_label('activation', activation)} turns it into {decimal(output)}"
    html(
        Markup(
            '<div class="inside-reason">{}</div>'
            '<div class="inside-words"><strong>{}</strong>: the products add up to {}; with its bias {} '
            "the sum is {}{}.</div>"
        ).format(
            _terms(subject, place, weighted),
            title,
            decimal(weighted.total),
            decimal(weighted.bias),
            decimal(weighted.sum),
            result,
        )
    )


def _terms(subject: Subject, place: int, weighted: WeightedSum) -> Markup:
    """Render inputs, weights and products: as a list, as images, or as the images of the strongest channels."""
    if weighted.values.ndim == 1:
        return _list(subject, place, weighted)
    if weighted.values.ndim == 2:
        return _equation(weighted.values, weighted.weights, weighted.products, "Input", 150)
    channels = weighted.largest(MAX_DRAWN_CHANNELS)
    products = weighted.products
    name = _channel_name(subject, place)
    scales = [diverging.max_magnitude(values) for values in (weighted.values, weighted.weights, products)]
    equations = Markup().join(
        _equation(
            weighted.values[..., channel],
            weighted.weights[..., channel],
            products[..., channel],
            name(channel),
            84,
            scales,
            float(products[..., channel].sum()),
        )
        for channel in channels
    )
    rest = weighted.total - float(products[..., channels].sum())
    others = products.shape[-1] - len(channels)
    if not others:
        return equations
    return equations + Markup('<div class="inside-words">Sum of the {:,} others: {}</div>').format(
        others, decimal(rest)
    )


def _equation(
    values: np.ndarray,
    weights: np.ndarray,
    products: np.ndarray,
    name: str,
    side: int,
    scales: list[float] | None = None,
    total: float | None = None,
) -> Markup:
    parts = (values, weights, products)
    pictures = [
        image(diverging.image_url(part, largest), side, Markup("{}<br>up to {}").format(title, decimal(largest)), title)
        for part, largest, title in zip(
            parts,
            scales or [diverging.max_magnitude(part) for part in parts],
            (name, "Weights", "Products"),
            strict=True,
        )
    ]
    end = Markup("<span>sum</span><strong>{}</strong>").format(decimal(total)) if total is not None else ""
    return Markup('<div class="inside equation">{}<b>×</b>{}<b>=</b>{}{}</div>').format(*pictures, end)


def _channel_name(subject: Subject, place: int) -> Callable[[int], str]:
    source = contributions.source_layer(subject.table, place)
    if not source:
        return lambda channel: ("Red", "Green", "Blue")[channel]
    return lambda channel: f"Filter {channel} of {source}"


def _list(subject: Subject, place: int, weighted: WeightedSum) -> Markup:
    """List the inputs that contribute most to a sum, and the total of the others."""
    source = contributions.source_layer(subject.table, place)
    products = weighted.products
    inputs = weighted.largest(MAX_LISTED_INPUTS)
    largest = diverging.max_magnitude(products)
    pictures = _weights_of(subject, source, inputs)
    rows = []
    for unit in inputs:
        product = float(products[unit])
        bar = Markup('<i style="display: inline-block; height: 0.7rem; width: {}px; background: {}"></i>').format(
            round(90 * abs(product) / largest), diverging.css_color(product, abs(product) or 1.0)
        )
        picture = pictures.get(unit)
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
                unit,
                decimal(float(weighted.values[unit])),
                decimal(float(weighted.weights[unit])),
                decimal(product),
                bar,
            )
        )
    others = len(products) - len(inputs)
    rest = weighted.total - float(products[inputs].sum())
    span = 4 if pictures else 3
    if others > 0:
        rows.append(
            Markup('<tr><td colspan="{}">sum of the {:,} others</td><td>{}</td></tr>').format(
                span, others, decimal(rest)
            )
        )
    first = Markup("<th></th>") if pictures else ""
    head = Markup("<tr>{}<th>of {}</th><th>output</th><th>× weight</th><th>= product</th></tr>").format(first, source)
    return Markup('<div class="inside-scroll"><table class="inside-sums"><thead>{}</thead>{}</table></div>').format(
        head, Markup().join(rows)
    )


def _weights_of(subject: Subject, source: str, units: list[int]) -> dict[int, str]:
    """Draw the weights of the units that are the inputs of a sum, if these units weigh the pixels."""
    first = contributions.first_weighted_row(subject.table)
    names = [row.name for row in subject.table]
    if first is None or not source:
        return {}
    between = subject.table[first + 1 : names.index(source) + 1]
    if any(row.output_shape != subject.table[first].output_shape for row in between):
        return {}
    if subject.table[first].layer.images_only:
        return {}
    sheet = contributions.weight_images(subject.weights[subject.table[first].name][0], subject.table[0].input_shape)
    return {unit: diverging.image_url(sheet[unit].mean(axis=-1) if sheet.ndim == 4 else sheet[unit]) for unit in units}
