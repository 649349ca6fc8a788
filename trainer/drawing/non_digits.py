"""Drawings that are not digits: letters of several scripts, signs, small pictures and scribbles.

A network that has never seen any reads each of them as a digit. It is trained on some kinds and tested on others, since
no training can show them all. Kinds that look like some way to write a digit are left out: see LIKE_DIGITS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from trainer.drawing import normalize, synthetic_digits
from trainer.drawing.synthetic_digits import Strokes

LIKE_DIGITS = (  # never shown, because some writers' digits look like these and must not be rejected
    "Latin B C D G I J O Q S Y Z and a b c g i j l o q s t y z",
    "Greek Gamma Delta Theta Lambda, alpha beta gamma delta epsilon theta sigma phi",
    "Cyrillic Be Ze O Che E Ghe; Arabic alif ain waw ha mim; Hebrew lamed vav; Chinese one, mouth, day",
    "ring, square, dash, slash, bar, bracket, greater, section sign, ampersand, dollar, question and exclamation mark",
)

# In the format of styles.STYLES. Trained on as non-digits.
TRAINING_KINDS: dict[str, str] = {
    "A": "10,100 50,0! 90,100 | 26,62 76,62",
    "E": "80,2 20,2! 20,98! 82,98 | 20,50 70,50",
    "F": "80,2 22,2! 22,100 | 22,48 68,48",
    "H": "18,0 18,100 | 82,0 82,100 | 18,50 82,50",
    "K": "20,0 20,100 | 80,2 22,54! 82,100",
    "M": "6,100 14,0! 50,62! 86,0! 94,100",
    "N": "16,100 18,0! 82,100! 82,0",
    "R": "22,100 22,2! 60,2 74,24 56,46 24,48! 80,100",
    "W": "4,0 26,100! 50,30! 74,100! 96,0",
    "X": "14,0 86,100 | 86,0 14,100",
    "e": "14,56 84,50 70,16 36,12 14,46 24,86 56,98 86,82",
    "h": "22,0 20,100! 24,60 52,42 74,58 76,100",
    "m": "6,100 8,30! 10,50 28,32 44,48 46,100! 48,50 68,32 88,48 92,100",
    "r": "30,100 28,24! 32,50 52,28 76,32",
    "w": "4,30 12,84 30,96 48,70 50,40! 52,84 70,96 90,76 94,30",
    "k": "26,0 26,100 | 74,36 28,68! 76,100",
    "Sigma": "84,2 18,2! 56,48! 16,98! 86,98",
    "Pi": "6,4 94,4 | 24,4 22,100 | 76,4 78,100",
    "Psi": "12,0 16,44 50,62 84,44 88,0 | 50,0 50,100",
    "Omega": "8,98 34,96! 12,50 28,8 62,4 88,36 84,66 64,96! 94,98",
    "mu": "22,100 24,20! 26,70 46,80 70,60 72,20! 74,74 90,80",
    "Zhe": "50,0 50,100 | 10,4 48,50! 8,98 | 90,4 52,50! 92,98",
    "Sha": "10,0 10,98! 90,98! 90,0 | 50,0 50,98",
    "Ya": "80,100 80,2! 36,4 22,24 40,48 78,50! 18,100",
    "Yu": "14,0 14,100 | 14,50 44,50 | 70,2 48,22 48,78 70,98 92,76 90,24 70,2",
    "Yi": "16,0 16,100! 44,96 54,76 42,58 18,56 | 84,0 84,100",
    "ba": "4,40 12,74 50,84 88,74 96,40 | 48,104 52,108",
    "sin": "96,40 86,66 74,44! 64,66 52,44! 44,86 24,98 6,70",
    "person": "52,0 46,44 8,98 | 50,40 66,72 94,98",
    "tree": "8,30 92,30 | 50,0 50,100 | 48,32 8,84 | 52,32 94,84",
    "mountain": "50,0 50,96 | 12,40 12,96! 88,96! 88,40",
    "king": "12,4 88,4 | 18,48 82,48 | 6,96 94,96 | 50,4 50,96",
    "earth": "18,36 82,36 | 50,0 50,96 | 6,96 94,96",
    "hiragana a": "16,20 80,16 | 46,0 42,50 54,92 | 74,34 46,82 18,88 16,62 50,44 84,56 82,84 58,100",
    "shin": "8,20 18,90! 82,90! 92,20 | 50,20 48,86",
    "ka": "4,10 96,10 | 50,10 50,100 | 50,48 24,34 10,54 26,72 50,54 74,34 92,54 78,84",
    "woman": "44,0 28,60 80,98 | 74,34 54,76 14,98 | 4,36 96,34",
    "plus": "50,6 50,94 | 6,50 94,50",
    "equals": "8,32 92,32 | 8,70 92,70",
    "hash": "34,0 26,100 | 74,0 66,100 | 4,32 98,32 | 2,68 96,68",
    "asterisk": "50,4 50,96 | 10,26 90,74 | 90,26 10,74",
    "at": "66,34 46,30 32,52 44,70 66,60 68,34! 70,66 90,62 96,36 74,6 34,4 6,36 12,82 44,100 82,92",
    "root": "2,56 14,50 32,98! 52,4! 98,4",
    "arrow right": "4,50 96,50 | 70,22 96,50! 70,80",
    "arrow down": "50,2 50,98 | 20,68 50,98! 80,68",
    "heart": "50,100 8,52 6,18 28,2 48,24! 72,2 94,18 92,52 50,100",
    "star": "50,0 78,98! 4,36! 96,36! 22,98! 50,0",
    "house": "10,100 10,42! 50,2! 90,42! 90,100! 10,100",
    "smiley": "50,0 14,16 2,50 16,86 50,100 84,86 98,50 86,16 50,0 | 34,34 36,42 | 66,34 64,42 | 28,64 50,80 72,64",
    "triangle": "50,4 6,94! 94,94! 50,4",
    "cup": "8,10 18,92! 66,92! 76,10! 8,10 | 76,28 96,34 92,62 70,66",
    "star of lines": "50,0 50,100 | 0,50 100,50 | 14,14 86,86 | 86,14 14,86",
    "ladder": "24,0 24,100 | 76,0 76,100 | 24,20 76,20 | 24,50 76,50 | 24,80 76,80",
    "car": "2,76 6,50 26,46 36,24 66,24 76,46 98,52 98,76! 2,76 | 22,76 26,96 34,76 | 68,76 74,96 82,76",
    "key": "30,30 8,40 8,64 30,72 46,52 30,30 | 46,52 96,52! 96,74 | 80,52 80,70",
    "flag": "14,100 14,2! 92,24! 14,50",
    "stairs": "2,98 2,68! 34,68! 34,36! 66,36! 66,4! 98,4",
    "bow": "4,20 4,80! 96,20! 96,80! 4,20",
    "moustache": "2,40 20,70 44,56 50,44! 56,56 80,70 98,40",
    "percent": "84,4 14,98 | 24,4 8,20 22,38 38,20 24,4 | 78,64 62,80 76,98 92,80 78,64",
    "glasses": "40,54 20,36 4,56 22,74 40,54! 60,54 80,36 96,56 78,74 60,54",
    "umbrella": "6,50 20,14 50,0 80,14 94,50! 6,50 | 50,50 50,90 40,100 30,88",
    "cat": "16,0 34,24! 66,24! 84,0! 90,60 50,98 10,60 16,0 | 36,52 38,56 | 62,52 64,56 | 44,72 56,72",
    "table": "4,30 96,30 | 16,30 14,96 | 84,30 86,96 | 16,62 84,62",
    "stick figure": "50,0 38,12 50,26 62,12 50,0 | 50,26 50,64! 22,100 | 50,64 78,100 | 16,42 84,42",
}
# Never trained on: they measure how a network treats kinds that it has not seen.
HELD_OUT_KINDS: dict[str, str] = {
    "L": "22,0 22,98! 82,98",
    "P": "24,100 24,2! 64,4 78,28 60,52 26,54",
    "T": "8,4 92,4 | 50,4 50,100",
    "U": "16,0 18,76 50,100 82,76 84,0",
    "V": "8,0 50,100! 92,0",
    "d": "72,0 72,98! 70,60 44,44 20,70 36,98 70,86",
    "f": "74,10 52,2 44,30 44,100 | 22,44 72,44",
    "n": "20,100 20,30! 24,52 52,30 76,48 78,100",
    "p": "24,100 24,16! 26,34 56,18 78,40 58,64 26,60",
    "Xi": "12,4 88,4 | 24,48 76,48 | 8,96 92,96",
    "lambda": "22,0 40,10 78,100 | 50,40 18,100",
    "pi": "8,22 92,18 | 34,22 26,98 | 68,20 70,86 86,96",
    "omega": "20,30 6,66 22,96 46,80 50,50! 54,80 78,96 94,66 80,30",
    "I kratkoye": "16,16 18,100! 82,18! 84,100 | 36,0 50,8 64,0",
    "De": "6,100 8,82! 94,82! 96,100 | 24,82 42,4! 74,4! 78,82",
    "big": "6,34 94,34 | 52,0 42,56 6,100 | 50,44 66,74 96,98",
    "water": "50,0 50,92 36,82 | 10,30 38,32! 8,84 | 88,16 58,42! 96,92",
    "field": "10,6 10,96! 90,96! 90,6! 10,6 | 50,6 50,96 | 10,50 90,50",
    "hangul": "14,6 64,6! 60,46 | 84,0 84,60 | 84,30 98,30 | 30,66 78,66! 76,100",
    "divided by": "6,50 94,50 | 48,16 52,20 | 48,80 52,84",
    "less": "86,8 12,50! 86,92",
    "tilde": "2,58 22,36 46,46 66,62 98,38",
    "euro": "86,12 58,2 26,28 26,72 58,98 88,88 | 6,42 66,42 | 6,60 62,60",
    "check mark": "6,58 34,96! 96,4",
    "infinity": "50,50 22,26 4,50 22,74 50,50 78,26 96,50 78,74 50,50",
    "arrow left": "96,50 4,50 | 30,22 4,50! 30,80",
    "flower": "50,38 34,10 62,6 58,38 90,28 92,56 60,54 74,88 44,92 46,58 12,74 8,44 44,46",
    "sun": "50,30 32,40 34,64 54,70 68,56 64,36 50,30 | 50,2 50,16 | 50,84 50,98 | 2,50 18,50 | 82,50 98,50",
    "fir": "50,0 20,40! 80,40! 50,0 | 50,40 10,84! 90,84! 50,40 | 50,84 50,100",
    "boat": "4,64 24,98! 76,98! 96,64! 4,64 | 50,64 50,2! 82,50! 50,50",
    "envelope": "4,12 4,88! 96,88! 96,12! 4,12! 50,56! 96,12",
    "cloud": "20,80 4,62 20,46 28,22 54,16 70,34 94,44 94,72 74,80 20,80",
    "crescent": "64,0 24,18 12,54 30,90 70,98! 44,70 42,30 64,0",
}


def _wander(rng: np.random.Generator) -> Strokes:
    """Return one smooth random path, too long for a digit."""
    turns = np.cumsum(rng.normal(rng.normal(0, 0.08), rng.uniform(0.3, 0.7), rng.integers(80, 200)))
    return [np.cumsum(np.stack([np.cos(turns), np.sin(turns)], axis=1), axis=0)]


def _zigzag(rng: np.random.Generator) -> Strokes:
    """Return a zigzag line."""
    count = int(rng.integers(5, 14))
    along = np.linspace(0, rng.uniform(0.3, 2), count)
    across = np.where(np.arange(count) % 2, 1, 0) * rng.uniform(0.5, 1, count) + rng.normal(0, 0.08, count)
    return [np.stack([along, across], axis=1) @ _random_rotation(rng)]


def _corners(rng: np.random.Generator) -> Strokes:
    """Return straight lines between random points, in one stroke."""
    return [rng.random((int(rng.integers(5, 12)), 2))]


def _lines(rng: np.random.Generator) -> Strokes:
    """Return separate random straight lines."""
    return [rng.random((2, 2)) for _ in range(rng.integers(3, 8))]


def _specks(rng: np.random.Generator) -> Strokes:
    """Return dots and short dashes."""
    starts = rng.random((int(rng.integers(3, 12)), 1, 2))
    return [start + np.cumsum(rng.normal(0, 0.03, (3, 2)), axis=0) for start in starts]


def _coil(rng: np.random.Generator) -> Strokes:
    """Return loops along a line."""
    t = np.linspace(0, 2 * np.pi * rng.uniform(2.5, 6), 90)
    along = np.stack([t * rng.uniform(0.05, 0.3) + np.cos(t), np.sin(t) * rng.uniform(0.6, 1.6)], axis=1)
    return [along @ _random_rotation(rng)]


def _hatching(rng: np.random.Generator) -> Strokes:
    """Return parallel lines, sometimes crossed by others."""
    lines = [np.array([[0.0, place], [1.0, place]]) for place in np.linspace(0, 1, rng.integers(4, 8))]
    if rng.random() < 0.5:
        lines += [line[:, ::-1] for line in lines]
    turn = _random_rotation(rng)
    return [(line + rng.normal(0, 0.03, (2, 2))) @ turn for line in lines]


def _blot(rng: np.random.Generator) -> Strokes:
    """Return a scribble that fills a spot."""
    return [rng.normal(0, 1, (60, 2)) * rng.uniform(0.4, 1, 2)]


def _struck_out(rng: np.random.Generator) -> Strokes:
    """Return a digit that is crossed out."""
    written = synthetic_digits.pen_strokes(int(rng.integers(10)), rng, variation=1.0)
    low, high = np.concatenate(written).min(axis=0), np.concatenate(written).max(axis=0)
    (scribble,) = _zigzag(rng)
    scribble = (scribble - scribble.min(axis=0)) / np.maximum(np.ptp(scribble, axis=0), 0.3)
    return [*written, low + scribble * (high - low) * rng.uniform(0.8, 1.2)]


def _glyph(rng: np.random.Generator) -> Strokes:
    """Return a sign of no script: some strokes between points of a grid, straight or bent."""
    strokes = []
    for _ in range(rng.integers(2, 5)):
        points = rng.permutation(25)[: rng.integers(2, 5)]
        words = [f"{25 * (point % 5)},{25 * (point // 5)}{'!' * int(rng.random() < 0.5)}" for point in points.tolist()]
        strokes.append(" ".join(words))
    return synthetic_digits.write_style("|".join(strokes), rng, variation=0.0)


TRAINING_SCRIBBLES: dict[str, Callable[[np.random.Generator], Strokes]] = {
    "wander": _wander,
    "zigzag": _zigzag,
    "lines": _lines,
    "specks": _specks,
    "glyph": _glyph,
}
HELD_OUT_SCRIBBLES: dict[str, Callable[[np.random.Generator], Strokes]] = {
    "corners": _corners,
    "coil": _coil,
    "hatching": _hatching,
    "blot": _blot,
    "struck out": _struck_out,
}
SCRIBBLE_SHARE = 0.3  # of the images; the others are figures
GLYPH_SHARE = 0.4  # of the training images beside those: no table holds as many signs


def pen_strokes(kind: str, rng: np.random.Generator, variation: float = 0.5) -> Strokes:
    """Return the strokes of a kind (a name in the tables above), as `synthetic_digits.pen_strokes` does for a digit."""
    scribble = {**TRAINING_SCRIBBLES, **HELD_OUT_SCRIBBLES}.get(kind)
    if scribble:
        return synthetic_digits.place_strokes(scribble(rng), rng, variation)
    return synthetic_digits.write_style({**TRAINING_KINDS, **HELD_OUT_KINDS}[kind], rng, variation)


def make_images(count: int, seed: int = 0, held_out: bool = False) -> tuple[np.ndarray, Sequence[str]]:
    """Return `count` images of non-digits and the kind of each, of the training or the held-out kinds.

    Images are (count, 28, 28) uint8, 0 = paper and 255 = ink. A seed repeats them.
    """
    rng = np.random.default_rng(seed)
    figures, scribbled = (HELD_OUT_KINDS, HELD_OUT_SCRIBBLES) if held_out else (TRAINING_KINDS, TRAINING_SCRIBBLES)
    kinds = [str(rng.choice(list(scribbled if rng.random() < SCRIBBLE_SHARE else figures))) for _ in range(count)]
    if not held_out:
        kinds = ["glyph" if rng.random() < GLYPH_SHARE else kind for kind in kinds]
    drawn = [synthetic_digits.render_image(pen_strokes(kind, rng, variation=1.0), rng) for kind in kinds]
    return np.reshape(drawn, (count, normalize.SIZE, normalize.SIZE)).astype(np.uint8), kinds


def _random_rotation(rng: np.random.Generator) -> np.ndarray:
    """Return a rotation by a random angle as a matrix (2, 2), for points in rows."""
    angle = rng.uniform(0, 2 * np.pi)
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
