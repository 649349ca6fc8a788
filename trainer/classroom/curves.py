"""Learning curves of the members who train now, each with its nickname at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trainer.analysis.run_charts import LABEL_HEIGHT, RunCurves, learning_curves, spread
from trainer.figures.palette import LINE_STYLES, LineStyle
from trainer.figures.plotly import Figure, literal

MAX_CURVES = 12  # that can be told apart
ROOM = 1.22  # of the horizontal axis, for the nicknames


def line_style(writer: int) -> LineStyle:
    """Return a member's line style, which stays the same and differs from those of 41 others."""
    color, dash = LINE_STYLES[writer % len(LINE_STYLES)], LINE_STYLES[writer // len(LINE_STYLES) % 6].dash
    return replace(color, dash=dash)


def live_curves(learners: Sequence[RunCurves], epochs: int, height: int | None = None) -> Figure:
    """Draw the accuracies of trainings over their epochs, the validation digits' thick, the training digits' faint.

    epochs: the end of the axis; height: in pixels, with larger texts, for a projector.
    """
    figure = learning_curves(learners, "accuracy", epochs=epochs)
    layout = figure["layout"]
    size = 16 if height else 13  # pixels
    if height:
        layout |= {"height": height, "font": {"size": size}}
    right = layout["xaxis"]["range"][1] * ROOM
    layout["xaxis"] = layout["xaxis"] | {"range": [0, right]}
    low, high = layout["yaxis"]["range"]
    pixels = (layout["height"] - layout["margin"]["t"] - layout["margin"]["b"]) / (high - low)
    ends = [(learner, end) for learner in learners if (end := _end(figure, learner))]
    places = _below((high - low) * pixels, [(y - low) * pixels for _, (_, y) in ends], LABEL_HEIGHT * size / 13)
    layout["annotations"] = [
        {
            "x": x,
            "y": low + place / pixels,
            "text": literal(learner.name),
            "font": {"size": size, "color": learner.line_style.color},
            "showarrow": False,
            "xanchor": "left",
            "xshift": 6,
        }
        for (learner, (x, _)), place in zip(ends, places, strict=True)
    ]
    return figure


def _below(top: float, heights: Sequence[float], least: float) -> list[float]:
    """Return heights that differ by at least `least` and stay below the top, outside of which nothing is drawn."""
    places = spread(heights, least)
    for place in sorted(range(len(places)), key=places.__getitem__, reverse=True):
        places[place] = min(places[place], top)
        top = places[place] - least
    return places


def _end(figure: Figure, learner: RunCurves) -> tuple[float, float] | None:
    """Return where a training's curve ends: that of the validation digits or, before it has begun, the faint one."""
    traces = {trace["name"]: trace for trace in figure["data"] if trace["x"]}
    names = (literal(learner.name), literal(f"{learner.name}, training"))
    found = [(traces[name]["x"][-1], traces[name]["y"][-1]) for name in names if name in traces]
    return max(found, key=lambda end: end[0]) if found else None
