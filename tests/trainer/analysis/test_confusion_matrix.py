import numpy as np

from trainer.analysis import confusion_matrix
from trainer.config.dataset_info import DATASETS, DIGITS


def test_a_square_stands_where_its_label_and_its_reading_meet():
    confusion = np.zeros((10, 10), int)
    confusion[3, 5], confusion[3, 3] = 7, 93
    figure = confusion_matrix.confusion_matrix(confusion, DIGITS, chosen=35)
    (squares,) = figure["data"]
    assert (squares["y"][35], squares["x"][35]) == (3, 5) and squares["text"][35] == "3 read as 5: 7"
    assert squares["marker"]["symbol"] == "square" and squares["selectedpoints"] == [35]
    assert [note["y"] for note in figure["layout"]["annotations"]] == [3, 3]  # empty squares have no number


def test_a_matrix_fits_a_phone():
    for classes in (DIGITS, DATASETS["fashion_mnist"].classes):
        assert confusion_matrix.confusion_matrix(np.eye(10, dtype=int), classes)["layout"]["width"] <= 358


def test_bars_begin_low_enough_for_all_and_say_where():
    recall, precision = np.full(10, 0.97), np.full(10, 0.99)
    recall[4], precision[2] = 0.63, np.nan
    figure = confusion_matrix.class_bars(recall, precision, DIGITS)
    bars, diamonds = figure["data"]
    assert bars["base"] == 50 and bars["x"][4] == 13 and diamonds["x"][2] is None
    assert "starts at 50 %" in figure["layout"]["xaxis"]["title"]["text"]
