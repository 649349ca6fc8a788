"""What a picture shows, whatever shows it."""

import io
import re
import xml.etree.ElementTree as ElementTree
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

from trainer import digit, pictures, strokes
from trainer.charts import BLUE, VERMILLION
from trainer.config import TrainingConfig
from trainer.layers import BatchNormalization, Conv2D, Dense, Dropout, Layer, MaxPooling2D
from trainer.presets import PRESETS


def elements(picture: str, kind: str) -> list[ElementTree.Element]:
    return [element for element in ElementTree.fromstring(picture).iter() if element.tag.endswith("}" + kind)]


def words(picture: str) -> list[str | None]:
    return [element.text for element in elements(picture, "text")]


DEEP: dict[str, tuple[Layer, ...]] = {
    "20 dense": (Dense(2000),) + (Dense(3),) * 19,
    "20 convolutions": (Conv2D(8, 3),) * 20,
    "all small": (Conv2D(2, 3, strides=4), MaxPooling2D(7), BatchNormalization(), Dropout(0.5)),
    "none": (),
}


@pytest.mark.parametrize("layers", [*(preset.config.layers for preset in PRESETS.values()), *DEEP.values()])
def test_every_network_has_a_picture_of_one_size_that_holds_all_of_it(layers: tuple[Layer, ...]) -> None:
    picture = pictures.network_picture(TrainingConfig(layers=layers).table)
    assert ElementTree.fromstring(picture).get("viewBox") == "0 0 450 200"
    for circle in elements(picture, "circle"):
        x, y, radius = (float(circle.attrib[name]) for name in ("cx", "cy", "r"))
        assert radius <= x <= 450 - radius and radius <= y <= 160
    for path in elements(picture, "path"):
        for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", path.attrib["d"]):
            assert 0 <= float(x) <= 450 and 0 <= float(y) <= 200
    for text in elements(picture, "text"):
        half = 3 * len(text.text or "")
        assert half <= float(text.attrib["x"]) <= 450 - half + 6
    assert len(picture) < 30_000  # it goes to the browser at every edit


def test_the_picture_says_what_comes_out_of_the_layers() -> None:
    said = words(pictures.network_picture(PRESETS["keras_convnet"].config.table))
    assert said[:10] == [str(number) for number in range(10)]  # beside the units of the output layer
    assert {"28×28", "26×26", "×32", "13×13", "1,600", "10", "softmax"} <= set(said)


@pytest.mark.parametrize(("units", "drawn"), [(3, 3), (12, 12), (13, 10), (784, 10)])
def test_a_layer_of_many_units_is_drawn_with_few(units: int, drawn: int) -> None:
    picture = pictures.network_picture(TrainingConfig(layers=(Dense(units),)).table)
    circles = [circle for circle in elements(picture, "circle") if float(circle.attrib["r"]) > 1]
    assert len(circles) == drawn + 10  # the output layer's
    assert f"{units:,}" in words(picture)


def test_a_convolution_of_more_filters_is_a_deeper_stack() -> None:
    few, many = (
        len(elements(pictures.network_picture(TrainingConfig(layers=(Conv2D(filters, 3),)).table), "path"))
        for filters in (2, 64)
    )
    assert many > few


def test_test_digits_have_a_tick_or_a_cross_beneath() -> None:
    images, labels = strokes.digits(16, seed=0)
    reads = [int(label) for label in labels]
    reads[3] = (reads[3] + 1) % 10
    picture = pictures.test_digits(images, labels, reads)
    marks = [element for element in elements(picture, "g") if element.get("class")]
    assert [mark.get("class") for mark in marks] == ["right"] * 3 + ["wrong"] + ["right"] * 12
    assert [int(text or "") for text in words(picture)] == reads
    colors = {mark.get("class"): mark[1].get("stroke") for mark in marks}
    shapes = {mark.get("class"): re.sub(r"^M\S+ \d+", "", mark[1].attrib["d"]) for mark in marks}
    assert colors == {"right": BLUE, "wrong": VERMILLION} and shapes["right"] != shapes["wrong"]


def test_test_digits_stand_in_their_places_before_they_are_read() -> None:
    images, labels = strokes.digits(16, seed=0)
    before, after = pictures.test_digits(images, labels), pictures.test_digits(images, labels, list(labels))
    assert words(before) == []
    assert ElementTree.fromstring(before).attrib == ElementTree.fromstring(after).attrib
    (sheet,) = elements(before, "image")
    pixels = np.asarray(Image.open(io.BytesIO(b64decode(sheet.attrib["href"].split(",")[1]))))
    assert (pixels[2:30, 4:32, 0] == images[0]).all()  # pixel by pixel
    assert (pixels[48:76, 256:284, 0] == images[15]).all()
    assert pixels[0, 0, 1] == 0  # the page's own colour around them


def test_weights_are_blue_or_vermillion_and_zero_is_the_papers_colour() -> None:
    weights = np.zeros((3, 2, 2), np.float16)
    weights[0] = [[1, 0], [-1, 0.5]]
    sheet = np.asarray(Image.open(io.BytesIO(pictures.weight_sheet(weights))).convert("RGBA"))
    whole = 28  # screen pixels a weight, below a frame of 1 and a gap of 1
    positive, nothing, negative, half = (
        sheet[2 + y * whole : 2 + (y + 1) * whole, 2 + x * whole : 2 + (x + 1) * whole]
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


def test_the_same_weight_has_the_same_colour_in_every_snapshot() -> None:
    small, large = np.full((1, 5, 5), 0.1, np.float16), np.full((1, 5, 5), 0.4, np.float16)
    opacities = [
        np.asarray(Image.open(io.BytesIO(pictures.weight_sheet(weights, 0.4))).convert("RGBA"))[20, 20, 3]
        for weights in (small, large)
    ]
    assert opacities[0] == pytest.approx(opacities[1] / 4, abs=2)


@pytest.mark.parametrize("shape", [(32, 28, 28), (16, 5, 5), (1, 1, 1), (0, 3, 3)])
@pytest.mark.parametrize("weight", [0.0, np.nan, np.inf])
def test_any_weights_have_a_sheet_that_fits_the_page(shape: tuple[int, ...], weight: float) -> None:
    sheet = Image.open(io.BytesIO(pictures.weight_sheet(np.full(shape, weight, np.float16))))
    assert sheet.width <= 480


def test_a_drawing_is_shown_as_the_network_meets_it() -> None:
    steps = digit.from_canvas(strokes.draw(strokes.pen_strokes(7, np.random.default_rng(0))))
    assert steps is not None
    picture = np.asarray(Image.open(io.BytesIO(pictures.drawing_picture(steps.image))))
    assert picture[::4, ::4] / 255 == pytest.approx(steps.image, abs=0.005)
    assert picture.shape == (112, 112)
