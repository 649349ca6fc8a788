import numpy as np
import pytest

from trainer.analysis.calibration import calibration, in_words, reliability_diagram


def test_bins_hold_mean_confidence_and_accuracy():
    confidence = np.array([0.95, 0.97, 0.55, 0.51, 1.0])
    right = np.array([True, True, False, True, False])
    found = calibration(confidence, right)
    assert found.count.tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 3]
    assert found.accuracy[5] == 0.5 and found.accuracy[9] == pytest.approx(2 / 3)
    assert found.confidence[5] == pytest.approx(0.53)
    apart = 2 * abs(0.5 - 0.53) + 3 * abs(2 / 3 - (0.95 + 0.97 + 1) / 3)
    assert found.error == pytest.approx(apart / 5)


@pytest.mark.parametrize(
    ("power", "words"), [(1, "face value"), (0.3, "it is overconfident"), (3, "it is underconfident")]
)
def test_the_sentence_tells_overconfidence_from_underconfidence(power, words):
    random = np.random.default_rng(0)
    true = random.uniform(0.5, 1, 20_000)
    confidence = 0.5 + 0.5 * (2 * true - 1) ** power
    text = in_words(calibration(confidence, random.random(20_000) < true))
    assert words in text


def test_the_diagram_has_a_point_per_bin_which_is_hollow_for_few_images():
    confidence = np.repeat([0.95, 0.55], [100, 5])
    figure = reliability_diagram(calibration(confidence, confidence > 0.6))
    points = figure["data"][1]
    assert points["x"] == [55.0, 95.0] and points["y"] == [0.0, 100.0]
    assert points["marker"]["symbol"] == ["circle-open", "circle"]
