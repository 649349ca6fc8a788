"""Which strokes belong to one digit, where several stand side by side."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

PART = 0.6  # of the tallest piece's height; what is lower and near another is a part of it: a hat, a bar, half a loop
SPECK = 0.4  # of the tallest piece's height; what is lower is a part of the nearest, unless it is
FAR = 0.5  # of the tallest piece's height away from it, and then none of any digit
NEAR = 0.15  # of the tallest piece's height; parts of one digit are no further apart
BROKEN = 0.4  # of the tallest piece's height; no further apart are the upper and the lower half of a broken digit
TALLER = 1.25  # times the tallest piece; what two pieces make together is taller where they are digits of two rows
SLIM = 2.2  # times as high as wide; what two pieces make together is slimmer where one digit is above the other
ABREAST = 0.7  # of the lower one's rows; two pieces that share fewer are parts of one digit, or in different rows
MOST = 20  # digits; of more the largest are taken
PIECES = 60  # as many of the largest are looked at: dust may have thousands


@dataclass(frozen=True)
class _Piece:
    """Strokes that belong together."""

    labels: frozenset[int]
    left: int
    top: int
    right: int  # this and the next exclusive
    bottom: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def away(self, other: _Piece) -> int:
        """Return how many pixels the boxes are apart, across and down; below 0 where one is over the other."""
        across = max(self.left, other.left) - min(self.right, other.right)
        return across + max(0, max(self.top, other.top) - min(self.bottom, other.bottom))

    def shared(self, other: _Piece) -> float:
        """Return how much of the lower one's height both have in common."""
        common = min(self.bottom, other.bottom) - max(self.top, other.top)
        return common / min(self.height, other.height)

    def joined(self, other: _Piece) -> _Piece:
        return _Piece(
            self.labels | other.labels,
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


def split(inked: np.ndarray) -> np.ndarray:
    """Find the digits: pieces that hang together, and parts of the same digit put together.

    `inked`: (height, width) bool. Returns (height, width) uint8: 0 = no digit, 1 for the first digit in reading order
    (rows from the top, each from the left), 2 for the second, up to MOST. Digits that touch are taken for one.
    """
    labels = components(inked)
    count = int(labels.max(initial=0))
    if count < 2:
        return labels.astype(np.uint8)
    digits = sorted(_join(labels, _pieces(labels)), key=lambda digit: digit.height)[-MOST:]
    places = np.zeros(1 + count, np.uint8)
    for place, digit in enumerate(_reading_order(digits), 1):
        places[list(digit.labels)] = place
    numbered: np.ndarray = places[labels]
    return numbered


def components(inked: np.ndarray) -> np.ndarray:
    """Number what hangs together, straight or diagonally: (height, width) int32, 0 = not inked, 1 and up.

    Every row's runs of inked pixels are joined to those above that they touch.
    """
    width = inked.shape[1] + 2
    flat = np.pad(inked, ((0, 0), (1, 1))).ravel()
    turns = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts, ends = turns[::2], turns[1::2]
    first = np.searchsorted(ends, starts - width).tolist()  # the runs of the row above from first to last touch
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


def boxes(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return left and top, and right and bottom (exclusive), of each of the `components`: (1 + count, 2) twice.

    The first row is for 0 and means nothing.
    """
    rows, columns = labels.nonzero()
    numbers = labels[rows, columns]
    low = np.full((int(labels.max()) + 1, 2), max(labels.shape))
    high = np.zeros_like(low)
    places = np.stack([columns, rows], axis=1)
    np.minimum.at(low, numbers, places)
    np.maximum.at(high, numbers, places + 1)
    return low, high


def _pieces(labels: np.ndarray) -> list[_Piece]:
    low, high = boxes(labels)
    largest = np.argsort((low - high)[1:].min(axis=1), kind="stable")[:PIECES] + 1
    return [_Piece(frozenset([number]), *low[number].tolist(), *high[number].tolist()) for number in largest.tolist()]


def _join(labels: np.ndarray, pieces: list[_Piece]) -> list[_Piece]:
    tallest = max(piece.height for piece in pieces)
    digits = [piece for piece in pieces if piece.height >= SPECK * tallest]
    specks = [piece for piece in pieces if piece.height < SPECK * tallest]
    column = max(piece.left for piece in digits) < min(piece.right for piece in digits)
    while pairs := [pair for pair in itertools.combinations(digits, 2) if _same(labels, *pair, tallest, column)]:
        one, other = min(pairs, key=lambda pair: pair[0].away(pair[1]))
        digits = [digit for digit in digits if digit not in (one, other)] + [one.joined(other)]
    for speck in specks:
        nearest = min(digits, key=speck.away)
        place = digits.index(nearest)
        if nearest.away(speck) <= FAR * tallest:
            # the digit's own box stays: specks in a row must not draw further ones to it
            digits[place] = replace(nearest, labels=nearest.labels | speck.labels)
    return digits


def _same(labels: np.ndarray, one: _Piece, other: _Piece, tallest: int, column: bool) -> bool:
    """Tell whether two pieces are parts of one digit; `column`: there is nothing beside them."""
    across = max(one.left, other.left) - min(one.right, other.right)
    down = max(one.top, other.top) - min(one.bottom, other.bottom)
    if across > NEAR * tallest or down > BROKEN * tallest:
        return False
    if down > 0:
        both = one.joined(other)
        return both.height <= TALLER * tallest or (column and both.height <= SLIM * (both.right - both.left))
    return min(one.height, other.height) < PART * tallest or not _side_by_side(labels, one, other)


def _side_by_side(labels: np.ndarray, one: _Piece, other: _Piece) -> bool:
    """Tell whether two pieces stand abreast, one left of the other in nearly all rows that they share."""
    if one.shared(other) < ABREAST:
        return False
    rows = slice(max(one.top, other.top), min(one.bottom, other.bottom))
    first, second = (np.isin(labels[rows], list(piece.labels)) for piece in (one, other))
    both = first.any(axis=1) & second.any(axis=1)
    first, second = first[both], second[both]
    width = labels.shape[1]
    left = width - first[:, ::-1].argmax(axis=1) <= second.argmax(axis=1)
    right = width - second[:, ::-1].argmax(axis=1) <= first.argmax(axis=1)
    return bool(max(np.count_nonzero(left), np.count_nonzero(right)) >= 0.8 * len(first))


def _reading_order(digits: list[_Piece]) -> list[_Piece]:
    """Sort by rows from the top, each from the left; in a row each digit shares half of its height with another."""
    rows: list[list[_Piece]] = []
    for digit in digits:
        met = [row for row in rows if any(digit.shared(other) >= 0.5 for other in row)]
        rows = [row for row in rows if row not in met] + [[digit, *(other for row in met for other in row)]]
    rows.sort(key=lambda row: sum(digit.top + digit.bottom for digit in row) / len(row))
    return [digit for row in rows for digit in sorted(row, key=lambda digit: digit.left + digit.right)]
