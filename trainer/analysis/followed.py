"""Predictions for followed drawings over a training, as a status text and as rows of curves.

Each line of readings.jsonl has "step", "epoch", and "probabilities": ten for each drawing, by its id. Lines without the
drawing, or with damaged values, are skipped. The probabilities of a network that diverged are zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trainer.analysis import answer
from trainer.analysis.learning_curves import Line, prediction_curves, sampled
from trainer.figures.images import drawing_png, file_url
from trainer.figures.plotly import Figure
from trainer.runs.requests import FollowedDrawing
from trainer.text import percent

# --- in words -------------------------------------------------------------------------------------------------


def named(label: int | None) -> str:
    """Return a drawing's label with its article: "a 3", "an 8", or "a drawing" without a label."""
    return "a drawing" if label is None else answer.named(label)


def status(readings: Sequence[Line], drawing: FollowedDrawing) -> str:
    """Return the latest prediction for a drawing and, if it has a label, since or until when it was correct."""
    last = next(_backwards(readings, drawing.id), None)
    if last is None:
        return "not read yet"
    _, probabilities, most = last
    read = f"read as {named(probabilities.index(most))} ({percent(most, 0)})" if most else "network output NaN"
    if drawing.label is None:
        return read
    if (since := right_since(readings, drawing.id, drawing.label)) is not None:
        return f"{read}, correct since epoch {since}"
    until = right_until(readings, drawing.id, drawing.label)
    return f"{read}, not correct so far" if until is None else f"{read}, correct until epoch {until}"


def right_since(readings: Sequence[Line], drawing: str, label: int) -> int | None:
    """Return the epoch since which the prediction for a drawing, by its id, has been correct, or None."""
    since = None
    for epoch, probabilities, most in _backwards(readings, drawing):
        if not 0 < probabilities[label] == most:
            break
        since = epoch
    return since


def right_until(readings: Sequence[Line], drawing: str, label: int) -> int | None:
    """Return the last epoch in which the prediction for a drawing, by its id, was correct, or None."""
    newest_first = _backwards(readings, drawing)
    return next((epoch for epoch, probabilities, highest in newest_first if 0 < probabilities[label] == highest), None)


def _backwards(readings: Sequence[Line], drawing: str) -> Iterator[tuple[int, list[float], float]]:
    """Yield the epoch, the probabilities and the highest of them, newest first."""
    for reading in reversed(readings):
        try:
            epoch, probabilities = reading["epoch"], reading["probabilities"][drawing]
            if 0 <= (most := max(probabilities)) <= 1 and len(probabilities) == 10 and type(epoch) is int:
                yield epoch, probabilities, most
        except (KeyError, TypeError, ValueError):
            continue


# --- as rows of curves ----------------------------------------------------------------------------------------

TITLE_HEIGHT, CHART_HEIGHT, ROW_GAP = 26, 72, 12  # pixels of a row: title, picture and curves, gap
LEFT_MARGIN, BOTTOM_MARGIN = 80, 24  # pixels for the pictures, and for the labels of the epochs
MAX_POINTS = 160  # of all curves together

_TITLE: Figure = {"x": 0, "xshift": -LEFT_MARGIN, "xanchor": "left", "yanchor": "top", "xref": "paper", "yref": "paper"}
_TITLE |= {"showarrow": False, "borderpad": 0, "font": {"size": 14}}
_PICTURE: Figure = {"x": -0.008, "xanchor": "right", "yanchor": "top", "xref": "paper", "yref": "paper"}
_PICTURE |= {"sizex": 1, "sizing": "contain"}


def followed_rows(
    readings: Sequence[Line],
    drawings: Sequence[FollowedDrawing],
    words: Sequence[str],
    steps: int,
    epochs: int,
    at: int | None = None,
) -> Figure:
    """Draw a row for each drawing: title, picture, and its `prediction_curves`; `at` marks a step.

    All rows are one figure, because every figure costs a live page time.
    """
    pitch = TITLE_HEIGHT + CHART_HEIGHT + ROW_GAP
    inside = len(drawings) * pitch
    traces: list[Figure] = []
    axes: Figure = {}
    images, annotations, shapes = [], [], []
    for place, drawing in enumerate(drawings):
        known = [line for line in readings if "step" in line and drawing.id in line.get("probabilities", ())]
        known = sampled(known, MAX_POINTS // len(drawings))
        figure = prediction_curves(known, drawing.id, drawing.label, steps, epochs, at)
        layout, row = figure["layout"], str(place + 1) if place else ""
        on = {"xref": f"x{row}", "yref": f"y{row}"}
        top, high, low = (
            1 - (place * pitch + down) / inside for down in (0, TITLE_HEIGHT, TITLE_HEIGHT + CHART_HEIGHT)
        )
        axes[f"xaxis{row}"] = layout["xaxis"] | {"anchor": f"y{row}", "showticklabels": place == len(drawings) - 1}
        axes[f"yaxis{row}"] = layout["yaxis"] | {
            "anchor": f"x{row}",
            "domain": [low, high],
            "showticklabels": False,
        }
        traces += [trace | {"xaxis": f"x{row}", "yaxis": f"y{row}"} for trace in figure["data"]]
        shapes += [shape | on | {"yref": f"y{row} domain"} for shape in layout["shapes"]]
        annotations += [note | on for note in layout["annotations"]]
        annotations.append(_TITLE | {"y": top, "text": words[place]})
        source = file_url(drawing_png(drawing.image))
        images.append(_PICTURE | {"y": high, "sizey": CHART_HEIGHT / inside, "source": source})
    return {
        "data": traces,
        "layout": {
            "height": inside + BOTTOM_MARGIN,
            "margin": {"l": LEFT_MARGIN, "r": 18, "t": 0, "b": BOTTOM_MARGIN},
            "hovermode": "x unified",
            "showlegend": False,
            "dragmode": False,
            **axes,
            "images": images,
            "annotations": annotations,
            "shapes": shapes,
        },
    }
