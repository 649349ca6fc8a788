"""The diverging color scale in single images, sheets and overlays."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from trainer.figures import diverging
from trainer.figures.palette import BLUE, VERMILLION


def pixels(url):
    kind, _, content = url.partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(BytesIO(b64decode(content))).convert("RGBA"))


def test_the_sign_sets_the_color_and_the_magnitude_the_opacity():
    (row,) = pixels(diverging.image_url(np.array([[2.0, 1.0, 0.0, -2.0]])))
    assert row[0].tolist() == [0, 0x72, 0xB2, 254] and row[3].tolist() == [0xD5, 0x5E, 0, 254]
    assert 120 < row[1, 3] < 134 and row[2, 3] == 0


def test_images_of_a_sheet_are_laid_out_in_rows():
    sheet = pixels(diverging.sheet_url(np.stack([np.full((40, 40), value) for value in (1.0, -1.0, 1.0)]), across=2))
    assert sheet.shape == (84, 84, 4)
    assert sheet[20, 20, 2] == 0xB2 and sheet[20, 60, 0] == 0xD5 and sheet[60, 20, 2] == 0xB2
    assert sheet[60, 60, 3] == 0


def test_levels_are_symmetric_around_zero():
    assert diverging.to_levels(np.array([-2.0, 0.0, 1.0, 9.0]), 2.0).tolist() == [0, 127, 190, 254]


def test_nan_and_infinity_are_transparent():
    assert pixels(diverging.image_url(np.array([[np.nan, np.inf, 1.0]])))[0, :, 3].tolist() == [0, 0, 254]


def test_an_overlay_dims_the_image_below():
    over = pixels(diverging.overlay_url(np.zeros((1, 2, 3)), np.array([[0.0, 1.0]])))
    assert over[0, 0].tolist() == [40, 40, 40, 255] and over[0, 1, 2] > 150


def test_weights_are_as_opaque_as_they_are_large():
    shown = pixels(diverging.weights_url(np.array([[1.0, 0.0, -0.5]]), 1.0))
    assert shown[0, :, 3].tolist() == [255, 0, 128]
    assert shown[0, 0, 2] > shown[0, 0, 0] and shown[0, 2, 0] > shown[0, 2, 2]


def test_weights_are_blue_or_vermillion_and_zero_is_transparent() -> None:
    weights = np.zeros((3, 2, 2), np.float16)
    weights[0] = [[1, 0], [-1, 0.5]]
    sheet = np.asarray(Image.open(BytesIO(diverging.weight_sheet(weights))).convert("RGBA"))
    side = 28  # screen pixels per weight, after a frame of 1 and a gap of 1
    positive, nothing, negative, half = (
        sheet[2 + y * side : 2 + (y + 1) * side, 2 + x * side : 2 + (x + 1) * side]
        for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))
    )
    assert all(np.ptp(part.reshape(-1, 4), axis=0).max() == 0 for part in (positive, nothing, negative, half))
    assert [f"#{bytes(part[0, 0, :3]).hex().upper()}" for part in (positive, negative, half)] == [
        BLUE,
        VERMILLION,
        BLUE,
    ]
    assert [part[0, 0, 3] for part in (positive, negative, nothing)] == [254, 254, 0]
    assert half[0, 0, 3] == pytest.approx(127, abs=2)


def test_the_same_weight_has_the_same_color_in_every_snapshot() -> None:
    small, large = np.full((1, 5, 5), 0.1, np.float16), np.full((1, 5, 5), 0.4, np.float16)
    opacities = [
        np.asarray(Image.open(BytesIO(diverging.weight_sheet(weights, 0.4))).convert("RGBA"))[20, 20, 3]
        for weights in (small, large)
    ]
    assert opacities[0] == pytest.approx(opacities[1] / 4, abs=2)


@pytest.mark.parametrize("shape", [(32, 28, 28), (16, 5, 5), (1, 1, 1), (0, 3, 3)])
@pytest.mark.parametrize("weight", [0.0, np.nan, np.inf])
def test_a_sheet_of_any_weights_fits_the_page(shape: tuple[int, ...], weight: float) -> None:
    sheet = Image.open(BytesIO(diverging.weight_sheet(np.full(shape, weight, np.float16))))
    assert sheet.width <= 480
