"""People's digits as strokes: the published form, and the images to learn from."""

import gzip

import numpy as np
import pytest

from trainer import UserError
from trainer.shipped import pens

PUBLISHED = """.INCLUDE a.doc
.COORD X Y
.HIERARCHY DIGIT
.SEGMENT DIGIT 0 ? "1"
.COMMENT 1 3 22
.PEN_DOWN
 80 30
 81 60
 82 130
.PEN_UP
.DT 100
.SEGMENT DIGIT 1-2 ? "4"
.COMMENT 4 2 23
.PEN_DOWN
1 2
3 4
.PEN_UP
.SEGMENT DIGIT 3-4 ? "7"
.COMMENT 7 11 24
.PEN_DOWN
 10 90
 60 90
 30 10
.PEN_UP
.DT 100
.PEN_DOWN
 20 50
 50 50
.PEN_UP
.DT 100
"""


@pytest.mark.parametrize("content", [PUBLISHED.encode(), gzip.compress(PUBLISHED.encode())])
def test_digits_of_odd_writers_are_read_from_the_published_form(content: bytes) -> None:
    one, seven = pens.read(content)
    assert (one.label, one.writer, seven.label, seven.writer) == (1, 3, 7, 11)
    assert one.lines[0].tolist() == [[80, -30], [81, -60], [82, -130]], "y goes down"
    assert [len(line) for line in seven.lines] == [3, 2]


def test_each_digit_is_drawn_as_it_is_and_varied_and_a_seed_repeats_it() -> None:
    digits = pens.read(PUBLISHED.encode())
    images, labels = pens.make_images(digits, 3)
    assert images.shape == (8, 28, 28) and images.dtype == np.uint8
    assert labels.tolist() == [1] * 4 + [7] * 4
    assert np.array_equal(images, pens.make_images(digits, 3)[0])
    assert np.array_equal(images[4:], pens.make_images(digits, 3)[0][4:])
    assert len({image.tobytes() for image in images}) == 8
    assert images.reshape(8, -1).max(axis=1).min() > 150
    assert pens.make_images([], 3)[0].shape == (0, 28, 28)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x1f\x9d\x90", "gunzip"),
        (b'{"y": 1, "w": "tra2", "s": []}', "SHA-256"),
        (b"", "got none"),
        (PUBLISHED.replace("COMMENT 1 3", "COMMENT 5 3").encode(), "pendigits-orig.tra"),
        (PUBLISHED.replace("80 30", "80").encode(), "pendigits-orig.tra"),
        (PUBLISHED.replace("80 30", "80 x").encode(), "pendigits-orig.tra"),
        (b"\x1f\x8b broken", "pendigits-orig.tra"),
    ],
)
def test_any_other_file_is_refused_with_a_sentence(content: bytes, words: str) -> None:
    with pytest.raises(UserError, match=words):
        pens.read(content)


def test_people_are_kept_aside_by_their_numbers() -> None:
    digits = pens.read(PUBLISHED.encode())
    (kept,) = pens.without(digits, {11})
    assert kept.writer == 3
    for writers in ({2}, {3, 11}):
        with pytest.raises(UserError, match="people to keep aside must be some of 3, 11 "):
            pens.without(digits, writers)
