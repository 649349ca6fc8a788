"""How would one write this down? A configuration as a Keras program, to read, to copy and to take along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
import streamlit as st

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.training import TrainingConfig
from trainer.data import datasets
from trainer.drawing.collection import Drawings
from trainer.runs.parent import repeated
from trainer.sharing import keras_program
from ui import background, dataset_loader
from ui.background import Progress, Task
from ui.components import scroll_target
from ui.markdown import literal

HEIGHT = 460  # pixels of the listing, which scrolls: what is below it stays near
WHAT = "The same network and training as a Python program: run anywhere, it learns as here, loss by loss."
SCRIPT = "For Python with the packages keras and tensorflow; it needs no part of this app."
NOTEBOOK = "The same in steps, with words between them: for Jupyter, or Google Colab, where nothing is to be installed."
PEN_DIGITS = "They are drawn stroke by stroke, once: a minute or two for 15,000. Then you can take the file along."


@dataclass(frozen=True)
class Lack:
    """What the program does not have, a sentence, and the page on which that is mended, if there is one."""

    sentence: str
    page: str = ""
    icon: str = ""


@st.fragment
def show(config: TrainingConfig, goes_on: bool = False) -> None:
    """Offer the program of a configuration, written once it is opened; a link with `code` opens it.

    `goes_on`: the next training begins with the weights of another network, which the program does not have.
    """
    asked = bool(st.query_params.pop("code", ""))
    if asked:
        st.session_state.code = True
    scroll_target.here(asked, "code.landing")
    panel = st.expander("Code: the same in Keras", key="code", on_change="rerun")
    if panel.open:
        with panel:
            _show(config, goes_on)


def _show(config: TrainingConfig, goes_on: bool) -> None:
    st.markdown(WHAT)
    with st.container(horizontal=True):
        _offer("Script", keras_program.script(config), f"{keras_program.NAME}.py", "text/x-python", SCRIPT)
        _offer(
            "Notebook",
            keras_program.notebook(config),
            f"{keras_program.NAME}.ipynb",
            "application/x-ipynb+json",
            NOTEBOOK,
        )
        lacking = [lack for name in keras_program.files(config) if (lack := _offer_data(name, config))]
    if drawing := background.find(_key(config.synthetic_examples)):
        _show_drawing(drawing)
    if goes_on:
        lacking.append(Lack("Here the training goes on from another network; the program begins anew."))
    data = dataset_loader.at_hand(config.dataset)
    title = dataset_info.kind(config.dataset).title
    if config.dataset in keras_program.KERAS and data and data.source != title:
        lacking.append(Lack(f"Here the network learns from {literal(data.source)}, the program from {title}."))
    for lack in lacking:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(lack.sentence, width="content")
            if lack.page:
                st.page_link(f"pages/{lack.page.lower()}.py", label=lack.page, icon=lack.icon, width="content")
    st.code(keras_program.script(config), height=HEIGHT)


def _offer(label: str, data: str | Callable[[], bytes], name: str, mime: str, help: str) -> None:
    icon = ":material/download:"
    st.download_button(label, data, name, mime, icon=icon, on_click="ignore", help=help, key=f"code.{label}")


def _offer_data(name: str, config: TrainingConfig) -> Lack | None:
    """Offer a file that the program reads, or return what has to happen first."""
    help = "The program reads it: put it into the same folder."
    offer = partial(_offer, mime="application/octet-stream", name=name, help=help)
    if name == keras_program.PEN_DIGITS:
        return _offer_pen_digits(offer, config.synthetic_examples)
    if name == keras_program.OWN_DRAWINGS:
        try:
            drawings = st.session_state.engine.collection(st.session_state.owner).drawings
        except UserError as error:
            return Lack(str(error))
        if not len(drawings.labels):
            missing = f"{name} is made of your own drawings, and there are none yet: draw, and say what you meant."
            return Lack(missing, "Draw", ":material/draw:")
        offer("Own drawings", partial(_own_drawings, drawings, config))
        return None
    if not (data := dataset_loader.at_hand(config.dataset)):
        return Lack(f"{name} is here once the data set was found: look at it.", "Data", ":material/grid_on:")
    offer("Data", partial(_data, data))
    return None


# --- pen digits -----------------------------------------------------------------------------------------------


def _key(count: int) -> tuple[str, int]:
    return "pen digits", count


def _offer_pen_digits(offer: Callable[..., None], count: int) -> Lack | None:
    """Offer them where they are, else to draw them, which all trainings then share."""
    if datasets.synthetic_at_hand(count):
        offer("Pen digits", partial(_pen_digits, count))
        return None
    if (drawing := background.find(_key(count))) and not drawing.over:
        return None
    if st.button(f"Draw {count:,} pen digits", icon=":material/ink_pen:", help=PEN_DIGITS, key="code.draw"):
        background.start(_key(count), partial(_draw, count), "The pen digits could not be drawn", "data")
        st.rerun(scope="fragment")
    return Lack(
        f"The program reads {keras_program.PEN_DIGITS}, and nobody has needed it here yet: draw its digits first."
    )


def _draw(count: int, progress: Progress) -> None:
    """Draw pen digits, a minute for 15,000; they are kept for all processes."""
    datasets.synthetic(count, lambda done, total: progress(done / total))


def _show_drawing(task: Task) -> None:
    """Show how far the drawing of pen digits is, or why it failed."""
    if not task.over:
        background.watch(task, _describe)
    elif task.error:
        st.error(task.error)


def _describe(task: Task) -> tuple[float, str]:
    left = task.seconds_left
    return task.share, "Drawing pen digits …" + (f" {left:.0f} s left" if left is not None else "")


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
