"""Subject of Look inside: a network, an image, the network's answer, and all layer outputs and weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.analysis.answer import Answer
from trainer.analysis.stages import Stage, stages, title
from trainer.config.dataset_info import DatasetInfo
from trainer.config.layer_table import LayerRow
from trainer.config.training import TrainingConfig
from trainer.networks import onnx_reader
from trainer.networks.inference import Network
from trainer.storage.files import read_bytes
from trainer.text import decimal
from ui.network_choice import MISSING, NetworkChoice

STYLE = Path(__file__).with_suffix(".css")


@dataclass(frozen=True, eq=False)
class Subject:
    """A network and the image that it reads, or None while there is none."""

    choice: NetworkChoice
    network: Network
    image: np.ndarray | None  # (height, width) or (height, width, 3) float32, 0 paper .. 1 ink
    answer: Answer | None
    is_unfinished: bool = False  # whether the pen still draws the image

    @property
    def config(self) -> TrainingConfig:
        return self.choice.config

    @property
    def table(self) -> tuple[LayerRow, ...]:
        return self.choice.config.table

    @property
    def info(self) -> DatasetInfo:
        return self.choice.info

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        return stages(self.table)

    def title(self, name: str) -> str:
        """Return the readable name of a layer in the layer table: `Convolution 1`."""
        return title(self.table, name)

    @cached_property
    def outputs(self) -> dict[str, np.ndarray]:
        """Return the output of every layer for the image, by its name in the layer table."""
        assert self.image is not None
        return {name: values[0] for name, values in self.network.layers(self.image[None]).items()}

    @cached_property
    def weights(self) -> dict[str, list[np.ndarray]]:
        """Return the weights of every layer that has any. Raises UserError if the file is missing or damaged."""
        return _weights(self.choice.path, self.choice.changed, self.config)

    def named(self, label: int) -> str:
        """Return the name of a label with its article."""
        return self.info.with_article(label)


@st.cache_resource(max_entries=3, show_spinner=False)  # 20 MB each for the largest networks
def _weights(path: Path, changed: int, _config: TrainingConfig) -> dict[str, list[np.ndarray]]:
    try:
        content = read_bytes(path)
    except OSError:
        raise UserError(MISSING) from None
    return onnx_reader.read(content, _config)


def image(url: str, width: int, caption: str, alt: str, height: int | None = None) -> Markup:
    """Return an image with a caption, text or HTML, as a figure of `width` screen pixels."""
    style = f"height: {height}px; " if height else ""
    return Markup(
        '<figure style="width: {}px"><img decoding="sync" style="width: {}px; {}" alt="{}" '
        'src="{}"><figcaption>{}</figcaption></figure>'
    ).format(width, width, style, alt, url, caption)


def scale(largest: float) -> Markup:
    """Return the legend of the diverging colors, from −largest to +largest."""
    number = decimal(largest)
    return Markup('<span class="inside-scale">−{} <i></i> +{}</span>').format(number, number)
