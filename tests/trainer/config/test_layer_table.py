"""The layer table: implied layers, shapes, and errors of layers that cannot work at their place."""

import pytest

from trainer.config.layer_table import LayerError, layer_table
from trainer.config.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D


def test_the_table_contains_implied_layers():
    table = layer_table((Conv2D(8, 3), Dense(5)), (28, 28))
    assert [row.name for row in table] == ["reshape_1", "conv2d_2", "flatten_3", "dense_4", "output"]
    assert [row.implied for row in table] == [True, False, True, False, True]
    assert [row.output_shape for row in table] == [(28, 28, 1), (28, 28, 8), (6272,), (5,), (10,)]
    assert [row.name for row in layer_table((), (28, 28))] == ["flatten_1", "output"]
    assert layer_table((Conv2D(4),), (32, 32, 3))[0].name == "conv2d_1"  # color images have their channels


def test_a_layer_error_holds_the_table_before_the_layer():
    with pytest.raises(LayerError, match="move Conv2D up, before Flatten") as refused:
        layer_table((Flatten(), Dense(5), Dropout(), Conv2D()), (28, 28))
    assert refused.value.place == 4
    assert refused.value.rows == layer_table((Flatten(), Dense(5), Dropout()), (28, 28))[:-1]


@pytest.mark.parametrize(
    "layers, place, error",
    [
        ((Flatten(), Dense(5), MaxPooling2D()), 3, "move MaxPooling2D up, before Flatten."),
        (
            (Dense(5), MaxPooling2D()),
            2,
            "outputs a list of numbers: move MaxPooling2D up or remove Dense.",
        ),
        (
            (MaxPooling2D(7), MaxPooling2D(7)),
            2,
            "than the 4 × 4 pixels it gets: use a smaller pool size",
        ),
        ((Conv2D(4, 11, padding="valid"),) * 3, 3, "use a smaller kernel size or the padding Same"),
    ],
)
def test_an_error_names_the_place_and_the_remedy(layers, place, error):
    with pytest.raises(LayerError, match=f"^Layer {place}, ") as raised:
        layer_table(layers, (28, 28))
    assert error in str(raised.value) and raised.value.place == place
