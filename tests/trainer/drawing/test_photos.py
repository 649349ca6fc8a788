"""Detection of digits in pictures of paper, and pictures that are rejected."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from trainer import UserError
from trainer.drawing import normalize, photos, synthetic_digits

LABELS = (2, 0, 7, 4)
SHAPE = (600, 800)


@pytest.fixture(scope="module")
def coverage() -> np.ndarray:
    """The ink on a sheet of SHAPE, 0..1: the digits LABELS in a row, 180 pixels each."""
    sheet = np.zeros(SHAPE)
    for place, label in enumerate(LABELS):
        style = next(iter(synthetic_digits.STYLES[label]))
        ink = synthetic_digits.draw(synthetic_digits.pen_strokes(label, np.random.default_rng(1), style, 0), 240, 12)[
            ..., 0
        ]
        sheet[180:420, 20 + 180 * place : 200 + 180 * place] = ink[:, 30:210] / 255
    return sheet


def sheet(coverage: np.ndarray, paper: float = 220, ink: float = 40, light: np.ndarray | float = 1.0) -> Image.Image:
    """Return a sheet as a camera sees it: blurred, with noise."""
    noise = np.random.default_rng(0).normal(0, 4, coverage.shape)
    gray = np.clip((paper + (ink - paper) * coverage) * light + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(gray).filter(ImageFilter.GaussianBlur(1)).convert("RGB")


def file(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    content = BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


def check(found: photos.Photo, coverage: np.ndarray) -> None:
    """Compare the digits found with those written."""
    expected = normalize.find_digits(coverage.astype(np.float32))
    assert len(found.digits) == len(expected) == len(LABELS)
    for seen, written in zip(found.digits, expected, strict=True):
        assert np.abs(np.subtract(seen.box, written.box)).max() <= 4
        boxed = [np.asarray(Image.fromarray(steps.boxed).resize((20, 20))) for steps in (seen, written)]
        assert np.corrcoef(boxed[0].ravel(), boxed[1].ravel())[0, 1] > 0.9
    assert found.picture.shape == (*coverage.shape, 3) and found.picture.dtype == np.uint8
    assert found.ink.shape == coverage.shape and found.ink.dtype == np.float32
    assert found.ink.min() >= 0 and found.ink.max() <= 1


y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] / 800
LIGHTS = {
    "even": 1.0,
    "from one side": 1 - 0.5 * x,
    "from a lamp above": 1.1 - 0.9 * np.hypot(x - 0.5, y - 0.2),
    "with the edge of a shadow": np.where(x + y / 2 > 0.7, 0.55, 1.0),
    "with a soft shadow": 1 - 0.5 / (1 + np.exp((y - 0.4) / 0.03)),
}


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize(("paper", "ink"), [(220, 40), (200, 100), (30, 190)], ids=["pen", "pencil", "chalk"])
def test_digits_are_found_in_any_light(coverage: np.ndarray, light: str, paper: float, ink: float) -> None:
    check(photos.read(file(sheet(coverage, paper, ink, LIGHTS[light]), quality=70)), coverage)


@pytest.mark.parametrize("squared", [False, True], ids=["ruled", "squared"])
def test_lines_fainter_than_the_pen_are_ignored(coverage: np.ndarray, squared: bool) -> None:
    lines = np.zeros(SHAPE)
    lines[::30] = lines[1::30] = 1
    if squared:
        lines[:, ::30] = lines[:, 1::30] = 1
    check(photos.read(file(sheet(coverage, light=1 - 0.3 * lines * (coverage < 0.5)))), coverage)


def test_a_sheet_on_a_dark_table_is_read(coverage: np.ndarray) -> None:
    table = np.full((900, 1000), 60, np.uint8)
    table[150:750, 100:900] = np.asarray(sheet(coverage).convert("L"))
    assert len(photos.read(file(Image.fromarray(table))).digits) == len(LABELS)


def test_dust_and_what_the_edge_cuts_off_are_ignored(coverage: np.ndarray) -> None:
    dirty = coverage.copy()
    dirty[520:524, 300:305] = dirty[60:64, 700:703] = 1
    dirty[500:600, 760:800] = 1  # a thumb
    assert len(photos.read(file(sheet(dirty))).digits) == len(LABELS)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright(coverage: np.ndarray, orientation: int) -> None:
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # what the camera did, undone by showing it so
    image = sheet(coverage)
    if orientation in turns:
        image = image.transpose(Image.Transpose(turns[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    check(photos.read(file(image, exif=exif)), coverage)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_every_kind_of_png_is_read(coverage: np.ndarray, mode: str) -> None:
    gray = (220 - 180 * coverage).astype(np.uint8)
    deep = Image.fromarray(gray.astype(np.uint16) * 257)
    image = deep if mode == deep.mode else Image.fromarray(gray).convert(mode)
    assert image.mode == mode
    check(photos.read(file(image, "PNG")), coverage)


@pytest.mark.parametrize("ink", [0, 255], ids=["black", "white"])
def test_ink_on_transparent_paper_is_read(coverage: np.ndarray, ink: int) -> None:
    gray, alpha = np.full(SHAPE, ink, np.uint8), (255 * coverage).astype(np.uint8)
    check(photos.read(file(Image.fromarray(np.dstack([gray, alpha])), "PNG")), coverage)


def test_a_large_picture_is_shrunk_and_a_small_one_enlarged(coverage: np.ndarray) -> None:
    image = sheet(coverage)
    large = photos.read(file(image.resize((4000, 3000))))
    assert large.picture.shape == (750, 1000, 3) and len(large.digits) == len(LABELS)
    ink = (255 * coverage[180:420, 20:200]).astype(np.uint8)
    small = photos.read(file(Image.fromarray(ink).resize((28, 28)), "PNG"))
    assert max(small.picture.shape) >= photos.MIN_WORKING_SIDE and len(small.digits) == 1


@pytest.mark.parametrize("light", LIGHTS)
def test_blank_paper_is_rejected(light: str) -> None:
    with pytest.raises(UserError, match=r"A picture must show digits .*\(none was found\): .*\."):
        photos.read(file(sheet(np.zeros(SHAPE), light=LIGHTS[light])))


def header(width: int, height: int) -> bytes:
    """Return a PNG with a size in its header but no pixels."""
    claim = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    empty = b"IDAT" + zlib.compress(b"")
    chunks = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (claim, empty)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (bytes(photos.MAX_BYTES + 1), r"at most 5 MB \(got 5.0 MB\)"),
        (header(8001, 6250), r"at most 50 million pixels \(got 8001 x 6250\)"),
        (header(10_000, 10_000), r"at most 50 million pixels \(got far more\)"),
        (header(60_000, 60_000), r"at most 50 million pixels \(got far more\)"),
        (file(Image.new("1", (13_000, 13_000)), "PNG"), r"at most 50 million pixels \(got far more\)"),  # 20 kB
        (header(19, 400), r"at least 20 pixels a side \(got 19 x 400\)"),
        (header(400, 400), r"a complete PNG or JPEG file \(got a damaged one\)"),
        (b"", r"a PNG or JPEG file \(got something else\)"),
        (b"no picture", r"a PNG or JPEG file \(got something else\)"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", r"a PNG or JPEG file \(got something else\)"),
        (file(Image.new("RGB", (50, 50)), "GIF"), r"a PNG or JPEG file \(got something else\)"),
        (file(Image.new("RGB", (50, 50)), "TIFF"), r"a PNG or JPEG file \(got something else\)"),
        (file(Image.effect_noise((400, 400), 50))[:5000], r"a complete PNG or JPEG file \(got a damaged one\)"),
    ],
    ids=range(13),
)
def test_any_other_file_is_rejected(content: bytes, sentence: str) -> None:
    with pytest.raises(UserError, match=rf"A picture must .*{sentence}: .*\."):
        photos.read(content)


@settings(deadline=None, max_examples=30)  # the machine may be busy
@given(st.integers(0, 2**32 - 1), st.sampled_from(["PNG", "JPEG"]), st.booleans())
def test_a_damaged_file_is_read_or_rejected(seed: int, form: str, cut: bool) -> None:
    rng = np.random.default_rng(seed)
    content = bytearray(file(Image.effect_noise((60, 60), 90).convert("RGB"), form))
    for place in rng.integers(len(content), size=5):
        content[place] = rng.integers(256)
    try:
        photos.read(bytes(content[: rng.integers(len(content))] if cut else content))
    except UserError as error:
        assert str(error).startswith("A picture must ")


def test_a_strip_of_paper_is_read_or_rejected() -> None:
    with pytest.raises(UserError, match="none was found"):
        photos.read(file(Image.new("L", (100_000, 20), 255), "PNG"))
