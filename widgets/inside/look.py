"""What is looked at: an image, the network that reads it, and all the numbers in between."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import streamlit as st
from markupsafe import Markup

from trainer import UserError, tints, weights
from trainer.answer import Answer
from trainer.catalogue import Kind
from trainer.config import TrainingConfig
from trainer.files import read_bytes
from trainer.inference import Network
from trainer.layers import Row
from widgets.judges import Judge

STYLE = """
    .inside { display: flex; flex-wrap: wrap; gap: 0.8rem 1.1rem; align-items: flex-start }
    .inside.equation { align-items: center; gap: 0.6rem; margin-bottom: 0.6rem }
    .inside figure { margin: 0; max-width: 100% }
    .inside img { display: block; image-rendering: pixelated; border: 1px solid rgba(118, 124, 134, 0.5);
        border-radius: 3px; max-width: 100%; box-sizing: border-box }
    .inside figcaption, .inside-words { font-size: 0.8rem; line-height: 1.35; opacity: 0.85 }
    .inside figcaption { margin-top: 0.25rem }
    .inside-scale { display: inline-flex; gap: 0.4rem; margin-right: 0.6rem; align-items: center;
        font-size: 0.8rem; white-space: nowrap }
    .inside-scale i { display: inline-block; width: 7rem; height: 0.65rem; border-radius: 2px;
        border: 1px solid rgba(118, 124, 134, 0.5);
        background: linear-gradient(90deg, #D55E00, rgba(213, 94, 0, 0) 50%, rgba(0, 114, 178, 0) 50%, #0072B2) }
    .inside-scale i.up { background: linear-gradient(90deg, rgba(0, 114, 178, 0), #0072B2) }
    .inside-layers { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr));
        gap: 0 1.5rem }
    .inside-layer { margin: 0 0 1.1rem; min-width: 0 }
    .inside-layer.wide { grid-column: 1 / -1 }
    .inside-layer h4 { font-size: 0.95rem; margin: 0 0 0.3rem; padding: 0 }
    .inside-layer h4 small { font-weight: 400; font-size: 0.8rem; opacity: 0.8; margin-left: 0.4rem }
    .inside-cells { display: flex; flex-wrap: wrap; gap: 3px }
    .inside-cells span { width: 2.4rem; text-align: center; font-size: 0.7rem; line-height: 1.3 }
    .inside-cells i { display: block; height: 1.5rem; border: 1px solid rgba(118, 124, 134, 0.5); border-radius: 3px }
    .inside-cells .top i { outline: 2px solid #E69F00; outline-offset: 0 }
    .inside-cells.ten span { width: 2.9rem; white-space: nowrap }
    .inside-cells .top { font-weight: 700 }
    .inside-scroll { overflow-x: auto }
    table.inside-sums { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums }
    table.inside-sums th, table.inside-sums td { padding: 0.15rem 0.6rem; text-align: right; border: 0;
        border-top: 1px solid rgba(118, 124, 134, 0.3); white-space: nowrap }
    table.inside-sums th { font-weight: 600; border-top: 0; white-space: normal; vertical-align: bottom }
    table.inside-sums td.pic { padding: 0.15rem 0.3rem } table.inside-sums .words { white-space: normal;
        text-align: left; min-width: 9rem }
    table.inside-sums td.pic img { display: block; image-rendering: pixelated; margin: auto; border-radius: 3px;
        border: 1px solid rgba(118, 124, 134, 0.5) }
    table.inside-sums tr.best td { font-weight: 700 }
    table.inside-sums tr.best td:not(.pic) { background: rgba(0, 114, 178, 0.12) }
    table.inside-sums tfoot td { border-top: 2px solid rgba(118, 124, 134, 0.6) }
    @media (max-width: 640px) {
        .inside.equation { flex-wrap: nowrap; gap: 0.3rem }
        .inside-cells.ten { display: grid; grid-template-columns: repeat(5, 1fr); gap: 0.4rem 3px }
        .inside-cells.ten span { width: auto }
        .inside.equation figure { width: 28% !important } .inside.thirds figure { width: 47% !important }
        .inside.equation img, .inside.thirds img { width: 100% !important; height: auto }
        .inside.thirds .inside-scale i { width: 3rem }
        table.inside-sums { font-size: 0.7rem } table.inside-sums th, table.inside-sums td { padding: 0.15rem 0.2rem }
        table.inside-sums td.pic { padding: 0.1rem } table.inside-sums td.pic img.wide { width: 44px; height: 44px }
        table.inside-sums .words { display: none }  /* the sums and the probability have room instead */
    }
"""


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
    return weights.read(content, _config)


def image(url: str, width: int, words: str, alt: str, height: int | None = None) -> Markup:
    """Return a picture with words below it, text or HTML, as a figure of `width` screen pixels."""
    high = f"height: {height}px; " if height else ""
    return Markup(
        '<figure style="width: {}px"><img decoding="sync" style="width: {}px; {}" alt="{}" '
        'src="{}"><figcaption>{}</figcaption></figure>'
    ).format(width, width, high, alt, url, words)


def scale(reach: float, signed: bool = True) -> Markup:
    """Return what colours mean: from which number to which."""
    highest = tints.number(reach)
    if not signed:
        return Markup('<span class="inside-scale">0 <i class="up"></i> {}</span>').format(highest)
    return Markup('<span class="inside-scale">−{} <i></i> +{}</span>').format(highest, highest)
