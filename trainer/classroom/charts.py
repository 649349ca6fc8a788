"""Bar charts of a class: its score by digit and by writer, and what it predicted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainer.classroom.scores import Score
from trainer.config.limits import CLASSES
from trainer.figures.palette import BLUE, GRAY, NEUTRAL, VERMILLION
from trainer.figures.plotly import AXIS, Figure, frame

HEIGHT = 240
PERCENTS = [0, 25, 50, 75, 100]  # that the axis shows
MAX_NUMBERED = 40  # writers, above which not each bar has its number


def digit_bars(score: Score) -> Figure:
    """Draw the accuracy for each of the ten digits; one that nobody drew has no bar."""
    shares = score.by_digit
    counts = np.bincount(score.labels, minlength=CLASSES)
    return _bars([str(digit) for digit in range(CLASSES)], shares, counts, [BLUE] * CLASSES, "digit")


def writer_bars(score: Score, own: int = 0) -> Figure:
    """Draw the accuracy for each writer, by number; own: the number of a writer whose bar stands out."""
    shares = score.by_writer
    counts = np.array([(score.writers == writer).sum() for writer in shares])
    colors = [BLUE if writer == own or not own else GRAY for writer in shares]
    return _bars([str(writer) for writer in shares], np.array([*shares.values()]), counts, colors, "writer")


def _bars(names: list[str], shares: np.ndarray, counts: np.ndarray, colors: list[str], what: str) -> Figure:
    percents = [None if np.isnan(share) else round(100 * float(share), 1) for share in shares]
    return {
        "data": [
            {
                "type": "bar",
                "x": list(range(len(names))),
                "y": percents,
                "customdata": [[name, int(count)] for name, count in zip(names, counts, strict=True)],
                "marker": {"color": colors},
                "text": ["" if percent is None else f"{percent:.0f}" for percent in percents]
                if len(names) <= 2 * CLASSES
                else "",
                "textposition": "outside",
                "textfont": {"color": NEUTRAL},
                "cliponaxis": False,
                "hovertemplate": f"{what} %{{customdata[0]}}: %{{y:.0f}} % of %{{customdata[1]}}<extra></extra>",
            }
        ],
        "layout": frame(HEIGHT, 48, 8, 8, 28)
        | {
            "bargap": 0.25,
            "xaxis": AXIS
            | {
                "tickvals": list(range(len(names))),
                "ticktext": names if len(names) <= MAX_NUMBERED else ["" for _ in names],
                "range": [-0.6, max(len(names), CLASSES) - 0.4],
            },
            "yaxis": AXIS
            | {"range": [0, 112], "tickvals": PERCENTS, "ticktext": [f"{percent} %" for percent in PERCENTS]},
        },
    }


def prediction_bars(accuracies: Sequence[float], reached: float, own: float | None = None) -> Figure:
    """Draw how many members predicted each accuracy, in steps of a point, what was reached, and one's own."""
    percents, counts = np.unique(np.floor(100 * np.asarray(accuracies) + 1e-9), return_counts=True)
    low = min([*percents.tolist(), 100 * reached]) - 3
    mine = None if own is None else np.floor(100 * own + 1e-9)
    line = {"type": "line", "xref": "x", "yref": "paper", "x0": 100 * reached, "x1": 100 * reached, "y0": 0, "y1": 1}
    return {
        "data": [
            {
                "type": "bar",
                "x": (percents + 0.5).tolist(),
                "y": counts.tolist(),
                "customdata": percents.tolist(),
                "width": 0.9,
                "marker": {"color": [BLUE if mine in (None, percent) else GRAY for percent in percents]},
                "hovertemplate": "%{customdata} to %{x:.0f} %: %{y}<extra></extra>",
            }
        ],
        "layout": frame(HEIGHT, 40, 8, 24, 32)
        | {
            "xaxis": AXIS | {"range": [max(-1.0, low), 101], "ticksuffix": " %"},
            "yaxis": AXIS | {"rangemode": "tozero", "dtick": max(1, int(counts.max()) // 4)},
            "shapes": [line | {"line": {"color": VERMILLION, "width": 3}}],
            "annotations": [
                {
                    "x": 100 * reached,
                    "y": 1,
                    "yref": "paper",
                    "yanchor": "bottom",
                    "showarrow": False,
                    "text": f"reached {100 * reached:.1f} %",
                    "font": {"color": NEUTRAL},
                }
            ],
        },
    }
