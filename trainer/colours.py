"""Which colour is whose? Each of the runs that stand side by side has its own, the same in every chart.

The colours are those of Okabe and Ito that both themes bear, told apart by people who see few; a dash goes with each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32


@dataclass(frozen=True)
class Colour:
    """How a run is drawn."""

    line: str  # as CSS has it
    dash: str  # as Plotly has it
    symbol: str  # of its points, as Plotly has it


COLOURS = (
    Colour("#0072B2", "solid", "circle"),
    Colour("#D55E00", "dash", "square"),
    Colour("#009E73", "dot", "diamond"),
    Colour("#CC79A7", "dashdot", "triangle-up"),
    Colour("#E69F00", "longdash", "x"),
    Colour("#56B4E9", "longdashdot", "cross"),
    Colour("#8C6D46", "solid", "star"),
)


def colours(ids: Sequence[str]) -> dict[str, Colour]:
    """Give each of at most seven runs a colour, by their ids; the order in which they are named changes nothing.

    A run has the same colour in whatever company, unless an older run of it has that already: then the next free one.
    """
    given: dict[str, Colour] = {}
    for run_id in sorted(set(ids))[: len(COLOURS)]:
        first = crc32(run_id.encode()) % len(COLOURS)
        free = (COLOURS[(first + place) % len(COLOURS)] for place in range(len(COLOURS)))
        given[run_id] = next(colour for colour in free if colour not in given.values())
    return given
