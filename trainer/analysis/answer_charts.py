"""Bar chart of the ten probabilities of several networks, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten

from trainer.analysis.answer import Answer
from trainer.figures.palette import BLUE, GRAY, VERMILLION
from trainer.figures.plotly import Figure, literal
from trainer.text import probability

_ROW, _FULL = 62, 0.72  # height of a network's row in pixels, and the share of it that a bar of 100 % takes
_PAPER = "rgba(0, 0, 0, 0)"
_TRACK = "rgba(138, 143, 152, 0.12)"  # the background from 0 to 100 %, visible in both themes
_AXIS: Figure = {"fixedrange": True, "automargin": False, "zeroline": False, "showgrid": False}
_BAND: Figure = {"fillcolor": _TRACK, "line": {"width": 0}, "layer": "below"}


def network_rows(answers: Sequence[tuple[str, Answer | None]], colors: Sequence[str] = ()) -> Figure:
    """Return a row of ten bars for each network, with its name on the left and its answer on the right.

    A name may have two lines. The first network is the chosen one: those that agree with it are blue, the others
    vermillion, and a word says so, too. With `colors`, each network has its own color and none is the reference.
    Without answers the rows are empty and have the same size.
    """
    leader = answers[0][1]
    bars: Figure = {"type": "bar", "x": [], "y": [], "base": [], "marker": {"color": []}}
    notes, bands = [], []
    for row, (name, answer) in enumerate(answers):
        base = float(len(answers) - 1 - row)
        bands.append({"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": base, "y1": base + _FULL} | _BAND)
        words = "<br>".join(literal(shorten(line, 18, placeholder="…")) for line in name.split("\n"))
        middle: Figure = {"y": base + _FULL / 2, "showarrow": False, "xref": "paper", "yanchor": "middle"}
        notes.append(middle | {"x": 0, "xanchor": "right", "xshift": -8, "align": "right", "text": _plain(words)})
        if answer is None or not answer.is_finite:
            continue
        agrees = leader is not None and leader.is_finite and answer.best == leader.best
        color = colors[row] if colors else BLUE if agrees else VERMILLION
        bars["x"] += range(10)
        bars["y"] += [round(_FULL * float(value), 4) for value in answer.probabilities]
        bars["base"] += [base] * 10
        bars["marker"]["color"] += [color if digit == answer.best else GRAY for digit in range(10)]
        word = "" if colors else "<br>answers" if row == 0 else "<br>agrees" if agrees else "<br>differs"
        style = f"font-size: 26px; font-weight: 700; color: {color}"
        text = f'<span style="{style}">{answer.best}</span> {_plain(probability(answer.share) + word)}'
        beside = {"x": 1, "xanchor": "left", "xshift": 8, "align": "left", "text": text}
        notes.append(middle | beside)
    ticks = [_plain(str(digit)) for digit in range(10)]
    return {
        "data": [bars],
        "layout": {
            "height": _ROW * len(answers) + 26,
            "margin": {"l": 132, "r": 96, "t": 4, "b": 22, "pad": 0},
            "xaxis": {**_AXIS, "range": [-0.6, 9.6], "tickvals": [*range(10)], "ticktext": ticks},
            "yaxis": {**_AXIS, "range": [0, len(answers)], "visible": False},
            "annotations": notes,
            "shapes": bands,
            "font": {"size": 13},
            "bargap": 0.2,
            "template": "none",  # the default template is most of a figure's size
            "paper_bgcolor": _PAPER,
            "plot_bgcolor": _PAPER,
        },
    }


def _plain(text: str) -> str:
    """Return text in the color of the page's text, so that it suits the light and the dark theme."""
    return f'<span style="color: currentColor">{text}</span>'
