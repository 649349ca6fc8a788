"""A hundred random training images, and one of them enlarged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.data import statistics
from trainer.data.datasets import Dataset
from trainer.lessons import glossary
from ui import dataset_loader
from ui.data import image_grid, pixel_lens
from ui.glossary import linked_help
from ui.html import html, style

ANY = "Any"
GRID_WIDTH, LENS_WIDTH = 320, 540  # pixels, less on a phone
RAW, SCALED = "0 to 255", "0 to 1"
STYLE = Path(__file__).with_suffix(".css")


def label_text(dataset: Dataset, label: int) -> str:
    """Return a label with its class name: `7`, or `7, sneaker`."""
    word = dataset.info.classes[label]
    return word if word == str(label) else f"{label}, {word}"


@st.fragment
def render(dataset: Dataset) -> None:
    """Render the grid and the enlarged image; a click reruns this fragment alone."""
    style(STYLE)
    places = _select_images(dataset)
    row = st.container(horizontal=True, gap="small", vertical_alignment="top", key="data-single")
    left, right = row.container(width=GRID_WIDTH, gap="small"), row.container(width=LENS_WIDTH, gap="small")
    key = _key(dataset)
    if not places:
        with left:
            st.info("No training image has this label. Choose another.")
        return
    # The session keeps `dataset`; arrays that are opened again release the memory they fill on return.
    images = (dataset_loader.available(dataset.name) or dataset).x_train
    with left:
        names = [f"{label_text(dataset, int(dataset.y_train[place]))}: training image {place:,}" for place in places]
        image_grid.render(
            images[places],
            names,
            places,
            st.session_state[key],
            f"sheet.{dataset.hash[:8]}",
            lambda place: st.session_state.update({key: place}),
        )
        at = st.number_input(
            "Training image",
            min_value=0,
            max_value=len(dataset.x_train) - 1,
            step=1,
            help="Click an image in the grid, or type its index in x_train, which starts at 0.",
            persist_state="session",
            key=key,
        )
        _render_label(dataset, int(at))
    with right:
        _render_lens(dataset, images[int(at)])


def _key(dataset: Dataset) -> str:
    return f"data_at.{dataset.hash[:8]}"


def _hundred(dataset: Dataset) -> list[int]:
    label = st.session_state.get("data_label", ANY)
    seed = int(st.session_state.get("data_seed", 0))
    found: list[int] = statistics.sample(dataset.y_train, seed, None if label == ANY else label).tolist()
    return found


def _select_images(dataset: Dataset) -> list[int]:
    """Render the choice of images for the grid and return their indices among the training images."""

    def select_first() -> None:
        if places := _hundred(dataset):
            st.session_state[_key(dataset)] = places[0]

    def another() -> None:
        st.session_state.data_seed = int(st.session_state.data_seed) + 1
        select_first()

    st.session_state.setdefault("data_seed", 0)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            "Class",
            (ANY, *range(len(dataset.info.classes))),
            format_func=lambda label: "All classes" if label == ANY else f"Only {label_text(dataset, label)}",
            on_change=select_first,
            width=180,
            persist_state="session",
            key="data_label",
        )
        st.button(
            "Another hundred",
            icon=":material/casino:",
            on_click=another,
            help="Shows other images. Everybody sees the same first hundred, the same second, and so on.",
            key="another",
        )
    places = _hundred(dataset)
    if places:
        st.session_state.setdefault(_key(dataset), places[0])
    return places


def _render_label(dataset: Dataset, at: int) -> None:
    """Render the label as a number and one-hot, the form that networks are trained with."""

    def link(word: str, term: str) -> Markup:
        return Markup('<a href="{}" target="_blank">{}</a>').format(glossary.term_url(term), word)

    label = int(dataset.y_train[at])
    cells = Markup().join(
        Markup('<td class="{}">{}</td>').format("one" if place == label else "", int(place == label))
        for place in range(10)
    )
    heads = Markup().join(Markup("<td>{}</td>").format(place) for place in range(10))
    word = dataset.info.classes[label]
    meaning = "" if word == str(label) else Markup(", meaning <b>{}</b>").format(word)
    html(
        Markup(
            '<div class="label"><p>The {} is the number <b>{}</b>{}.</p>'
            "<p>{}, it is ten numbers, the answer that the network is trained to give:</p>"
            '<table class="onehot"><tr>{}</tr><tr>{}</tr></table></div>'
        ).format(link("label", "label"), label, meaning, link("One-hot", "one-hot"), heads, cells)
    )


def _render_lens(dataset: Dataset, image: np.ndarray) -> None:
    """Render the enlarged image and the controls of its overlays."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        numbers = st.segmented_control(
            "Numbers",
            (RAW, SCALED),
            default=None if "data_numbers" in st.session_state else RAW,
            required=True,
            help="Files hold whole numbers from 0 to 255. Networks learn better if each is divided by 255.",
            label_visibility="collapsed",
            persist_state="session",
            key="data_numbers",
        )
        channel = None
        if image.ndim == 3:
            color = st.segmented_control(
                "Color",
                ("all", *pixel_lens.COLORS),
                default=None if "data_color" in st.session_state else "all",
                required=True,
                help="A color pixel is three numbers: red, green and blue. Look at each one alone.",
                label_visibility="collapsed",
                persist_state="session",
                key="data_color",
            )
            channel = None if color == "all" else pixel_lens.COLORS.index(color)
        boxed = st.toggle(
            "Box and center",
            help="The 20 × 20 pixel box that MNIST's makers fitted each digit into, and the center of mass of its ink, "
            "on which it would balance.",
            persist_state="session",
            key="data_boxed",
        )
    extent = statistics.ink_extent(image) if boxed else None
    pixel_lens.render(image, extent, scaled=numbers == SCALED, channel=channel)
    if boxed:
        st.caption(linked_help(_extent_text(dataset, extent)))


def _extent_text(dataset: Dataset, extent: statistics.InkExtent | None) -> str:
    if extent is None:
        return "This image has no ink, so it has neither a box nor a center."
    ink = f"The ink is {extent.height} pixels high and {extent.width} wide"
    center = f"Its center of mass is at row {extent.row:.1f}, column {extent.column:.1f}"
    larger = max(extent.height, extent.width) > pixel_lens.BOX
    fits = (
        f"more than the {pixel_lens.BOX} × {pixel_lens.BOX} box"
        if larger
        else f"it fits the {pixel_lens.BOX} × {pixel_lens.BOX} box"
    )
    if dataset.info.is_digits:
        rule = "MNIST's digits were fitted into that box, then moved by whole pixels to center them at 14, 14."
        return f"{ink}: {fits}. {center}. {rule}"
    return f"{ink}: {fits}. {center}. Only MNIST's digits are fitted into a box; these images fill their frame."
