"""Several digits on one paper: which strokes belong to which digit.

Digits that touch or overlap cannot be told apart by their ink, nor by their places alone: a 4 in two strokes may have
the same boxes as a 4 beside a 1. So each way to divide the strokes is judged by how well a network reads its parts, and
by how far they are apart. People finish a digit before they begin the next one, except for a bar that comes late, so a
digit's strokes follow each other, and the best way is found by dynamic programming.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from trainer.drawing.normalize import NormalizationSteps
from trainer.drawing.segments import Piece, reading_order
from trainer.drawing.strokes import Strokes, bounds, image

Read = Callable[[np.ndarray], np.ndarray]  # images (n, 28, 28) -> (n,) log of the highest probability of a digit
Run = tuple[int, int]  # strokes that follow each other: the first one, and the one after the last

# Lengths are in heights of the tallest stroke, costs in the unit of the logarithms: chosen by pairs and triples of
# people's digits, 300 of each, that are apart, touch, and overlap by up to a fifth of their height
MAX_STROKES = 4  # of a digit
GAP_COST = 8.0  # for the distance sideways between strokes of one digit
MAX_GAP_COST = 2.4  # more than what is no digit at all costs
OVERLAP_COST = 0.4  # for two digits one of which covers the other's whole width; a half costs an eighth of it
DIGIT_COST = -0.1  # for each further digit
LOW, LOW_COST = 0.4, 3.0  # a digit is not lower than this, or costs more
MAX_SPECK = 0.25  # what is smaller in both directions, and near no digit, belongs to none


def find_digits(strokes: Strokes, read: Read) -> list[NormalizationSteps]:
    """Return the steps of each digit, in reading order."""
    return [strokes.steps(places) for places in group(strokes.lines, read)]


def group(lines: Sequence[np.ndarray], read: Read) -> list[list[int]]:
    """Return the places of each digit's strokes, in reading order. lines: center lines, (n, 2) each."""
    if len(lines) < 2:
        return [[place] for place in range(len(lines))]
    boxes = [np.stack(bounds([line])) for line in lines]
    sizes = np.array([high - low for low, high in boxes])
    tallest = max(float(sizes[:, 1].max()), float(sizes[:, 0].max()) / 3, 1.0)
    order = _late_strokes_moved(boxes, LOW * tallest)
    runs = _partition([lines[place] for place in order], tallest, read)
    groups = [sorted(order[first:last]) for first, last in runs]
    large = [places for places in groups if np.ptp(_points(lines, places), axis=0).max() >= MAX_SPECK * tallest]
    pieces = [_piece(lines, places) for places in large or groups]
    return [sorted(piece.labels) for piece in reading_order(pieces)]


def _late_strokes_moved(boxes: Sequence[np.ndarray], low: float) -> list[int]:
    """Return the places of strokes in time's order, low ones that cross only an earlier stroke just after that one."""
    order: list[int] = []
    for place, box in enumerate(boxes):
        shared = [_shared(box, boxes[other]) for other in order]
        if order and box[1][1] - box[0][1] < low and shared[-1] <= 0 < max(shared):
            order.insert(1 + int(np.argmax(shared)), place)
        else:
            order.append(place)
    return order


def _partition(lines: Sequence[np.ndarray], tallest: float, read: Read) -> list[Run]:
    """Return the runs of strokes that make the digits at the lowest cost."""
    count = len(lines)
    boxes: dict[Run, np.ndarray] = {}
    costs: dict[Run, float] = {}
    for first in range(count):
        gaps = 0.0
        for last in range(first + 1, min(first + MAX_STROKES, count) + 1):
            if last > first + 1:
                gap = max(0.0, -_shared(boxes[first, last - 1], np.stack(bounds([lines[last - 1]]))))
                gaps += GAP_COST * gap / tallest
            boxes[first, last] = np.stack(bounds(lines[first:last]))
            low, high = boxes[first, last]
            if gaps <= MAX_GAP_COST:
                costs[first, last] = gaps + (LOW_COST if high[1] - low[1] < LOW * tallest else 0.0)
    together = {place for first, last in costs if last > first + 1 for place in range(first, last)}
    doubtful = [run for run in costs if run[0] in together]  # the others are digits of one stroke
    if doubtful:
        logarithms = read(np.stack([image(lines[first:last]) for first, last in doubtful]))
        for run, logarithm in zip(doubtful, logarithms.tolist(), strict=True):
            costs[run] -= logarithm
    # best way to divide the strokes up to the end of each run, and the run before
    best: dict[Run, tuple[float, Run | None]] = {}
    for run in sorted(costs, key=lambda run: run[1]):
        before = [
            (best[other][0] + DIGIT_COST + OVERLAP_COST * _covered(boxes[other], boxes[run], tallest) ** 3, other)
            for other in best
            if other[1] == run[0]
        ]
        cost, previous = min(before) if run[0] else (0.0, None)
        best[run] = (costs[run] + cost, previous)
    found: list[Run] = []
    here: Run | None = min((run for run in best if run[1] == count), key=lambda run: best[run][0])
    while here:
        found.append(here)
        here = best[here][1]
    return found[::-1]


def _shared(one: np.ndarray, other: np.ndarray) -> float:
    """Return the width that two boxes have in common; negative: how far they are apart sideways."""
    return float(min(one[1][0], other[1][0]) - max(one[0][0], other[0][0]))


def _covered(one: np.ndarray, other: np.ndarray, tallest: float) -> float:
    """Return the share of the narrower box's width, 0 to 1, that the other covers."""
    narrower = max(0.1 * tallest, float(min(one[1][0] - one[0][0], other[1][0] - other[0][0])))
    return min(1.0, max(0.0, _shared(one, other)) / narrower)


def _points(lines: Sequence[np.ndarray], places: Sequence[int]) -> np.ndarray:
    return np.concatenate([lines[place] for place in places])


def _piece(lines: Sequence[np.ndarray], places: Sequence[int]) -> Piece:
    low, high = bounds([_points(lines, places)])
    return Piece(frozenset(places), *np.floor(low).astype(int).tolist(), *(np.floor(high).astype(int) + 1).tolist())
