"""Comparison of the selected network with others: each network's answer for the same digit."""

from __future__ import annotations

import numpy as np
import streamlit as st

from trainer import UserError
from trainer.analysis import answer_charts
from trainer.analysis.answer import Answer, agreement_text, predict
from trainer.runs.parent import SHIPPED
from trainer.text import percent
from ui.markdown import literal
from ui.network_choice import NetworkChoice


def render(image: np.ndarray | None, choice: NetworkChoice, answer: Answer | None, others: list[NetworkChoice]) -> None:
    """Render the answers of several networks for an image, (28, 28) float32, and where they disagree."""
    predictions: list[tuple[NetworkChoice, Answer | None]] = [(choice, answer)]
    for other in others:
        try:
            network = other.network
            predictions.append((other, None if image is None else predict(network, image[None], strange=False)[0]))
        except UserError:  # its file is missing or damaged: show the others
            predictions.append((other, None))
    known = [(one.name, answer) for one, answer in predictions if answer is not None]
    rows = [(f"{one.name}\n{percent(one.accuracy)}", answer) for one, answer in predictions]
    words = agreement_text(known) if known else "Each network's answer appears here once there is a digit."
    st.plotly_chart(answer_charts.network_rows(rows), config={"staticPlot": True}, alt=words, key="judges")
    st.markdown(literal(words))
    _render_link([one.id for one, _ in predictions if one.id != SHIPPED])


def _render_link(run_ids: list[str]) -> None:
    if len(run_ids) > 1:
        st.page_link(
            "pages/compare.py",
            label="Compare these runs",
            icon=":material/stacked_line_chart:",
            query_params={"runs": ",".join(run_ids), "view": "drawing"},
            help="Compare their learning curves, settings and errors.",
        )
