from xml.etree import ElementTree

import numpy as np
import pytest

from trainer.lessons import diagrams


@pytest.mark.parametrize(
    "svg", [diagrams.neuron_diagram((1.5, -2.0), -0.5, "step"), diagrams.backpropagation_diagram(True)]
)
def test_a_diagram_is_well_formed(svg):
    assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_a_neurons_picture_tells_its_numbers():
    drawn = diagrams.neuron_diagram((1.5, -2.0), -0.5, "sigmoid")
    assert "× 1.5" in drawn and "× −2" in drawn and "− 0.5" in drawn and "sigmoid" in drawn


def test_each_field_lies_within_the_one_before():
    drawn = ElementTree.fromstring(diagrams.fields_diagram())
    names = [bold.text for bold in drawn.iter("b")]
    assert names == [name for name, _ in diagrams.FIELDS]
    assert drawn.find("div/div") is not None


def test_numbers_are_tinted_by_their_share():
    cells = diagrams.tinted_cells(np.array([1.0, -0.5, np.nan]), ["1", "−0.5", "?"])
    assert cells.count("<td") == 3 and " 55%" in cells and " 28%" in cells and " 0%" in cells
