from xml.etree import ElementTree

import numpy as np
import pytest

from trainer.lessons import diagrams


@pytest.mark.parametrize(
    "svg", [diagrams.neuron_diagram((1.5, -2.0), -0.5, "step"), diagrams.backpropagation_diagram(True)]
)
def test_a_diagram_is_well_formed(svg):
    assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_the_neuron_diagram_shows_its_weights_and_bias():
    drawn = diagrams.neuron_diagram((1.5, -2.0), -0.5, "sigmoid")
    assert "× 1.5" in drawn and "× −2" in drawn and "− 0.5" in drawn and "sigmoid" in drawn


def test_each_field_of_ai_contains_the_next():
    drawn = ElementTree.fromstring(diagrams.fields_diagram())
    names = [bold.text for bold in drawn.iter("b")]
    assert names == [name for name, _ in diagrams.FIELDS]
    assert drawn.find("div/div") is not None


def test_cells_are_tinted_by_their_share_of_the_largest_value():
    cells = diagrams.tinted_cells(np.array([1.0, -0.5, np.nan]), ["1", "−0.5", "?"])
    assert cells.count("<td") == 3 and " 55%" in cells and " 28%" in cells and " 0%" in cells
