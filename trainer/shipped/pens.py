"""Digits that people wrote with a pen, as strokes, to learn from.

E. Alpaydin and F. Alimoglu, Pen-Based Recognition of Handwritten Digits, UCI Machine Learning Repository, 1996
(https://doi.org/10.24432/C5MG6K), CC BY 4.0. The archive of that page holds `pendigits-orig.tra.Z`: 30 people's digits
in the order in which they were written. `gunzip` unpacks it. Half of the people are never learned from, so that others
can be measured: those with even numbers.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from trainer import UserError
from trainer.drawing import normalize, strokes, variations

CITATION = "Alpaydin and Alimoglu, Pen-Based Recognition of Handwritten Digits, UCI, CC BY 4.0"
# SHA-256 of the odd half as lines of JSON, unpacked
JSON_HASH = "bfb88383de43be13a7d247e22bdaaf25e538f412168975b56eb441ec0eb0db81"
PLAIN_PEN = 0.08  # of the digits that are not varied, in longer sides of the digit
COMPRESSED = b"\x1f\x9d"  # the first bytes of a .Z file


@dataclass(frozen=True, eq=False)
class PenDigit:
    """A digit as a person wrote it."""

    label: int
    writer: int  # number of the person
    lines: Sequence[np.ndarray]  # center lines of the strokes, each (n, 2) float: x to the right and y down


def read(content: bytes) -> list[PenDigit]:
    """Read the digits of the people with odd numbers, from the published file or from these as lines of JSON.

    The JSON lines have `y` (label), `w` (writer) and `s` (strokes, [x, y, x, y, ...]). Raises UserError for anything
    else.
    """
    if content.startswith(COMPRESSED):
        raise UserError("The pens' file must be unpacked (got a .Z file): run `gunzip` on it.")
    try:
        text = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
        if text.lstrip().startswith(b"{"):
            if (digest := hashlib.sha256(text).hexdigest()) != JSON_HASH:
                raise UserError(f"The pens' digits as JSON must have the SHA-256 {JSON_HASH} (got {digest}).")
            digits = _read_json(text.decode())
        else:
            digits = _read_unipen(text.decode("latin-1"))
    except UserError:
        raise
    except (OSError, EOFError, LookupError, TypeError, ValueError) as error:
        raise UserError(
            "The pens' file must be pendigits-orig.tra of UCI's Pen-Based Recognition of Handwritten Digits "
            f"(got something else: {error})."
        ) from error
    learned = [digit for digit in digits if digit.writer % 2 and digit.lines]
    if not learned:
        raise UserError("The pens' file must have digits of people with odd numbers (got none).")
    return learned


def without(digits: Sequence[PenDigit], writers: Collection[int]) -> list[PenDigit]:
    """Return the digits of all people but some. Raises UserError if one of these is not there, or nobody is left."""
    known = sorted({digit.writer for digit in digits})
    if not set(writers) < set(known):
        raise UserError(
            f"The people to keep aside must be some of {', '.join(map(str, known)) or 'those in --pens'} "
            f"(got {', '.join(map(str, sorted(writers)))})."
        )
    return [digit for digit in digits if digit.writer not in writers]


def describe(digits: Sequence[PenDigit]) -> str:
    """Return how many digits of how many people there are, as text."""
    return f"{len(digits):,} digits by {len({digit.writer for digit in digits})} people"


def _read_json(text: str) -> list[PenDigit]:
    records = [json.loads(line) for line in text.splitlines()]
    return [
        PenDigit(record["y"], int(record["w"].removeprefix("tra")), [np.reshape(line, (-1, 2)) for line in record["s"]])
        for record in records
    ]


def _read_unipen(text: str) -> list[PenDigit]:
    """Read UNIPEN text: for each digit its label, a comment with label, writer and number, and points between pens."""
    digits = []
    for part in re.split(r"^\s*\.SEGMENT\s+DIGIT", text, flags=re.MULTILINE)[1:]:
        head, *pens = re.split(r"^\s*\.PEN_DOWN", part, flags=re.MULTILINE)
        label, comment = re.search(r'"(\d)"', head), re.search(r"^\s*\.COMMENT\s+(\d)\s+(\d+)", head, re.MULTILINE)
        if not (label and comment and label[1] == comment[1]):
            raise ValueError("a digit without its label or writer")
        lines = [np.array(pen.partition(".PEN_UP")[0].split(), float).reshape(-1, 2) for pen in pens]
        # the tablet's y goes up
        digits.append(PenDigit(int(label[1]), int(comment[2]), [line * (1, -1) for line in lines if len(line)]))
    return digits


def make_images(digits: Sequence[PenDigit], count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw each digit as it is and `count` times varied, as another person might write it with another pen.

    Returns images (n, 28, 28) uint8, 0 = paper and 255 = ink, and labels (n,) uint8. A seed repeats them.
    """
    images = []
    for place, digit in enumerate(digits):
        rng = np.random.default_rng((seed, place))
        images.append(variations.levels(strokes.image(digit.lines, PLAIN_PEN)))
        images += [variations.draw_image(variations.vary(digit.lines, rng), rng) for _ in range(count)]
    labels = np.repeat(np.array([digit.label for digit in digits], np.uint8), 1 + count)
    return np.reshape(np.array(images, np.uint8), (-1, normalize.SIZE, normalize.SIZE)), labels
