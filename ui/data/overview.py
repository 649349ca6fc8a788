"""A whole data set: array shapes, class counts, mean images, the train/validation split, and a map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer.config.limits import SETTINGS
from trainer.config.training import split_at
from trainer.data import statistics
from trainer.data.datasets import Dataset
from trainer.data.projection import Projection, project
from trainer.data.split import STYLE as SPLIT_STYLE
from trainer.data.split import class_balance, split_diagram
from trainer.figures.diverging import weight_sheet
from trainer.figures.images import sprite_url
from trainer.text import percent
from ui.components.plot import plot
from ui.data import data_map
from ui.glossary import linked_help
from ui.html import html, style

MAP_IMAGES = 2_000
STYLE = Path(__file__).with_suffix(".css")


@st.cache_resource(max_entries=8, show_spinner=False)
def _class_statistics(hash: str, _dataset: Dataset) -> tuple[statistics.ClassStatistics, tuple[int, ...]]:
    """Return the statistics of the training images and the class counts of the test images."""
    counts = np.bincount(_dataset.y_test, minlength=len(_dataset.info.classes))
    return statistics.class_statistics(_dataset.x_train, _dataset.y_train), tuple(counts.tolist())


def render(dataset: Dataset) -> None:
    """Render array shapes, class counts and the mean image of each class."""
    stats, test_counts = _class_statistics(dataset.hash, dataset)
    st.subheader("Four arrays", anchor=False)
    arrays = {name: getattr(dataset, name) for name in ("x_train", "y_train", "x_test", "y_test")}
    st.code("\n".join(f"{name:8}{array.shape!s:20}{array.dtype}" for name, array in arrays.items()), language=None)
    pixels = dataset.x_train[0].size
    size = statistics.total_bytes(*arrays.values())
    sides = " × ".join(map(str, dataset.x_train.shape[1:]))
    st.markdown(
        linked_help(
            f"`x` holds images, `y` their labels. A uint8 is a whole number from 0 to 255 in one byte: {sides} = "
            f"{pixels:,} bytes per image, {size / 1e6:.1f} MB in all. The mean of all pixels is {stats.ink:.1f}, "
            f"or {stats.ink / 255:.2f} when scaled."
        )
    )
    st.subheader("Images per class", anchor=False)
    low, high = min(stats.counts), max(stats.counts)
    rarest, commonest = (dataset.info.classes[stats.counts.index(count)] for count in (low, high))
    share = percent(high / sum(stats.counts))
    words = (
        f"Each of the ten classes has {low:,} training images."
        if low == high
        else (
            f"The rarest class is {rarest}, with {low:,} training images; the most common is {commonest}, with "
            f"{high:,}. Always answering {commonest} would be right for {share} of them."
        )
    )
    plot(statistics.class_count_chart(stats.counts, test_counts, dataset.info.classes), "counts", words)
    st.caption(words)
    st.subheader(f"The mean {'digit' if dataset.info.is_digits else 'image'} of each class", anchor=False)
    figures = Markup().join(
        Markup('<figure><img alt="The mean of {:,} images of {}" src="{}"><figcaption>{}</figcaption></figure>').format(
            count, name, sprite_url(mean[None], 1), name
        )
        for name, mean, count in zip(dataset.info.classes, stats.means, stats.counts, strict=True)
    )
    style(STYLE)
    html(Markup('<div class="means">{}</div>').format(figures))
    st.caption(
        "Each pixel is its mean over all training images of the class: sharp where they agree, gray where they differ."
    )


@st.fragment
def render_split(dataset: Dataset) -> None:
    """Render the training, validation and test images of a chosen split."""
    split = st.slider(
        "Validation split",
        0,
        50,
        value=None if "data_split" in st.session_state else 10,
        step=5,
        format="%d %%",
        help=linked_help(SETTINGS["validation_split"].help, "validation"),
        persist_state="session",
        key="data_split",
    )
    total = len(dataset.x_train)
    training = split_at(total, split / 100)
    style(SPLIT_STYLE)
    html(split_diagram(dataset.x_train, dataset.x_test, training))
    words = (
        f"Keras takes the **last** {split} % of the training images for validation: {total:,} × "
        f"(1 − {split / 100:.2f}) = {training:,} are left for training, and {total - training:,} are kept aside."
    )
    if not split:
        words = f"With `validation_split=0`, all {total:,} training images are used for training."
    st.markdown(linked_help(words))
    if training < total:
        st.caption(class_balance(dataset.y_train[training:], dataset.info.classes))


@st.cache_resource(max_entries=4, show_spinner=False)
def _map(hash: str, _dataset: Dataset) -> tuple[bytes, Projection, bytes]:
    """Return the map's data, the projection, and a picture of its two directions."""
    places = np.sort(statistics.sample(_dataset.y_train, 0, count=MAP_IMAGES))
    images, labels = _dataset.x_train[places], _dataset.y_train[places]
    projection = project(images)
    classes = _dataset.info.classes
    # The picture shows one signed number per pixel: the directions of color images are averaged over the colors.
    directions = projection.directions
    if directions.ndim == 4:
        directions = directions.mean(axis=3)
    return (
        data_map.packed_map(images, labels, places.tolist(), classes, projection),
        projection,
        weight_sheet(directions),
    )


def render_map(dataset: Dataset) -> None:
    """Render the map and its two directions."""
    data, projection, directions = _map(dataset.hash, dataset)
    number = len(projection.points)
    right, up = projection.explained_variance
    st.markdown(
        f"{number:,} training images as points. Images with similar pixels lie close together. Point at one, tap it "
        "or press the arrow keys to see it."
    )
    data_map.render(data)
    pixels = dataset.x_train[0].size
    st.markdown(
        f"Each image is {pixels:,} numbers, a point in {pixels:,} dimensions. The map is the shadow of these points on "
        "the plane that spreads them furthest apart (principal component analysis, PCA). The horizontal direction "
        f"shows {percent(right)} of all variance between the images and the vertical direction {percent(up)}, together "
        f"{percent(right + up, 0)}. Points that overlap here may be far apart in the other {pixels - 2:,} dimensions."
    )
    st.image(
        directions,
        caption="The directions to the right and upwards: images that lie further along are brighter where this is "
        "blue and darker where it is orange",
        alt="The two directions of the map, as images",
    )
