"""What comes out of every layer, as pictures."""

from __future__ import annotations

import math

import numpy as np
from markupsafe import Markup

from trainer.config.layers import Row
from trainer.figures import diverging
from trainer.text import percent
from ui.html import html
from ui.inside.subject import Look, image, scale

MAPS = 64  # of a layer that are drawn, at most
LABELLED = 40  # units of a layer that have room for their numbers
STRONGEST = 5  # that are named
ACROSS = 8  # of them side by side, also on a phone
WIDE = 784  # screen pixels of a list of numbers


def show(look: Look) -> None:
    """Show every layer's output."""
    sections = Markup().join(_section(row, look.outputs[row.name], look) for row in look.table)
    html(Markup('<div class="inside-layers">{}</div>').format(sections))


def _section(row: Row, values: np.ndarray, look: Look) -> Markup:
    if row.layer.hidden:
        return Markup()
    shape = " × ".join(f"{size:,}" for size in row.output_shape)
    kind = type(row.layer).__name__
    head = Markup("<h4>{} <small>{}{} numbers</small></h4>").format(
        row.name, "" if row.name == "output" else kind + ", ", shape
    )
    if row.layer.training_only:
        words = "Acts only while the network learns: here it passes on all numbers as they are."
        return Markup('<section class="inside-layer wide">{}<div class="inside-words">{}</div></section>').format(
            head, words
        )
    if values.ndim == 3:
        return Markup('<section class="inside-layer">{}{}</section>').format(head, _maps(values, row.name))
    return Markup('<section class="inside-layer wide">{}{}</section>').format(head, _units(row, values, look))


def _maps(values: np.ndarray, name: str) -> Markup:
    """Draw the images that a layer makes: one of each filter."""
    height, width, number = values.shape
    shown = np.moveaxis(values[..., :MAPS], -1, 0)
    reach = diverging.reach(values)
    tile = diverging.enlarged(height, width) * width + 2
    across = min(number, ACROSS)
    more = f" {number - MAPS:,} more are not drawn." if number > MAPS else ""
    strongest = int(np.argmax(np.nan_to_num(values).reshape(-1, number).max(axis=0)))
    words = f"{min(number, MAPS):,} images of {height} × {width}; number {strongest} has the largest number.{more}"
    picture = image(diverging.sheet(shown, reach, across), across * tile, "", f"What comes out of {name}, as images")
    legend = scale(reach, bool((values < 0).any()))
    return Markup('<div class="inside">{}</div><div class="inside-words">{} {}</div>').format(picture, legend, words)


def _units(row: Row, values: np.ndarray, look: Look) -> Markup:
    """Draw the list of numbers that a layer makes, a cell each."""
    flat = values.reshape(-1)
    reach = diverging.reach(flat)
    last = row.name == "output"
    order = strongest(flat, 1 if last else STRONGEST)
    legend = scale(reach, bool((flat < 0).any()))
    if len(flat) <= LABELLED:
        cells = Markup().join(
            Markup('<span{}><i style="background: {}"></i>{}<br>{}</span>').format(
                Markup(" class=top") if place in order else "",
                diverging.color(value, reach),
                look.kind.classes[place] if last else place,
                percent(value) if last else diverging.number(value),
            )
            for place, value in enumerate(flat)
        )
        words = "The probabilities." if last else "The unit's number, and what comes out of it below."
        kind = "inside-cells ten" if last else "inside-cells"
        return Markup('<div class="{}">{}</div><div class="inside-words">{} {}</div>').format(
            kind, cells, legend, words
        )
    unrolled = row.layer.keeps_values and len(row.input_shape) > 1  # an image's numbers, as a list
    image_size = math.isqrt(len(flat)) ** 2 == len(flat) and unrolled
    across = 4 * math.isqrt(len(flat)) if image_size else 64
    picture = image(diverging.strip(flat, across, reach), WIDE, "", f"What comes out of {row.name}, a cell each")
    if unrolled:
        words = "The same numbers, one row behind the other."
    else:
        named = ", ".join(f"unit {place} ({diverging.number(flat[place])})" for place in order)
        silent = int((flat == 0).sum())
        words = f"Strongest: {named}." + (f" {silent:,} of {len(flat):,} are 0." if silent else "")
    return Markup('<div class="inside">{}</div><div class="inside-words">{} {}</div>').format(picture, legend, words)


def strongest(values: np.ndarray, count: int) -> list[int]:
    """Return the places of the largest numbers (n,), the largest first."""
    return [int(place) for place in np.argsort(-np.nan_to_num(values), kind="stable")[:count]]
