from base64 import b64decode
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from trainer import diagrams


@pytest.mark.parametrize("svg", [diagrams.neuron((1.5, -2.0), -0.5, "step"), diagrams.error_path(True)])
def test_a_diagram_is_well_formed(svg):
    assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_a_neurons_picture_tells_its_numbers():
    drawn = diagrams.neuron((1.5, -2.0), -0.5, "sigmoid")
    assert "× 1.5" in drawn and "× −2" in drawn and "− 0.5" in drawn and "sigmoid" in drawn


def test_each_field_lies_within_the_one_before():
    drawn = ElementTree.fromstring(diagrams.fields())
    names = [bold.text for bold in drawn.iter("b")]
    assert names == [name for name, _ in diagrams.FIELDS]
    assert drawn.find("div/div") is not None


def test_weights_are_blue_or_vermillion_and_as_opaque_as_they_are_strong():
    url = diagrams.template(np.array([[1.0, 0.0, -0.5]]), 1.0)
    pixels = np.array(Image.open(BytesIO(b64decode(url.partition(",")[2]))))
    assert pixels[0, :, 3].tolist() == [255, 0, 128]
    assert pixels[0, 0, 2] > pixels[0, 0, 0] and pixels[0, 2, 0] > pixels[0, 2, 2]


def test_numbers_are_tinted_by_their_share():
    cells = diagrams.number_row(np.array([1.0, -0.5, np.nan]), ["1", "−0.5", "?"])
    assert cells.count("<td") == 3 and " 55%" in cells and " 28%" in cells and " 0%" in cells
