"""Calibration: confidence compared with accuracy, as a reliability diagram and the expected calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer.figures.palette import BLUE, NEUTRAL, VERMILLION
from trainer.figures.plotly import AXIS, Figure, frame
from trainer.text import percent

BINS = 10
MIN_BIN_IMAGES = 20  # a bin with fewer images depends largely on chance, and is drawn hollow
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
    """Images in ten bins by the probability of the predicted class: 0 to 10 %, 10 to 20 %, ..."""

    count: np.ndarray  # (10,) number of images
    confidence: np.ndarray  # (10,) their mean probability; NaN without images
    accuracy: np.ndarray  # (10,) share predicted correctly; NaN without images

    @property
    def error(self) -> float:
        """Return the expected calibration error: the mean distance between confidence and accuracy."""
        apart = np.nan_to_num(np.abs(self.accuracy - self.confidence))
        return float((apart * self.count).sum() / max(1, self.count.sum()))

    @property
    def overconfidence(self) -> float:
        """Return the mean of confidence minus accuracy; negative if the network is underconfident."""
        ahead = np.nan_to_num(self.confidence - self.accuracy)
        return float((ahead * self.count).sum() / max(1, self.count.sum()))


def calibration(confidence: np.ndarray, right: np.ndarray) -> Calibration:
    """Sort images into bins.

    confidence: (n,) probabilities of the predicted classes. right: (n,) bool, whether they are correct.
    """
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    count = np.bincount(places, minlength=BINS)
    sums = [np.bincount(places, weights=values, minlength=BINS) for values in (confidence, right)]
    means = [np.divide(total, count, out=np.full(BINS, np.nan), where=count > 0) for total in sums]
    return Calibration(count, *means)


def reliability_diagram(found: Calibration) -> Figure:
    """Draw each bin's accuracy over its mean confidence, with the diagonal of perfect calibration.

    The size of a point grows with its number of images; it is hollow if they are few. Below the diagonal the network is
    overconfident.
    """
    there = np.flatnonzero(found.count)
    x, y, count = 100 * found.confidence[there], 100 * found.accuracy[there], found.count[there]
    many = count >= MIN_BIN_IMAGES
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
        "hovertemplate": "confidence %{x:.0f} %, accuracy %{y:.0f} %: %{customdata:,} images<extra></extra>",
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
            "xaxis": axis | {"title": {"text": "confidence"}},
            "yaxis": axis | {"title": {"text": "accuracy"}},
            "showlegend": False,
            "shapes": [_DIAGONAL],
            "annotations": [
                words | {"x": 0, "y": 88, "xanchor": "left", "text": "underconfident"},
                words | {"x": 103, "y": 3, "xanchor": "right", "text": "overconfident"},
            ],
        },
    }


def in_words(found: Calibration) -> str:
    """Return a sentence that compares the network's confidence with its accuracy."""
    error, excess = 100 * found.error, 100 * found.overconfidence
    mean = float(np.nansum(found.confidence * found.count) / found.count.sum())
    right = float(np.nansum(found.accuracy * found.count) / found.count.sum())
    means = f"On average the network is {percent(mean)} sure, and {percent(right)} of its answers are correct"
    if error < 1:
        verdict = "you can take its percentages at face value"
    elif excess > error / 2:
        verdict = "it is overconfident"
    elif excess < -error / 2:
        verdict = "it is underconfident"
    else:
        verdict = "it is overconfident on some images and underconfident on others"
    distance = f"the mean distance from the dotted line, is {percent(found.error)}"
    return f"{means}: {verdict}. The calibration error, {distance}."
