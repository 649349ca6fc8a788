"""What the first layer has learned: its weights as images."""

from __future__ import annotations

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.analysis import contributions
from trainer.figures import diverging
from ui.html import html
from ui.inside.subject import Look, image, scale

SHOWN = 64  # of the first layer's units that are drawn side by side
COLORS = ("red", "green", "blue")


def show(look: Look) -> None:
    """Show the first layer's weights, then one unit's large."""
    place = contributions.first(look.table)
    if place is None:
        st.info("This network's first layers change the image before anything weighs it: see its layers.")
        return
    row = look.table[place]
    sheet = contributions.images(look.weights[row.name][0], look.table[0].input_shape)
    number, height, width = sheet.shape[:3]
    filters = row.layer.images_only
    what = "filter" if filters else "unit"
    colors = sheet.ndim == 4
    shown = sheet.mean(axis=-1) if colors else sheet
    reach = diverging.reach(shown)
    if filters:
        words = f"Each of the {number:,} filters is a pattern of {height} × {width} that is looked for everywhere."
    elif row.name == "output":
        words = f"A template for each of the {number} classes: what speaks for it, and what against it."
    else:
        words = f"Each of the {number:,} units of {row.name} weighs all of the image's pixels."
    more = f" The first {SHOWN} are drawn." if number > SHOWN else ""
    mean = " Drawn is the mean over red, green and blue." if colors else ""
    across = 5 if number == 10 else 8
    st.caption(f"{words}{more}{mean} Ink where it is blue makes the {what} stronger, where it is orange weaker.")
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=560):
            picture = image(
                diverging.sheet(shown[:SHOWN], reach, across), 560, scale(reach), f"The weights of {row.name}"
            )
            html(Markup('<div class="inside">{}</div>').format(picture))
        with st.container(width=260):
            _show_one(look, sheet, what)


def _show_one(look: Look, sheet: np.ndarray, what: str) -> None:
    labels = (
        look.kind.classes
        if len(sheet) == 10 and what == "unit" and contributions.first(look.table) == len(look.table) - 1
        else None
    )
    unit = int(
        st.number_input(
            f"Look at {what}",
            0,
            len(sheet) - 1,
            help=f"0 to {len(sheet) - 1}: its weights large, and their numbers.",
            key=f"inside.template.{look.judge.id}",
        )
    )
    own = sheet[unit]
    pictures = [own] if own.ndim == 2 else [own[..., color] for color in range(3)]
    side = 252 if len(pictures) == 1 else 120
    reach = diverging.reach(own)
    figures = Markup().join(
        image(
            diverging.tint(part, reach),
            side,
            "" if len(pictures) == 1 else COLORS[color],
            f"The weights of {what} {unit}{'' if len(pictures) == 1 else ', ' + COLORS[color]}",
        )
        for color, part in enumerate(pictures)
    )
    name = f" ({labels[unit]})" if labels else ""
    html(
        Markup(
            '<div class="inside">{}</div><div class="inside-words"><strong>{} {}{}'
            "</strong>: {:,} weights from {} to "
            "{}. {}</div>"
        ).format(
            figures,
            what.capitalize(),
            unit,
            name,
            own.size,
            diverging.number(float(own.min()), 3),
            diverging.number(float(own.max()), 3),
            scale(reach),
        )
    )
