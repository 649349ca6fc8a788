"""Bar charts of a score on the class's digits: by digit and by writer."""

from __future__ import annotations

import numpy as np

from trainer.classroom.scores import Score
from trainer.config.limits import CLASSES
from trainer.figures.palette import BLUE, GRAY, NEUTRAL
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
