"""How would one write this down? A configuration as a Keras program, to read, to copy and to take along."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
import streamlit as st

from trainer import UserError, catalogue, datasets, program
from trainer.collection import Drawings
from trainer.config import TrainingConfig
from trainer.notebook import notebook
from trainer.parent import repeated
from widgets import library
from widgets.texts import literal

HEIGHT = 460  # pixels of the listing, which scrolls: what is below it stays near
WHAT = "The same network and training as a Python program: run anywhere, it learns as here, loss by loss."
SCRIPT = "For Python with the packages keras and tensorflow; it needs no part of this app."
NOTEBOOK = "The same in steps, with words between them: for Jupyter, or Google Colab, where nothing is to be installed."


@st.fragment
def show(config: TrainingConfig, goes_on: bool = False) -> None:
    """Offer the program of a configuration, written once it is opened.

    `goes_on`: the next training begins with the weights of another network, which the program does not have.
    """
    panel = st.expander("Code: the same in Keras", key="code", on_change="rerun")
    if panel.open:
        with panel:
            _show(config, goes_on)


def _show(config: TrainingConfig, goes_on: bool) -> None:
    st.markdown(WHAT)
    with st.container(horizontal=True):
        _offer("Script", program.script(config), f"{program.NAME}.py", "text/x-python", SCRIPT)
        _offer("Notebook", notebook(config), f"{program.NAME}.ipynb", "application/x-ipynb+json", NOTEBOOK)
        lacking = [sentence for name in program.files(config) if (sentence := _offer_data(name, config))]
    if goes_on:
        lacking.append("Here the training goes on from another network; the program begins anew.")
    data = library.at_hand(config.dataset)
    title = catalogue.kind(config.dataset).title
    if config.dataset in program.KERAS and data and data.source != title:
        lacking.append(f"Here the network learns from {literal(data.source)}, the program from {title}.")
    for sentence in lacking:
        st.caption(sentence)
    st.code(program.script(config), height=HEIGHT)


def _offer(label: str, data: str | Callable[[], bytes], name: str, mime: str, help: str) -> None:
    icon = ":material/download:"
    st.download_button(label, data, name, mime, icon=icon, on_click="ignore", help=help, key=f"code.{label}")


def _offer_data(name: str, config: TrainingConfig) -> str:
    """Offer a file that the program reads; return a sentence where it takes long, or cannot be had and why."""
    help = "The program reads it: put it into the same folder."
    offer = partial(_offer, mime="application/octet-stream", name=name, help=help)
    if name == program.PEN_DIGITS:
        offer("Pen digits", partial(_pen_digits, config.synthetic_examples))
        return "Pen digits that no training has learned yet are drawn first: a minute for 15,000."
    if name == program.OWN_DRAWINGS:
        try:
            drawings = st.session_state.engine.collection(st.session_state.owner).drawings
        except UserError as error:
            return str(error)
        if not len(drawings.labels):
            return f"{name} is made of your own drawings, and there are none yet: say on Draw what you meant."
        offer("Own drawings", partial(_own_drawings, drawings, config))
        return ""
    if not (data := library.at_hand(config.dataset)):
        return f"{name} is here once the data set was found: look at it on Data."
    offer("Data", partial(_data, data))
    return ""


# --- the files ------------------------------------------------------------------------------------------------


def _pen_digits(count: int) -> bytes:
    images, labels = datasets.synthetic(count)
    return _file(images=images, labels=labels)


def _own_drawings(drawings: Drawings, config: TrainingConfig) -> bytes:
    images, labels = repeated(drawings, config.own_examples, config.seed)
    return _file(images=np.rint(255 * images).astype(np.uint8), labels=labels)


def _data(data: datasets.Dataset) -> bytes:
    return _file(x_train=data.x_train, y_train=data.y_train, x_test=data.x_test, y_test=data.y_test)


def _file(**arrays: Any) -> bytes:
    file = BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()
