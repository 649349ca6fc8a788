"""Weights of the first layer, drawn as images."""

from __future__ import annotations

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.analysis import contributions
from trainer.figures import diverging
from trainer.text import decimal
from ui.html import html
from ui.inside.subject import Subject, image, scale

MAX_DRAWN_UNITS = 64
COLORS = ("red", "green", "blue")


def render(subject: Subject) -> None:
    """Render the weights of the first layer's units, then those of one unit enlarged."""
    place = contributions.first_weighted_row(subject.table)
    if place is None:
        st.info("No layer of this network has weights for the pixels themselves: open Network instead.")
        return
    row = subject.table[place]
    sheet = contributions.weight_images(subject.weights[row.name][0], subject.table[0].input_shape)
    number, height, width = sheet.shape[:3]
    has_filters = row.layer.images_only
    noun = "filter" if has_filters else "unit"
    is_colored = sheet.ndim == 4
    means = sheet.mean(axis=-1) if is_colored else sheet
    largest = diverging.max_magnitude(means)
    if has_filters:
        text = f"Each of the {number:,} filters is a pattern of {height} × {width} that is searched for everywhere."
    elif row.name == "output":
        text = f"One template for each of the {number} classes."
    else:
        text = f"Each of the {number:,} units of {subject.title(row.name)} has a weight for every pixel."
    more = f" The first {MAX_DRAWN_UNITS} are drawn." if number > MAX_DRAWN_UNITS else ""
    mean = " Each picture is the mean over red, green and blue." if is_colored else ""
    columns = 5 if number == 10 else 8
    st.caption(f"{text}{more}{mean} Ink on blue raises the {noun}'s output, ink on orange lowers it.")
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=560):
            picture = image(
                diverging.sheet_url(means[:MAX_DRAWN_UNITS], largest, columns),
                560,
                scale(largest),
                f"The weights of {subject.title(row.name)}",
            )
            html(Markup('<div class="inside">{}</div>').format(picture))
        with st.container(width=260):
            _render_unit(subject, sheet, noun)


def _render_unit(subject: Subject, sheet: np.ndarray, noun: str) -> None:
    is_output = contributions.first_weighted_row(subject.table) == len(subject.table) - 1
    labels = subject.info.classes if len(sheet) == 10 and noun == "unit" and is_output else None
    unit = int(
        st.number_input(
            noun.capitalize(),
            0,
            len(sheet) - 1,
            help=f"0 to {len(sheet) - 1}: shows this {noun}'s weights enlarged.",
            key=f"inside.template.{subject.choice.id}",
        )
    )
    weights = sheet[unit]
    channels = [weights] if weights.ndim == 2 else [weights[..., color] for color in range(3)]
    side = 252 if len(channels) == 1 else 120
    largest = diverging.max_magnitude(weights)
    figures = Markup().join(
        image(
            diverging.image_url(channel, largest),
            side,
            "" if len(channels) == 1 else COLORS[color],
            f"The weights of {noun} {unit}{'' if len(channels) == 1 else ', ' + COLORS[color]}",
        )
        for color, channel in enumerate(channels)
    )
    name = f" ({labels[unit]})" if labels else ""
    html(
        Markup(
            '<div class="inside">{}</div><div class="inside-words"><strong>{} {}{}'
            "</strong>: {:,} weights from {} to {}. {}</div>"
        ).format(
            figures,
            noun.capitalize(),
            unit,
            name,
            weights.size,
            decimal(float(weights.min()), 3),
            decimal(float(weights.max()), 3),
            scale(largest),
        )
    )
