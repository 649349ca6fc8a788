"""Data in, figure out: every chart as a plain dict in Plotly's form, without Streamlit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from trainer.digit import CENTRE, FITTED, SIZE, Steps, centre_of_mass

BLUE, VERMILLION = "#0072B2", "#D55E00"  # Okabe and Ito's, told apart by everyone on both themes
Figure = dict[str, Any]


def learning_curves(history: Sequence[Mapping[str, Any]], steps: int, epochs: int, measure: str) -> Figure:
    """Draw one measure ("loss" or "accuracy") over the epochs: training solid, validation dashed.

    `history` holds the lines of history.jsonl, `steps` the updates an epoch. The axes are fixed from the first
    point on, so that nothing jumps while the curves grow; without a history they stand empty.
    """
    batches = [line for line in history if line.get("kind") == "batch" and measure in line]
    ends = [line for line in history if line.get("kind") == "epoch"]
    percent = 100 if measure == "accuracy" else 1
    traces = [
        _curve("training", batches, measure, steps, percent, color=BLUE, width=1.5),
        _curve("epoch's mean", ends, measure, steps, percent, color=BLUE, width=0, marker="circle"),
        _curve("validation", ends, f"val_{measure}", steps, percent, color=VERMILLION, width=2.5, marker="diamond"),
    ]
    unit = " %" if measure == "accuracy" else ""
    losses = [line[key] for line in (*batches, *ends) for key in ("loss", "val_loss") if key in line]
    axis: dict[str, Any] = {"title": {"text": f"{measure}{unit and ', %'}"}, "fixedrange": True, "zeroline": False}
    axis["range"] = [0, 102] if measure == "accuracy" else [0, max(2.5, min(10.0, max(losses, default=0) * 1.05))]
    return {
        "data": [trace for trace in traces if trace["x"] or trace["name"] == "training"],
        "layout": {
            "height": 300,
            "margin": {"l": 50, "r": 10, "t": 50, "b": 40},
            "xaxis": {"title": {"text": "epoch"}, "range": [0, epochs * 1.02], "fixedrange": True, "zeroline": False},
            "yaxis": axis,
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "bgcolor": "rgba(0, 0, 0, 0)"},
            "hovermode": "x unified",
        },
    }


def _curve(
    name: str,
    lines: Sequence[Mapping[str, Any]],
    key: str,
    steps: int,
    percent: int,
    color: str,
    width: float,
    marker: str = "",
) -> dict[str, Any]:
    lines = [line for line in lines if key in line]
    trace = {
        "type": "scatter",
        "name": name,
        "x": [round(line["step"] / max(steps, 1), 3) for line in lines],
        "y": [round(line[key] * percent, 4) for line in lines],
        "mode": "markers" if not width else "lines+markers" if marker else "lines",
        "line": {"color": color, "width": width, "dash": "dash" if name == "validation" else "solid"},
        "hovertemplate": "%{y:.1f} %" if percent == 100 else "%{y:.4f}",
    }
    if marker:
        trace["marker"] = {"symbol": marker, "size": 6, "color": color}
    return trace


# --- a drawing and its answer ---------------------------------------------------------------------------------

GREY, SKY, ORANGE = "#8A8F98", "#56B4E9", "#E69F00"


def probability_bars(probabilities: Sequence[float] | None) -> Figure:
    """Draw ten bars, the digits 0 to 9 from the top, 0 to 100 %, and the winner large beside them.

    Without probabilities, or with some that are no numbers, the axes stand empty. Every size and range is fixed, so
    that nothing jumps and the browser need not measure anything.
    """
    known = _known(probabilities)
    winner = max(range(len(known)), key=known.__getitem__) if known else None
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [round(100 * value, 2) for value in known],
        "y": list(range(len(known))),
        "text": [_plain(_percent(value)) for value in known],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": [BLUE if place == winner else GREY for place in range(len(known))]},
    }
    axis: Figure = {"fixedrange": True, "automargin": False, "zeroline": False, "showgrid": False}
    axis |= {"ticklabelstandoff": 6, "tickfont": {"size": 14}}
    digits, scale = [str(place) for place in range(10)], ["0", "50", "100 %"]
    beside = {"xref": "paper", "yref": "paper", "x": 0, "xshift": -84, "xanchor": "center", "showarrow": False}
    shown, share, color = ("?", "", GREY) if winner is None else (str(winner), _percent(known[winner]), BLUE)
    return {
        "data": [bars],
        "layout": {
            "height": 300,
            "margin": {"l": 150, "r": 52, "t": 2, "b": 28, "pad": 0},
            "xaxis": {**axis, "range": [0, 100], "tickvals": [0, 50, 100], "ticktext": [*map(_plain, scale)]},
            "yaxis": {**axis, "range": [9.5, -0.5], "tickvals": [*range(10)], "ticktext": [*map(_plain, digits)]},
            "annotations": [
                {**beside, "text": shown, "font": {"size": 110, "color": color}, "y": 0.56},
                {**beside, "text": _plain(share), "font": {"size": 22}, "y": 0.2},
            ],
            "font": {"size": 14},
            "bargap": 0.25,
            "paper_bgcolor": "rgba(0, 0, 0, 0)",
            "plot_bgcolor": "rgba(138, 143, 152, 0.12)",  # from 0 to 100 % on either theme
        },
    }


def probability_sentence(probabilities: Sequence[float] | None) -> str:
    """Say what `probability_bars` shows: the winner, and the next one where it has a share worth a word."""
    known = _known(probabilities)
    if not known:
        if probabilities is None:
            return "Draw a digit on the black paper."
        return "This network answers with no numbers: train it again with a smaller learning rate."
    first, second = sorted(range(len(known)), key=known.__getitem__, reverse=True)[:2]
    verdict = "Looks like" if known[first] >= 0.5 else "Could be"
    runner_up = f" Next: {second} ({_percent(known[second])})." if known[second] >= 0.005 else ""
    return f"{verdict} {'an' if first == 8 else 'a'} {first} ({_percent(known[first])}).{runner_up}"


def _known(probabilities: Sequence[float] | None) -> list[float]:
    values = [] if probabilities is None else [float(value) for value in probabilities]
    return values if all(math.isfinite(value) for value in values) else []


def _plain(text: str) -> str:
    """Give text the page's own colour, which a figure cannot know: light or dark as the theme is."""
    return f'<span style="color: currentColor">{text}</span>'


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def digit_view(steps: Steps | None) -> str:
    """Draw what a network sees, as SVG that fills its place: white ink on black paper, pixel by pixel.

    Around the digit runs the 20 x 20 box that it was fitted into; a cross marks its centre of mass. Without a drawing
    the box is empty and stands in the middle.
    """
    pixels, centre, middle = "", "", CENTRE + 0.5  # a pixel's middle is half a pixel on
    left = top = (SIZE - FITTED) / 2
    if steps is not None:
        rows, columns = steps.image.nonzero()
        inked = zip(columns.tolist(), rows.tolist(), steps.image[rows, columns].tolist(), strict=True)
        pixels = "".join(f'<path d="M{x} {y}h1v1h-1z" opacity="{ink:.2f}"/>' for x, y, ink in inked)
        height, width = steps.boxed.shape
        left, top = steps.shift[0] - (FITTED - width) / 2, steps.shift[1] - (FITTED - height) / 2
        x, y = (round(index + 0.5, 2) for index in centre_of_mass(steps.image))
        centre = f'<path id="centre" d="M{x} {y}m-1.5 0h3m-1.5-1.5v3" stroke="{ORANGE}" stroke-width="0.4"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}"><rect width="{SIZE}" height="{SIZE}"/>'
        f'<path id="middle" d="M{middle} 0v{SIZE}M0 {middle}h{SIZE}" stroke="{GREY}" stroke-width="0.1"/>'
        f'<g id="ink" fill="#fff" shape-rendering="crispEdges">{pixels}</g>'
        f'<rect id="box" x="{left}" y="{top}" width="{FITTED}" height="{FITTED}" fill="none" stroke="{SKY}" '
        f'stroke-width="0.2"/>{centre}</svg>'
    )
