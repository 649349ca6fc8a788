"""A whole data set: its shapes, how many of each, their means, its parts, and a map of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.config.limits import MEANINGS
from trainer.config.training import split_at
from trainer.data import statistics
from trainer.data.datasets import Dataset
from trainer.data.projection import Projection, project
from trainer.data.split import STYLE as PORTIONS
from trainer.data.split import balance, portions
from trainer.figures.diverging import weight_sheet
from trainer.figures.images import sprites
from trainer.text import percent
from ui import dataset_loader
from ui.components.plot import plot
from ui.data import data_map
from ui.glossary import explained
from ui.html import html, style

MAPPED = 2_000  # images on the map
STYLE = Path(__file__).with_suffix(".css")


@st.cache_resource(max_entries=8, show_spinner=False)
def _counted(hash: str, name: str, _dataset: Dataset) -> tuple[statistics.Census, tuple[int, ...]]:
    """Return the census of the training part, and how many of each are in the test part."""
    # Pages of a file that were read count as memory until its arrays are let go: these are let go at once.
    own = dataset_loader.at_hand(name) or _dataset
    counts = np.bincount(own.y_test, minlength=len(own.kind.classes))
    return statistics.census(own.x_train, own.y_train), tuple(counts.tolist())


def show(dataset: Dataset) -> None:
    """Show shapes and types, counts, and the mean image of each class."""
    counted, tested = _counted(dataset.hash, dataset.name, dataset)
    st.subheader("Four arrays", anchor=False)
    arrays = {name: getattr(dataset, name) for name in ("x_train", "y_train", "x_test", "y_test")}
    st.code("\n".join(f"{name:8}{array.shape!s:20}{array.dtype}" for name, array in arrays.items()), language=None)
    pixels = dataset.x_train[0].size
    size = statistics.memory(*arrays.values())
    sides = " × ".join(map(str, dataset.x_train.shape[1:]))
    st.markdown(
        explained(
            f"`x` holds images, `y` their labels. uint8 is a whole number from 0 to 255, one byte: {sides} = "
            f"{pixels:,} bytes an image, {size / 1e6:.1f} MB in all. The mean of all numbers is {counted.ink:.1f}, "
            f"or {counted.ink / 255:.2f} once they are scaled."
        )
    )
    st.subheader("How many of each", anchor=False)
    low, high = min(counted.counts), max(counted.counts)
    few, many = (dataset.kind.classes[counted.counts.index(count)] for count in (low, high))
    share = percent(high / sum(counted.counts))
    words = (
        f"All ten classes are there {low:,} times to learn from."
        if low == high
        else (
            f"The rarest to learn from is {few}, there {low:,} times; the most frequent is {many}, {high:,} times. "
            f"Who always says {many} is right in {share} of the training images."
        )
    )
    plot(statistics.count_bars(counted.counts, tested, dataset.kind.classes), "counts", words)
    st.caption(words)
    st.subheader(f"The mean {'digit' if dataset.kind.digits else 'image'} of each class", anchor=False)
    figures = Markup().join(
        Markup('<figure><img alt="The mean of {:,} images of {}" src="{}"><figcaption>{}</figcaption></figure>').format(
            count, name, sprites(mean[None], 1), name
        )
        for name, mean, count in zip(dataset.kind.classes, counted.means, counted.counts, strict=True)
    )
    style(STYLE)
    html(Markup('<div class="means">{}</div>').format(figures))
    st.caption(
        "Every pixel is the mean of that pixel over all training images of the class: sharp where all agree, grey "
        "where they differ."
    )


@st.fragment
def show_split(dataset: Dataset) -> None:
    """Draw the parts for training, validation and test as a split makes them."""
    split = st.slider(
        "Validation split",
        0,
        50,
        value=None if "data_split" in st.session_state else 10,
        step=5,
        format="%d %%",
        help=explained(MEANINGS["validation_split"], "validation"),
        persist_state="session",
        key="data_split",
    )
    total = len(dataset.x_train)
    learned = split_at(total, split / 100)
    style(PORTIONS)
    html(portions(dataset.x_train, dataset.x_test, learned))
    words = (
        f"Keras takes the **last** {split} % of the training images for validation: {total:,} × "
        f"(1 − {split / 100:.2f}) = {learned:,} are left to learn from, the other {total - learned:,} are kept aside."
    )
    st.markdown(
        explained(words) if split else f"With `validation_split=0` all {total:,} training images are learned from."
    )
    if learned < total:
        st.caption(balance(dataset.y_train[learned:], dataset.kind.classes))


@st.cache_resource(max_entries=4, show_spinner=False)
def _mapped(hash: str, name: str, _dataset: Dataset) -> tuple[bytes, Projection, bytes]:
    """Return what the map shows, where its images lie, and its directions as a picture."""
    own = dataset_loader.at_hand(name) or _dataset  # as above
    places = np.sort(statistics.hundred(own.y_train, 0, count=MAPPED))
    images, labels = own.x_train[places], own.y_train[places]
    found = project(images)
    classes = own.kind.classes
    # In colour a direction is one picture of the three colours' mean: more than two colours nobody could read.
    directions = found.directions if found.directions.ndim == 3 else found.directions.mean(axis=3)
    return data_map.packed(images, labels, places.tolist(), classes, found), found, weight_sheet(directions)


def show_map(dataset: Dataset) -> None:
    """Show the map, and what its two directions are."""
    data, found, directions = _mapped(dataset.hash, dataset.name, dataset)
    number, share = len(found.points), sum(found.shares)
    st.markdown(
        f"{number:,} training images as points. Those that are alike in their numbers lie close together. Point at "
        "one, tap it or press the arrow keys to see it."
    )
    data_map.show(data)
    pixels = dataset.x_train[0].size
    st.markdown(
        f"Each image is {pixels:,} numbers, so a point in {pixels:,} dimensions. The map is its shadow on a plane: of "
        "all planes the one in which the points lie furthest apart (principal component analysis, PCA). Its way to "
        f"the right shows {percent(found.shares[0])} of all differences between the images, its way up "
        f"{percent(found.shares[1])}: together {percent(share, 0)}. What overlaps here may well be apart in the "
        f"other {pixels - 2:,} dimensions."
    )
    st.image(
        directions,
        caption="The way to the right and the way up: images that lie there are brighter where this is blue, and "
        "darker where it is orange",
    )
