"""Ten probability bars, 0 to 9 from the top, that change in place with each answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st
from markupsafe import Markup

from trainer.analysis.answer import MIN_MENTIONED, Answer
from trainer.config.dataset_info import DIGITS
from trainer.text import probability

# Not by Plotly, which a visitor would download for this chart alone: 4.7 MB, and at each visit 0.5 of the 1.6 seconds
# of the browser's processor time.
_ROW = Markup('<i class="label"></i><i class="track"><i class="bar"></i><i class="share"></i></i>')
_component = st.components.v2.component(
    "digit_lab_bars",
    html=Markup(
        '<div class="bars" role="figure"><p class="best"><b></b><span></span></p>{}'
        '<i class="scale"><i>0</i><i>50</i><i>100 %</i></i></div>'
    ).format(_ROW * 10),
    css=Path(__file__).with_suffix(".css").read_text("utf-8"),
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def render(answer: Answer | None, alt: str) -> None:
    """Render the bars of an answer, or none without an answer; `alt` is their description for screen readers."""
    with st.container(key="bars"):
        # bytes: Streamlit would search a dict for data frames
        _component(data=json.dumps({"alt": alt, **content(answer)}).encode(), key="bars.chart")


def content(answer: Answer | None) -> dict[str, Any]:
    """Return what the bars show, as JSON.

    `labels`: the classes; `shares`: percent, and `texts` beside them; `winner`: the place of the best bar, or None;
    `best`: its digit in large print, with a question mark where the network is not sure, and its percentage, or None
    for classes that are no digits. Without an answer, or with NaN, there are no bars.
    """
    shares = [float(value) for value in answer.probabilities] if answer and answer.is_finite else []
    labels = answer.info.classes if answer else DIGITS
    winner = answer.best if answer and shares else None
    best = None
    if labels == DIGITS:
        best = [answer.short, probability(answer.share)] if answer and shares else ["?", ""]
    return {
        "labels": labels,
        "shares": [round(100 * share, 2) for share in shares],
        "texts": [probability(share) if share >= MIN_MENTIONED else "" for share in shares],
        "winner": winner,
        "best": best,
        "sure": answer is not None and answer.sure,
    }
