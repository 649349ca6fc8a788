"""The diagram of a network."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from trainer.config.layer import Layer
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Dropout, MaxPooling2D
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.networks.diagram import network_diagram


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


def test_more_filters_make_a_deeper_stack() -> None:
    few, many = (
        len(elements(network_diagram(TrainingConfig(layers=(Conv2D(filters, 3),)).table), "path"))
        for filters in (2, 64)
    )
    assert many > few
