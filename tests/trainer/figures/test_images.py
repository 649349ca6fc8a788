"""Marked test images, sprites and data URLs."""

import re
import xml.etree.ElementTree as ElementTree
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from trainer.drawing import normalize, synthetic_digits
from trainer.figures import images as figures
from trainer.figures.palette import BLUE, VERMILLION


def elements(picture: str, kind: str) -> list[ElementTree.Element]:
    return [element for element in ElementTree.fromstring(picture).iter() if element.tag.endswith("}" + kind)]


def pixels(url: str) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(b64decode(url.removeprefix("data:image/png;base64,")))))


def words(picture: str) -> list[str | None]:
    return [element.text for element in elements(picture, "text")]


def test_digits_have_a_tick_or_a_cross_below() -> None:
    images, labels = synthetic_digits.make_digits(16, seed=0)
    predictions = [int(label) for label in labels]
    predictions[3] = (predictions[3] + 1) % 10
    picture = figures.marked_digits(images, labels, predictions)
    marks = [element for element in elements(picture, "g") if element.get("class")]
    assert [mark.get("class") for mark in marks] == ["right"] * 3 + ["wrong"] + ["right"] * 12
    assert [int(text or "") for text in words(picture)] == predictions
    colors = {mark.get("class"): mark[1].get("stroke") for mark in marks}
    shapes = {mark.get("class"): re.sub(r"^M\S+ \d+", "", mark[1].attrib["d"]) for mark in marks}
    assert colors == {"right": BLUE, "wrong": VERMILLION} and shapes["right"] != shapes["wrong"]


def test_digits_keep_their_places_before_they_are_predicted() -> None:
    images, labels = synthetic_digits.make_digits(16, seed=0)
    before, after = figures.marked_digits(images, labels), figures.marked_digits(images, labels, list(labels))
    assert words(before) == []
    assert ElementTree.fromstring(before).attrib == ElementTree.fromstring(after).attrib
    (sheet,) = elements(before, "image")
    shown = pixels(sheet.attrib["href"])
    assert (shown[2:30, 4:32, 0] == images[0]).all()  # pixel by pixel
    assert (shown[48:76, 256:284, 0] == images[15]).all()
    assert shown[0, 0, 1] == 0  # transparent around them


def test_a_drawing_is_shown_as_the_network_gets_it() -> None:
    steps = normalize.from_canvas(synthetic_digits.draw(synthetic_digits.pen_strokes(7, np.random.default_rng(0))))
    assert steps is not None
    picture = np.asarray(Image.open(BytesIO(figures.drawing_png(steps.image))))
    assert picture[::4, ::4] / 255 == pytest.approx(steps.image, abs=0.005)
    assert picture.shape == (112, 112)


@pytest.mark.parametrize("shape", [(28, 28), (8, 12, 3)])
def test_sprites_are_laid_out_row_by_row(shape):
    images = np.random.default_rng(0).integers(0, 256, (7, *shape), np.uint8)
    picture = pixels(figures.sprite_url(images, 3))
    height, width = shape[:2]
    assert picture.shape[:2] == (3 * height, 3 * width)
    for place, image in enumerate(images):
        y, x = place // 3 * height, place % 3 * width
        assert np.array_equal(picture[y : y + height, x : x + width], image)
    assert not picture[2 * height :, width:].any()


def test_sprites_are_smaller_as_jpeg():
    images = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), np.uint8)
    url = figures.sprite_url(images, 3, quality=70)
    assert url.startswith("data:image/jpeg;base64,") and len(url) < len(figures.sprite_url(images, 3))


@pytest.mark.parametrize("shape", [(28, 28), (32, 32, 3)])
def test_a_data_url_holds_a_grayscale_or_color_image(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert (pixels(figures.data_url(image)) == image).all()
    assert (pixels(figures.data_url(Image.fromarray(image))) == image).all()


def test_a_data_url_clips_floats_to_0_and_1():
    assert pixels(figures.data_url(np.array([[0.0, 1.0, 2.0, np.nan]]))).tolist() == [[0, 255, 255, 0]]
    assert pixels(figures.data_url(np.ones((2, 3, 3), np.float32))).tolist() == [[[255] * 3] * 3] * 2
