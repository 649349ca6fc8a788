"""A hundred images at random, and one of them under the lens."""

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
from ui.glossary import explained
from ui.html import html, style

ANY = "Any"
SHEET, LENS = 320, 540  # pixels wide, or less on a phone
RAW, SCALED = "0 to 255", "0 to 1"
STYLE = Path(__file__).with_suffix(".css")


def named(dataset: Dataset, label: int) -> str:
    """Return what a label stands for: `7`, or `7, sneaker`."""
    word = dataset.kind.classes[label]
    return word if word == str(label) else f"{label}, {word}"


@st.fragment
def show(dataset: Dataset) -> None:
    """Show the sheet and the lens; a click runs this alone again."""
    style(STYLE)
    places = _choose(dataset)
    row = st.container(horizontal=True, gap="small", vertical_alignment="top")
    left, right = row.container(width=SHEET, gap="small"), row.container(width=LENS, gap="small")
    key = _key(dataset)
    if not places:
        with left:
            st.info("There is none of these to learn from: choose another digit.")
        return
    # A session keeps `dataset`, and pages of a file that were read count as memory until its arrays are let go.
    images = (dataset_loader.at_hand(dataset.name) or dataset).x_train
    with left:
        names = [f"{named(dataset, int(dataset.y_train[place]))}: number {place:,}" for place in places]
        image_grid.show(
            images[places],
            names,
            places,
            st.session_state[key],
            f"sheet.{dataset.hash[:8]}",
            lambda place: st.session_state.update({key: place}),
        )
        at = st.number_input(
            "Training image under the lens",
            min_value=0,
            max_value=len(dataset.x_train) - 1,
            step=1,
            help="Click one on the sheet, or type its place in x_train: Python counts from 0.",
            persist_state="session",
            key=key,
        )
        _tell_label(dataset, int(at))
    with right:
        _look(dataset, images[int(at)])


def _key(dataset: Dataset) -> str:
    return f"data_at.{dataset.hash[:8]}"


def _hundred(dataset: Dataset) -> list[int]:
    label = st.session_state.get("data_label", ANY)
    seed = int(st.session_state.get("data_seed", 0))
    found: list[int] = statistics.hundred(dataset.y_train, seed, None if label == ANY else label).tolist()
    return found


def _choose(dataset: Dataset) -> list[int]:
    """Ask which images are on the sheet, and return their places among the training images."""

    def begin() -> None:
        if places := _hundred(dataset):
            st.session_state[_key(dataset)] = places[0]

    def another() -> None:
        st.session_state.data_seed = int(st.session_state.data_seed) + 1
        begin()

    st.session_state.setdefault("data_seed", 0)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            "Which",
            (ANY, *range(len(dataset.kind.classes))),
            format_func=lambda label: "All ten kinds" if label == ANY else f"Only {named(dataset, label)}",
            help="A hundred of all kinds, or of one: see in how many ways one digit is written.",
            on_change=begin,
            width=180,
            persist_state="session",
            key="data_label",
        )
        st.number_input(
            "Seed",
            min_value=0,
            max_value=2**31 - 2,
            step=1,
            help="All chance comes from this number: the same seed shows the same hundred, to everybody.",
            on_change=begin,
            width=150,
            persist_state="session",
            key="data_seed",
        )
        st.button(
            "Another hundred",
            icon=":material/casino:",
            on_click=another,
            help="Draw with the next seed.",
            key="another",
        )
    places = _hundred(dataset)
    if places:
        st.session_state.setdefault(_key(dataset), places[0])
    return places


def _tell_label(dataset: Dataset, at: int) -> None:
    """Show the label as a number and as one-hot, as networks are taught it."""

    def link(word: str, term: str) -> Markup:
        return Markup('<a href="{}" target="_blank">{}</a>').format(glossary.address(term), word)

    label = int(dataset.y_train[at])
    cells = Markup().join(
        Markup('<td class="{}">{}</td>').format("one" if place == label else "", int(place == label))
        for place in range(10)
    )
    heads = Markup().join(Markup("<td>{}</td>").format(place) for place in range(10))
    word = dataset.kind.classes[label]
    meaning = "" if word == str(label) else Markup(", which stands for <b>{}</b>").format(word)
    html(
        Markup(
            '<div class="label"><p>Its {} is the whole number <b>{}</b>{}.</p>'
            "<p>{}, as the network is to answer, it is ten numbers:</p>"
            '<table class="onehot"><tr>{}</tr><tr>{}</tr></table></div>'
        ).format(link("label", "label"), label, meaning, link("One-hot", "one-hot"), heads, cells)
    )


def _look(dataset: Dataset, image: np.ndarray) -> None:
    """Show the lens, and what can be laid over the image."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        numbers = st.segmented_control(
            "Numbers",
            (RAW, SCALED),
            default=None if "data_numbers" in st.session_state else RAW,
            required=True,
            help="Files hold whole numbers from 0 to 255; networks learn better when each is divided by 255.",
            label_visibility="collapsed",
            persist_state="session",
            key="data_numbers",
        )
        channel = None
        if image.ndim == 3:
            color = st.segmented_control(
                "Colour",
                ("all", *pixel_lens.COLORS),
                default=None if "data_color" in st.session_state else "all",
                required=True,
                help="A pixel in colour is three numbers: red, green, blue. Look at each alone.",
                label_visibility="collapsed",
                persist_state="session",
                key="data_color",
            )
            channel = None if color == "all" else pixel_lens.COLORS.index(color)
        boxed = st.toggle(
            "Box and centre",
            help="The box of 20 × 20 pixels that MNIST's makers fitted each digit into, and the centre of mass of its "
            "ink: the point on which it would balance.",
            persist_state="session",
            key="data_boxed",
        )
    measured = statistics.extent(image) if boxed else None
    pixel_lens.show(image, measured, scaled=numbers == SCALED, channel=channel)
    if boxed:
        st.caption(explained(_measure(dataset, measured)))


def _measure(dataset: Dataset, measured: statistics.Extent | None) -> str:
    if measured is None:
        return "This image holds no ink at all: it has neither a box nor a centre."
    ink = f"Its ink is {measured.height} pixels high and {measured.width} wide"
    centre = f"its centre of mass lies at row {measured.row:.1f}, column {measured.column:.1f}"
    larger = max(measured.height, measured.width) > pixel_lens.BOX
    fits = (
        f"larger than {pixel_lens.BOX} × {pixel_lens.BOX}"
        if larger
        else f"it fits in the box of {pixel_lens.BOX} × {pixel_lens.BOX}"
    )
    if dataset.kind.digits:
        makers = "MNIST's makers fitted each digit into that box and moved it by whole pixels to bring this to 14, 14."
        return f"{ink}: {fits}; {centre}. {makers}"
    return f"{ink}: {fits}; {centre}. Only digits as in MNIST are fitted into a box; here the images fill their frame."
