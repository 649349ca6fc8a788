"""The code panel: a configuration as a Keras program, to read, copy and download with its data."""

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
from trainer.data import datasets, synthetic
from trainer.drawing.collection import Drawings
from trainer.runs.parent import repeat_drawings
from trainer.sharing import keras_program
from ui import background, dataset_loader
from ui.background import Progress, Task
from ui.components import scroll_target
from ui.markdown import literal, sentence

CODE_HEIGHT = 460  # pixels; the code scrolls, so that what is below stays near
ABOUT = "The same network and training as a Python program. Wherever it runs, it learns as it does here, loss by loss."
SCRIPT_HELP = "For Python with the packages keras and tensorflow; it needs no part of this app."
NOTEBOOK_HELP = "The same in explained steps, for Jupyter or Google Colab, which needs no installation."
PEN_DIGITS_HELP = "Drawing 15,000 digits stroke by stroke takes a minute or two, once. Then the file can be downloaded."


@dataclass(frozen=True)
class Notice:
    """A sentence on what the program lacks, and the page that helps, if any."""

    text: str
    page: str = ""
    icon: str = ""


@st.fragment
def render(config: TrainingConfig, has_parent: bool = False) -> None:
    """Render the code panel of a configuration; the code is written when it opens, which a link with `code` does.

    `has_parent`: the training would begin with another network's weights, which the program lacks.
    """
    linked = bool(st.query_params.pop("code", ""))
    if linked:
        st.session_state.code = True
    scroll_target.render(linked, "code.landing")
    panel = st.expander("Keras code", key="code", on_change="rerun")
    if panel.open:
        with panel:
            _render_panel(config, has_parent)


def _render_panel(config: TrainingConfig, has_parent: bool) -> None:
    script, notebook = keras_program.script(config), keras_program.notebook(config)
    stem = keras_program.FILE_STEM
    st.markdown(ABOUT)
    with st.container(horizontal=True):
        _render_download("Script", script, f"{stem}.py", "text/x-python", SCRIPT_HELP)
        _render_download("Notebook", notebook, f"{stem}.ipynb", "application/x-ipynb+json", NOTEBOOK_HELP)
        files = keras_program.data_files(config)
        notices = [notice for name in files if (notice := _render_data(name, config))]
    if task := background.find(_key(config.synthetic_examples)):
        _render_progress(task)
    if has_parent:
        notices.append(Notice("Here, training continues from another network; the program starts from scratch."))
    data = dataset_loader.available(config.dataset)
    title = dataset_info.info(config.dataset).title
    if config.dataset in keras_program.KERAS_DATASETS and data and data.source != title:
        notices.append(Notice(f"Here, the network learns from {literal(data.source)}; the program, from {title}."))
    for notice in notices:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(notice.text, width="content")
            if notice.page:
                st.page_link(f"pages/{notice.page.lower()}.py", label=notice.page, icon=notice.icon, width="content")
    st.code(script, height=CODE_HEIGHT)


def _render_download(label: str, data: str | Callable[[], bytes], name: str, mime: str, help: str) -> None:
    icon = ":material/download:"
    st.download_button(label, data, name, mime, icon=icon, on_click="ignore", help=help, key=f"code.{label}")


def _render_data(name: str, config: TrainingConfig) -> Notice | None:
    """Render the download of a file that the program reads, or return a notice on what is missing."""
    help = "The program reads this file: put it into the same folder."
    download = partial(_render_download, mime="application/octet-stream", name=name, help=help)
    if name == keras_program.PEN_DIGITS:
        return _render_pen_digits(download, config.synthetic_examples)
    if name == keras_program.OWN_DRAWINGS:
        try:
            drawings = st.session_state.engine.collection(st.session_state.owner).drawings
        except UserError as error:
            return Notice(str(error))
        if not len(drawings.labels):
            missing = f"{name} needs drawings of yours, and there are none yet: draw digits and choose what you meant."
            return Notice(missing, "Draw", ":material/draw:")
        download("My drawings", partial(_own_drawings, drawings, config))
        return None
    if not (data := dataset_loader.available(config.dataset)):
        return Notice(f"{name} can be downloaded once the data set is loaded: open it.", "Data", ":material/grid_on:")
    download("Data", partial(_data, data))
    return None


# --- pen digits -----------------------------------------------------------------------------------------------


def _key(count: int) -> tuple[str, int]:
    return "pen digits", count


def _render_pen_digits(download: Callable[..., None], count: int) -> Notice | None:
    """Render the download of pen digits, or a button that draws them; all trainings then share them."""
    if synthetic.extra_digits_cached(count):
        download("Pen digits", partial(_pen_digits, count))
        return None
    if (task := background.find(_key(count))) and not task.done:
        return None
    if st.button(f"Draw {count:,} pen digits", icon=":material/ink_pen:", help=PEN_DIGITS_HELP, key="code.draw"):
        background.start(_key(count), partial(_draw, count), "The pen digits could not be drawn", "data")
        st.rerun(scope="fragment")
    return Notice(f"The program reads {keras_program.PEN_DIGITS}, which does not exist yet: draw its digits first.")


def _draw(count: int, progress: Progress) -> None:
    """Draw pen digits into the cache, which all processes share; 15,000 take a minute."""
    synthetic.extra_digits(count, lambda done, total: progress(done / total))


def _render_progress(task: Task) -> None:
    """Render the progress or the error of drawing pen digits."""
    if not task.done:
        background.render_progress(task, _describe)
    elif task.error:
        st.error(sentence(task.error))


def _describe(task: Task) -> tuple[float, str]:
    left = task.seconds_left
    return task.fraction, "Drawing pen digits …" + (f" {left:.0f} s left" if left is not None else "")


# --- the files ------------------------------------------------------------------------------------------------


def _pen_digits(count: int) -> bytes:
    images, labels = synthetic.extra_digits(count)
    return _file(images=images, labels=labels)


def _own_drawings(drawings: Drawings, config: TrainingConfig) -> bytes:
    images, labels = repeat_drawings(drawings, config.own_examples, config.seed)
    return _file(images=np.rint(255 * images).astype(np.uint8), labels=labels)


def _data(data: datasets.Dataset) -> bytes:
    return _file(x_train=data.x_train, y_train=data.y_train, x_test=data.x_test, y_test=data.y_test)


def _file(**arrays: Any) -> bytes:
    file = BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()
