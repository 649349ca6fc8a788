"""What has a network said of a drawing, since its first update? In words, and as rows of curves.

A reading is a line of readings.jsonl: "step", "epoch", and "probabilities", ten for each drawing by its id. One that
says nothing of the drawing, or nothing that can be understood, is passed over; a network that has diverged gives zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trainer.analysis import answer
from trainer.analysis.learning_curves import Line, picked, reading_curves
from trainer.figures.images import drawing_picture, file_url
from trainer.figures.plotly import Figure
from trainer.runs.requests import FollowedDrawing
from trainer.text import percent

# --- in words -------------------------------------------------------------------------------------------------


def named(label: int | None) -> str:
    """Return what a drawing was meant to be: "a 3", "an 8"."""
    return "a drawing" if label is None else answer.named(label)


def account(readings: Sequence[Line], drawing: FollowedDrawing) -> str:
    """Say what the network takes a drawing for now and, where that can be told, since or until when it was right."""
    last = next(_backwards(readings, drawing.id), None)
    if last is None:
        return "not read yet"
    _, probabilities, most = last
    read = f"read as {named(probabilities.index(most))} ({percent(most, 0)})" if most else "answered with no numbers"
    if drawing.label is None:
        return read
    if (since := right_since(readings, drawing.id, drawing.label)) is not None:
        return f"{read}, right since epoch {since}"
    until = right_until(readings, drawing.id, drawing.label)
    return f"{read}, not right so far" if until is None else f"{read}, was right until epoch {until}"


def right_since(readings: Sequence[Line], drawing: str, label: int) -> int | None:
    """Return the epoch since which a drawing, by its id, is read as the digit that it was meant to be, or None."""
    since = None
    for epoch, probabilities, most in _backwards(readings, drawing):
        if not 0 < probabilities[label] == most:
            break
        since = epoch
    return since


def right_until(readings: Sequence[Line], drawing: str, label: int) -> int | None:
    """Return the epoch in which a drawing, by its id, was last read as the digit that it was meant to be, or None."""
    said = _backwards(readings, drawing)
    return next((epoch for epoch, probabilities, most in said if 0 < probabilities[label] == most), None)


def _backwards(readings: Sequence[Line], drawing: str) -> Iterator[tuple[int, list[float], float]]:
    """Yield epoch, probabilities and the highest of them, the newest first."""
    for reading in reversed(readings):
        try:
            epoch, probabilities = reading["epoch"], reading["probabilities"][drawing]
            if 0 <= (most := max(probabilities)) <= 1 and len(probabilities) == 10 and type(epoch) is int:
                yield epoch, probabilities, most
        except (KeyError, TypeError, ValueError):
            continue


# --- as rows of curves ----------------------------------------------------------------------------------------

TITLE, HIGH, GAP = 26, 72, 12  # pixels of a row: its words, its picture and curves, and what parts it from the next
LEFT, FOOT = 80, 24  # pixels for the pictures, and for the numbers of the epochs
POINTS = 160  # of all curves

_TITLE: Figure = {"x": 0, "xshift": -LEFT, "xanchor": "left", "yanchor": "top", "xref": "paper", "yref": "paper"}
_TITLE |= {"showarrow": False, "borderpad": 0, "font": {"size": 14}}
_PICTURE: Figure = {"x": -0.008, "xanchor": "right", "yanchor": "top", "xref": "paper", "yref": "paper"}
_PICTURE |= {"sizex": 1, "sizing": "contain"}


def rows(
    readings: Sequence[Line],
    drawings: Sequence[FollowedDrawing],
    words: Sequence[str],
    steps: int,
    epochs: int,
    at: int | None = None,
) -> Figure:
    """Draw a row for each drawing: some words, itself, and its `reading_curves`; `at` marks an update.

    It is one figure, since a page that looks at a training pays for each one.
    """
    pitch = TITLE + HIGH + GAP
    inside = len(drawings) * pitch
    traces: list[Figure] = []
    axes: Figure = {}
    images, annotations, shapes = [], [], []
    for place, drawing in enumerate(drawings):
        known = [line for line in readings if "step" in line and drawing.id in line.get("probabilities", ())]
        known = picked(known, POINTS // len(drawings))
        figure = reading_curves(known, drawing.id, drawing.label, steps, epochs, at)
        layout, row = figure["layout"], str(place + 1) if place else ""
        on = {"xref": f"x{row}", "yref": f"y{row}"}
        top, high, low = (1 - (place * pitch + down) / inside for down in (0, TITLE, TITLE + HIGH))
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
        source = file_url(drawing_picture(drawing.image))
        images.append(_PICTURE | {"y": high, "sizey": HIGH / inside, "source": source})
    return {
        "data": traces,
        "layout": {
            "height": inside + FOOT,
            "margin": {"l": LEFT, "r": 18, "t": 0, "b": FOOT},
            "hovermode": "x unified",
            "showlegend": False,
            "dragmode": False,
            **axes,
            "images": images,
            "annotations": annotations,
            "shapes": shapes,
        },
    }
