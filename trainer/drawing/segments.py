"""Segmentation of ink into digits: connected components, and parts of the same digit joined."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

# The limits below are shares of the tallest piece's height, except where stated otherwise.
MAX_PART_HEIGHT = 0.6  # a lower piece near another one is a part of it: a hat, a bar, half a loop
MAX_SPECK_HEIGHT = 0.4  # a lower piece is a part of the nearest piece ...
MAX_SPECK_DISTANCE = 0.5  # ... unless it is further away: then it belongs to no digit
MAX_SIDE_GAP = 0.15  # parts of one digit are no further apart sideways
MAX_VERTICAL_GAP = 0.4  # the upper and the lower half of a broken digit are no further apart
MAX_JOINED_HEIGHT = 1.25  # two pieces that are taller together are digits of two rows
MAX_JOINED_ASPECT = 2.2  # height by width; two pieces that are slimmer together are digits one above the other
MIN_SHARED_ROWS = 0.7  # of the lower piece's rows; pieces that share fewer are parts of one digit, or in different rows
MAX_DIGITS = 20  # the largest ones
MAX_PIECES = 60  # the largest ones: dust may have thousands


@dataclass(frozen=True)
class Piece:
    """Connected components, or strokes, that belong to one digit, and their bounding box."""

    labels: frozenset[int]  # or places of strokes
    left: int
    top: int
    right: int  # exclusive, like `bottom`
    bottom: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def distance(self, other: Piece) -> int:
        """Return the distance between the boxes in pixels, across plus down; negative if one is above the other."""
        across = max(self.left, other.left) - min(self.right, other.right)
        return across + max(0, max(self.top, other.top) - min(self.bottom, other.bottom))

    def shared(self, other: Piece) -> float:
        """Return the share of the smaller height that both have in common."""
        common = min(self.bottom, other.bottom) - max(self.top, other.top)
        return common / min(self.height, other.height)

    def joined(self, other: Piece) -> Piece:
        return Piece(
            self.labels | other.labels,
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


def label_digits(inked: np.ndarray) -> np.ndarray:
    """Label the digits: connected components, with parts of the same digit joined.

    inked: (height, width) bool. Returns (height, width) uint8: 0 = no digit, 1 for the first digit in reading order
    (rows from the top, each from the left), 2 for the second, up to MAX_DIGITS. Digits that touch count as one.
    """
    labels = connected_components(inked)
    count = int(labels.max(initial=0))
    if count < 2:
        return labels.astype(np.uint8)
    digits = sorted(_join(labels, _pieces(labels)), key=lambda digit: digit.height)[-MAX_DIGITS:]
    places = np.zeros(1 + count, np.uint8)
    for place, digit in enumerate(reading_order(digits), 1):
        places[list(digit.labels)] = place
    numbered: np.ndarray = places[labels]
    return numbered


def connected_components(inked: np.ndarray) -> np.ndarray:
    """Label the 8-connected components: (height, width) int32, 0 = not inked, 1 and up.

    Each row's runs of inked pixels are joined with the runs above that they touch.
    """
    width = inked.shape[1] + 2
    flat = np.pad(inked, ((0, 0), (1, 1))).ravel()
    turns = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts, ends = turns[::2], turns[1::2]
    first = np.searchsorted(ends, starts - width).tolist()  # runs first to last of the row above touch this one
    last = np.searchsorted(starts, ends - width, "right").tolist()
    parents = list(range(len(starts)))

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = run = parents[parents[run]]
        return run

    for run in range(len(starts)):
        for above in range(first[run], last[run]):
            parents[root(above)] = root(run)
    roots = [root(run) for run in range(len(starts))]
    numbers = np.unique(roots, return_inverse=True)[1].astype(np.int32) + 1
    labels = np.zeros(inked.shape, np.int32)
    labels[inked] = np.repeat(numbers, ends - starts)
    return labels


def bounding_boxes(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (left, top) and (right, bottom), exclusive, of each connected component: (1 + count, 2) twice.

    The first row, for label 0, is meaningless.
    """
    rows, columns = labels.nonzero()
    numbers = labels[rows, columns]
    low = np.full((int(labels.max()) + 1, 2), max(labels.shape))
    high = np.zeros_like(low)
    places = np.stack([columns, rows], axis=1)
    np.minimum.at(low, numbers, places)
    np.maximum.at(high, numbers, places + 1)
    return low, high


def _pieces(labels: np.ndarray) -> list[Piece]:
    low, high = bounding_boxes(labels)
    largest = np.argsort((low - high)[1:].min(axis=1), kind="stable")[:MAX_PIECES] + 1
    return [Piece(frozenset([number]), *low[number].tolist(), *high[number].tolist()) for number in largest.tolist()]


def _join(labels: np.ndarray, pieces: list[Piece]) -> list[Piece]:
    tallest = max(piece.height for piece in pieces)
    digits = [piece for piece in pieces if piece.height >= MAX_SPECK_HEIGHT * tallest]
    specks = [piece for piece in pieces if piece.height < MAX_SPECK_HEIGHT * tallest]
    column = max(piece.left for piece in digits) < min(piece.right for piece in digits)
    while pairs := [
        pair for pair in itertools.combinations(digits, 2) if _are_one_digit(labels, *pair, tallest, column)
    ]:
        one, other = min(pairs, key=lambda pair: pair[0].distance(pair[1]))
        digits = [digit for digit in digits if digit not in (one, other)] + [one.joined(other)]
    for speck in specks:
        nearest = min(digits, key=speck.distance)
        place = digits.index(nearest)
        if nearest.distance(speck) <= MAX_SPECK_DISTANCE * tallest:
            # the digit keeps its own box, so that a row of specks does not attract further ones
            digits[place] = replace(nearest, labels=nearest.labels | speck.labels)
    return digits


def _are_one_digit(labels: np.ndarray, one: Piece, other: Piece, tallest: int, column: bool) -> bool:
    """Return whether two pieces are parts of one digit. column: all pieces are above one another."""
    across = max(one.left, other.left) - min(one.right, other.right)
    down = max(one.top, other.top) - min(one.bottom, other.bottom)
    if across > MAX_SIDE_GAP * tallest or down > MAX_VERTICAL_GAP * tallest:
        return False
    if down > 0:
        both = one.joined(other)
        slim = both.height > MAX_JOINED_ASPECT * (both.right - both.left)
        return both.height <= MAX_JOINED_HEIGHT * tallest or (column and not slim)
    return min(one.height, other.height) < MAX_PART_HEIGHT * tallest or not _side_by_side(labels, one, other)


def _side_by_side(labels: np.ndarray, one: Piece, other: Piece) -> bool:
    """Return whether one piece is left of the other in nearly all rows that they share."""
    if one.shared(other) < MIN_SHARED_ROWS:
        return False
    rows = slice(max(one.top, other.top), min(one.bottom, other.bottom))
    first, second = (np.isin(labels[rows], list(piece.labels)) for piece in (one, other))
    both = first.any(axis=1) & second.any(axis=1)
    first, second = first[both], second[both]
    width = labels.shape[1]
    left = width - first[:, ::-1].argmax(axis=1) <= second.argmax(axis=1)
    right = width - second[:, ::-1].argmax(axis=1) <= first.argmax(axis=1)
    return bool(max(np.count_nonzero(left), np.count_nonzero(right)) >= 0.8 * len(first))


def reading_order(digits: list[Piece]) -> list[Piece]:
    """Sort by rows from the top, each from the left. In a row, each digit shares half of its height with another."""
    rows: list[list[Piece]] = []
    for digit in digits:
        touching = [row for row in rows if any(digit.shared(other) >= 0.5 for other in row)]
        rows = [row for row in rows if row not in touching] + [[digit, *(other for row in touching for other in row)]]
    rows.sort(key=lambda row: sum(digit.top + digit.bottom for digit in row) / len(row))
    return [digit for row in rows for digit in sorted(row, key=lambda digit: digit.left + digit.right)]
