"""The diagram of a network."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from trainer.config.layer import Layer
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Dropout, MaxPooling2D
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.figures.palette import BLUE, VERMILLION
from trainer.networks.diagram import network_diagram
from trainer.networks.sketch import SHAPE


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
def test_every_diagram_has_one_size_and_stays_inside_it(layers: tuple[Layer, ...]) -> None:
    picture = network_diagram(TrainingConfig(layers=layers).table)
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
    assert len(picture) < 30_000  # it is sent to the browser at every edit


def test_the_diagram_names_the_output_shapes() -> None:
    shapes = words(network_diagram(PRESETS["keras_convnet"].config.table))
    assert shapes[:10] == [str(number) for number in range(10)]  # beside the units of the output layer
    assert {"28×28", "26×26", "×32", "13×13", "1,600", "10", "softmax"} <= set(shapes)


@pytest.mark.parametrize(("units", "drawn"), [(3, 3), (12, 12), (13, 10), (784, 10)])
def test_a_large_layer_is_drawn_with_few_units(units: int, drawn: int) -> None:
    picture = network_diagram(TrainingConfig(layers=(Dense(units),)).table)
    circles = [circle for circle in elements(picture, "circle") if float(circle.attrib["r"]) > 1]
    assert len(circles) == drawn + 10  # the output layer's
    assert f"{units:,}" in words(picture)


def test_a_sketch_tints_connections_and_units_and_shows_the_digit_that_is_read() -> None:
    config = TrainingConfig(layers=(Dense(3, "relu"),))
    drawn = np.zeros((len(config.table), *SHAPE), np.float16)
    drawn[1, :3, 0] = 1, 0, -0.5
    drawn[2, 4, 1:4] = 1, -1, 0.02  # into the unit of the 4
    picture = network_diagram(config.table, drawn, np.zeros((28, 28), np.uint8))
    fills = [(circle.get("fill"), circle.get("fill-opacity")) for circle in elements(picture, "circle")]
    assert fills[:3] == [(BLUE, "1.00"), (BLUE, "0.00"), (VERMILLION, "0.50")]
    lines = {
        path.get("stroke"): path.attrib["d"].count("M") for path in elements(picture, "path") if path.get("stroke")
    }
    assert lines[BLUE] == lines[VERMILLION] == 1  # the weak one is left out
    assert elements(picture, "image") and not elements(network_diagram(config.table), "image")
    assert network_diagram(config.table, drawn[:-1]) == network_diagram(config.table)  # of another network


def test_more_filters_make_a_deeper_stack() -> None:
    few, many = (
        len(elements(network_diagram(TrainingConfig(layers=(Conv2D(filters, 3),)).table), "path"))
        for filters in (2, 64)
    )
    assert many > few
