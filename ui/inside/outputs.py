"""Output of every layer for an image, as pictures."""

from __future__ import annotations

import math

import numpy as np
from markupsafe import Markup

from trainer.config.layer_table import LayerRow
from trainer.figures import diverging
from trainer.text import decimal, percent
from ui.html import html
from ui.inside.subject import Subject, image, scale

MAX_MAPS = 64  # drawn for each layer
MAX_LABELED_UNITS = 40  # in a layer whose cells have room for numbers
NAMED_UNITS = 5  # with the largest outputs
MAPS_PER_ROW = 8  # also on a phone
LIST_WIDTH = 784  # screen pixels


def render(subject: Subject) -> None:
    """Render the output of every layer."""
    sections = Markup().join(_section(row, subject.outputs[row.name], subject) for row in subject.table)
    html(Markup('<div class="inside-layers">{}</div>').format(sections))


def _section(row: LayerRow, values: np.ndarray, subject: Subject) -> Markup:
    if row.layer.hidden:
        return Markup()
    shape = " × ".join(f"{size:,}" for size in row.output_shape)
    kind = type(row.layer).__name__
    head = Markup("<h4>{} <small>{}{} values</small></h4>").format(
        row.name, "" if row.name == "output" else kind + ", ", shape
    )
    if row.layer.training_only:
        text = "Active only during training: here it passes its input on unchanged."
        return Markup('<section class="inside-layer wide">{}<div class="inside-words">{}</div></section>').format(
            head, text
        )
    if values.ndim == 3:
        return Markup('<section class="inside-layer">{}{}</section>').format(head, _maps(values, row.name))
    return Markup('<section class="inside-layer wide">{}{}</section>').format(head, _units(row, values, subject))


def _maps(values: np.ndarray, name: str) -> Markup:
    """Draw the feature maps of a layer, (height, width, filters)."""
    height, width, number = values.shape
    drawn = np.moveaxis(values[..., :MAX_MAPS], -1, 0)
    largest = diverging.max_magnitude(values)
    tile = diverging.sheet_scale(height, width) * width + 2
    columns = min(number, MAPS_PER_ROW)
    more = f" {number - MAX_MAPS:,} more are not drawn." if number > MAX_MAPS else ""
    peak = int(np.argmax(np.nan_to_num(values).reshape(-1, number).max(axis=0)))
    text = f"{min(number, MAX_MAPS):,} feature maps of {height} × {width}; filter {peak} has the largest value.{more}"
    picture = image(diverging.sheet_url(drawn, largest, columns), columns * tile, "", f"Feature maps of {name}")
    legend = scale(largest, bool((values < 0).any()))
    return Markup('<div class="inside">{}</div><div class="inside-words">{} {}</div>').format(picture, legend, text)


def _units(row: LayerRow, values: np.ndarray, subject: Subject) -> Markup:
    """Draw the outputs of a layer's units, one cell each."""
    flat = values.reshape(-1)
    largest = diverging.max_magnitude(flat)
    is_output = row.name == "output"
    order = strongest(flat, 1 if is_output else NAMED_UNITS)
    legend = scale(largest, bool((flat < 0).any()))
    if len(flat) <= MAX_LABELED_UNITS:
        cells = Markup().join(
            Markup('<span{}><i style="background: {}"></i>{}<br>{}</span>').format(
                Markup(" class=top") if place in order else "",
                diverging.css_color(value, largest),
                subject.info.classes[place] if is_output else place,
                percent(value) if is_output else decimal(value),
            )
            for place, value in enumerate(flat)
        )
        text = "The probabilities." if is_output else "The unit's number, with its output below."
        kind = "inside-cells ten" if is_output else "inside-cells"
        return Markup('<div class="{}">{}</div><div class="inside-words">{} {}</div>').format(kind, cells, legend, text)
    is_flattened = row.layer.keeps_values and len(row.input_shape) > 1
    is_square = math.isqrt(len(flat)) ** 2 == len(flat) and is_flattened
    columns = 4 * math.isqrt(len(flat)) if is_square else 64
    picture = image(
        diverging.cells_url(flat, columns, largest), LIST_WIDTH, "", f"Outputs of {row.name}, one cell for each"
    )
    if is_flattened:
        text = "The same values as one list, row after row."
    else:
        named = ", ".join(f"unit {place} ({decimal(flat[place])})" for place in order)
        zeros = int((flat == 0).sum())
        text = f"Largest outputs: {named}." + (f" {zeros:,} of {len(flat):,} are 0." if zeros else "")
    return Markup('<div class="inside">{}</div><div class="inside-words">{} {}</div>').format(picture, legend, text)


def strongest(values: np.ndarray, count: int) -> list[int]:
    """Return the indices of the largest values (n,), largest first."""
    return [int(place) for place in np.argsort(-np.nan_to_num(values), kind="stable")[:count]]
