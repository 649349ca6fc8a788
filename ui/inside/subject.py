"""What is looked at: an image, the network that reads it, and all the numbers in between."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer import UserError
from trainer.analysis.answer import Answer
from trainer.config.dataset_info import Kind
from trainer.config.layers import Row
from trainer.config.training import TrainingConfig
from trainer.figures.diverging import number
from trainer.networks import onnx_reader
from trainer.networks.inference import Network
from trainer.storage.files import read_bytes
from ui.network_picker import Judge

STYLE = Path(__file__).with_suffix(".css")


@dataclass(frozen=True, eq=False)
class Look:
    """An image, or None while there is none, and the network that reads it."""

    judge: Judge
    network: Network
    image: np.ndarray | None  # (height, width) or (height, width, 3) float32, 0 paper .. 1 ink
    said: Answer | None

    @property
    def config(self) -> TrainingConfig:
        return self.judge.config

    @property
    def table(self) -> tuple[Row, ...]:
        return self.judge.config.table

    @property
    def kind(self) -> Kind:
        return self.judge.kind

    @cached_property
    def outputs(self) -> dict[str, np.ndarray]:
        """Return the output of every layer for the image, by its name in the layer table."""
        assert self.image is not None
        return {name: values[0] for name, values in self.network.layers(self.image[None]).items()}

    @cached_property
    def weights(self) -> dict[str, list[np.ndarray]]:
        """Return the weights of every layer that has any. Raises UserError where the file is gone or damaged."""
        return _weights(self.judge.path, self.judge.changed, self.config)

    def named(self, label: int) -> str:
        """Return what a label stands for, a digit with its article."""
        return self.kind.named(label)


@st.cache_resource(max_entries=3, show_spinner=False)  # 20 MB each for the largest networks
def _weights(path: Path, changed: int, _config: TrainingConfig) -> dict[str, list[np.ndarray]]:
    try:
        content = read_bytes(path)
    except OSError:
        raise UserError("A network must be there to be looked into (got one that is gone): choose another.") from None
    return onnx_reader.read(content, _config)


def image(url: str, width: int, words: str, alt: str, height: int | None = None) -> Markup:
    """Return a picture with words below it, text or HTML, as a figure of `width` screen pixels."""
    high = f"height: {height}px; " if height else ""
    return Markup(
        '<figure style="width: {}px"><img decoding="sync" style="width: {}px; {}" alt="{}" '
        'src="{}"><figcaption>{}</figcaption></figure>'
    ).format(width, width, high, alt, url, words)


def scale(reach: float, signed: bool = True) -> Markup:
    """Return what colours mean: from which number to which."""
    highest = number(reach)
    if not signed:
        return Markup('<span class="inside-scale">0 <i class="up"></i> {}</span>').format(highest)
    return Markup('<span class="inside-scale">−{} <i></i> +{}</span>').format(highest, highest)
