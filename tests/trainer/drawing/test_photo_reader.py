"""Photos read in a process of their own, within limits."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from trainer import UserError
from trainer.drawing import photo_reader, photos, synthetic_digits

pytestmark = pytest.mark.slow  # starts processes


def jpeg(image: Image.Image, **options: object) -> bytes:
    content = BytesIO()
    image.save(content, "JPEG", **options)
    return content.getvalue()


def segments(content: bytes) -> list[tuple[int, bytes]]:
    """Return the segments of a JPEG file after its first marker, each with its kind; a scan includes its data."""
    found, at = [], 2
    while content[at + 1] != 0xD9:
        kind, end = content[at + 1], at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        while kind == 0xDA and not (content[end] == 0xFF and content[end + 1]):
            end += 1
        found.append((kind, content[at:end]))
        at = end
    return found


def endless_jpeg(side: int, scans: int) -> bytes:
    """Return a progressive JPEG file that refines the same blank picture again and again."""
    parts = segments(jpeg(Image.new("L", (side, side), 255), progressive=True))
    ends = [place for place, (kind, _) in enumerate(parts, 1) if kind == 0xDA]
    smallest = min(range(1, len(ends)), key=lambda place: len(parts[ends[place] - 1][1]))
    again = b"".join(part for _, part in parts[ends[smallest - 1] : ends[smallest]])
    return b"\xff\xd8" + b"".join(part for _, part in parts) + again * scans + b"\xff\xd9"


def test_the_digits_are_those_that_this_process_would_find() -> None:
    ink = synthetic_digits.draw(synthetic_digits.pen_strokes(3, np.random.default_rng(1)), 300, 16)[..., 0]
    content = jpeg(Image.fromarray(np.hstack([255 - ink, 255 - ink])))
    found, expected = photo_reader.read(content), photos.read(content)
    assert np.array_equal(found.picture, expected.picture) and np.array_equal(found.ink, expected.ink)
    assert len(found.digits) == len(expected.digits) == 2
    for one, other in zip(found.digits, expected.digits, strict=True):
        for name, value in vars(other).items():
            assert np.array_equal(getattr(one, name), value) and type(getattr(one, name)) is type(value), name
        assert np.array_equal(one.squeezed, other.squeezed)


def test_a_small_file_that_takes_long_to_decode_ends_within_the_limit() -> None:
    content = endless_jpeg(3000, 1500)
    assert len(content) < 200_000
    with pytest.raises(UserError, match=r"must be read within 1 s of computing .*: save it smaller"):
        photo_reader.read(content, seconds=1)


def test_a_file_that_is_refused_is_refused_with_its_sentence() -> None:
    with pytest.raises(UserError, match=r"^A picture must be a PNG or JPEG file \(got something else\)"):
        photo_reader.read(b"no picture")
