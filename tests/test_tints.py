"""Numbers with a sign as pictures."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from trainer import tints


def pixels(url):
    kind, _, content = url.partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(BytesIO(b64decode(content))).convert("RGBA"))


def test_the_sign_is_the_colour_and_the_size_its_strength():
    (row,) = pixels(tints.tint(np.array([[2.0, 1.0, 0.0, -2.0]])))
    assert row[0].tolist() == [0, 0x72, 0xB2, 254] and row[3].tolist() == [0xD5, 0x5E, 0, 254]
    assert 120 < row[1, 3] < 134 and row[2, 3] == 0


def test_pictures_of_a_sheet_have_their_places():
    sheet = pixels(tints.sheet(np.stack([np.full((40, 40), value) for value in (1.0, -1.0, 1.0)]), across=2))
    assert sheet.shape == (84, 84, 4)
    assert sheet[20, 20, 2] == 0xB2 and sheet[20, 60, 0] == 0xD5 and sheet[60, 20, 2] == 0xB2
    assert sheet[60, 60, 3] == 0


def test_a_list_is_drawn_row_by_row():
    assert pixels(tints.strip(np.arange(5.0), 3))[..., 3].tolist() == [[0, 64, 126], [190, 254, 0]]


def test_what_is_no_number_has_no_colour():
    assert pixels(tints.tint(np.array([[np.nan, np.inf, 1.0]])))[0, :, 3].tolist() == [0, 0, 254]
    assert tints.color(float("nan"), 1.0).endswith("0.00)") and tints.number(float("nan")) == "no number"


def test_images_may_be_grey_or_in_colour():
    assert pixels(tints.plain(np.ones((2, 3))))[0, 0].tolist() == [255, 255, 255, 255]
    assert pixels(tints.plain(np.zeros((2, 3, 3)))).shape == (2, 3, 4)
    over = pixels(tints.over(np.zeros((1, 2, 3)), np.array([[0.0, 1.0]])))
    assert over[0, 0].tolist() == [40, 40, 40, 255] and over[0, 1, 2] > 150


@pytest.mark.parametrize(
    ("value", "written"),
    [(1234.5, "1,234.50"), (-0.5, "−0.50"), (0.0, "0.00"), (-1e-9, "0.00"), (0.0012, "0.0012"), (-0.001, "−0.0010")],
)
def test_numbers_are_written_for_people(value, written):
    assert tints.number(value) == written
