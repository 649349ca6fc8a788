"""Is a network as often right as it is sure? Its confidence held against what came true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer.figures.palette import BLUE, NEUTRAL, VERMILLION
from trainer.figures.plotly import AXIS, Figure, frame
from trainer.text import percent

BINS = 10
FEW = 20  # images of a bin: with fewer chance has a large say
_DIAGONAL: Figure = {
    "type": "line",
    "x0": 0,
    "y0": 0,
    "x1": 100,
    "y1": 100,
    "line": {"color": NEUTRAL, "width": 1.2, "dash": "dot"},
}


@dataclass(frozen=True, eq=False)
class Calibration:
    """The images in ten bins by the probability of what was predicted: 0 to 10 %, 10 to 20 %, ..."""

    count: np.ndarray  # (10,) images
    confidence: np.ndarray  # (10,) their mean probability; NaN without images
    accuracy: np.ndarray  # (10,) the share that was right; NaN without images

    @property
    def error(self) -> float:
        """Return the expected calibration error: how far both are apart, on average over the images."""
        apart = np.nan_to_num(np.abs(self.accuracy - self.confidence))
        return float((apart * self.count).sum() / max(1, self.count.sum()))

    @property
    def surplus(self) -> float:
        """Return by how much it is surer than right, on average over the images; negative where it is less sure."""
        ahead = np.nan_to_num(self.confidence - self.accuracy)
        return float((ahead * self.count).sum() / max(1, self.count.sum()))


def calibration(confidence: np.ndarray, right: np.ndarray) -> Calibration:
    """Sort images into bins: (n,) probabilities of what was predicted, and (n,) whether it was right."""
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    count = np.bincount(places, minlength=BINS)
    sums = [np.bincount(places, weights=values, minlength=BINS) for values in (confidence, right)]
    means = [np.divide(total, count, out=np.full(BINS, np.nan), where=count > 0) for total in sums]
    return Calibration(count, *means)


def reliability_diagram(found: Calibration) -> Figure:
    """Draw each bin's share of right answers over its mean confidence, with the diagonal of a perfect match.

    A point is the larger the more images it stands for, and hollow where they are few; what lies below the diagonal
    is surer than right.
    """
    there = np.flatnonzero(found.count)
    x, y, count = 100 * found.confidence[there], 100 * found.accuracy[there], found.count[there]
    many = count >= FEW
    sizes = 9 + 22 * np.sqrt(count / max(1, count.max(initial=1)))
    symbols = ["circle" if enough else "circle-open" for enough in many]
    points: Figure = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": np.round(x, 1).tolist(),
        "y": np.round(y, 1).tolist(),
        "customdata": count.tolist(),
        "line": {"color": BLUE, "width": 1.5},
        "marker": {"size": np.round(sizes, 1).tolist(), "color": BLUE, "opacity": 0.85, "symbol": symbols},
        "hovertemplate": "%{x:.0f} % sure, %{y:.0f} % right: %{customdata:,} images<extra></extra>",
    }
    gaps: Figure = {
        "type": "scatter",
        "mode": "lines",
        "x": [value for place in x[many] for value in (round(place, 1), round(place, 1), None)],
        "y": [value for a, b in zip(x[many], y[many], strict=True) for value in (round(a, 1), round(b, 1), None)],
        "line": {"color": VERMILLION, "width": 3},
        "hoverinfo": "skip",
    }
    words: Figure = {"showarrow": False, "font": {"size": 12, "color": NEUTRAL}}
    axis = AXIS | {"range": [-4, 106], "tickvals": [0, 25, 50, 75, 100], "ticktext": ["0", "25", "50", "75", "100 %"]}
    return {
        "data": [gaps, points],
        "layout": {
            **frame(height=340, left=62, right=12, top=8, bottom=46),
            "xaxis": axis | {"title": {"text": "how sure it is"}},
            "yaxis": axis | {"title": {"text": "how often it is right"}},
            "showlegend": False,
            "shapes": [_DIAGONAL],
            "annotations": [
                words | {"x": 0, "y": 88, "xanchor": "left", "text": "too modest"},
                words | {"x": 103, "y": 3, "xanchor": "right", "text": "too sure"},
            ],
        },
    }


def in_words(found: Calibration) -> str:
    """Say how far its confidence is from what came true, with this network's own numbers."""
    error, surplus = 100 * found.error, 100 * found.surplus
    mean = float(np.nansum(found.confidence * found.count) / found.count.sum())
    right = float(np.nansum(found.accuracy * found.count) / found.count.sum())
    apart = f"On average it is {percent(mean)} sure and {percent(right)} of its answers are right"
    if error < 1:
        verdict = "you can take its percentages at their word"
    elif surplus > error / 2:
        verdict = "it is surer than it should be"
    elif surplus < -error / 2:
        verdict = "it is more modest than it need be"
    else:
        verdict = "it is too sure of some images and too modest about others"
    return f"{apart}: {verdict}. Its calibration error, the mean distance from the dotted line, is {error:.1f} %."
