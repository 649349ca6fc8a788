"""Lesson 9: a convolution on a real digit, with a kernel to choose and edit, then relu and max pooling."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import numpy as np
import streamlit as st

from trainer.data.datasets import Dataset
from trainer.lessons import convolution
from trainer.lessons.convolution import KERNEL_SIDE, KERNELS, MAP_SIDE, MAX_WEIGHT
from ui import dataset_loader
from ui.components.canvas import with_resize

WEIGHTS, CHOSEN, PLACE, VIEW = (f"learn.convolution.{name}" for name in ("weights", "kernel", "digit", "view"))

_view = st.components.v2.component(
    "digit_lab_convolution",
    html=Path(__file__).with_suffix(".html").read_text("utf-8"),
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=with_resize(Path(__file__).with_suffix(".js")),
)


def render() -> None:
    st.markdown(
        "A **convolution** slides a small **kernel** over the image. At each position it multiplies the nine pixels "
        "under it by its nine weights and adds the products. Move the kernel, choose another, or type other weights."
    )
    dataset = dataset_loader.load()
    if dataset is not None:
        _render_convolution(dataset)


@st.fragment
def _render_convolution(dataset: Dataset) -> None:
    if WEIGHTS not in st.session_state:
        st.session_state[CHOSEN] = next(iter(KERNELS))
        _choose()
    st.session_state.setdefault(PLACE, 0)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.pills(
            "Kernel",
            KERNELS,
            help="Six kernels, each with what its map shows. Edit a weight to make your own.",
            on_change=_choose,
            label_visibility="collapsed",
            persist_state="session",
            key=CHOSEN,
        )
        st.button("Another digit", icon=":material/casino:", on_click=_draw_digit, args=(dataset,), key=f"{PLACE}.new")
    weights = st.session_state[WEIGHTS]
    index = int(st.session_state[PLACE]) % len(dataset.x_test)
    _render_view(dataset, index, weights)
    title = convolution.title_of(weights)
    finds = KERNELS[title].finds if title else "Your own kernel."
    positions = MAP_SIDE**2
    st.markdown(
        f"**{title or 'Your kernel'}**: {finds} The same {KERNEL_SIDE**2} weights serve at all {MAP_SIDE} × {MAP_SIDE} "
        f"= {positions:,} positions; a dense layer would need {dataset.x_test[0].size * positions:,}."
    )
    st.caption(
        "Nobody writes these weights: a convolutional layer has many kernels, and training finds their weights. The "
        "next layer's kernels look at all maps at once, so they find shapes made of strokes."
    )


def _render_view(dataset: Dataset, index: int, weights: convolution.Weights) -> None:
    outputs = convolution.outputs(dataset.images("test", slice(index, index + 1))[0], weights)

    def edit() -> None:
        edited = convolution.kernel_weights(st.session_state[VIEW].get("kernel"))
        if edited is not None:
            st.session_state[WEIGHTS] = edited
            st.session_state[CHOSEN] = convolution.title_of(edited)

    data = {
        "image": dataset.x_test[index].ravel().tolist(),
        **{name: np.round(getattr(outputs, name), 4).ravel().tolist() for name in ("map", "relu", "pooled")},
        "weights": weights,
        "limit": MAX_WEIGHT,
    }
    _view(data=json.dumps(data).encode(), on_kernel_change=edit, key=VIEW)


def _choose() -> None:
    if chosen := st.session_state[CHOSEN]:
        st.session_state[WEIGHTS] = KERNELS[chosen].weights


def _draw_digit(dataset: Dataset) -> None:
    st.session_state[PLACE] = secrets.randbelow(len(dataset.y_test))
