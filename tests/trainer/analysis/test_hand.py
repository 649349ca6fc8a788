"""What a hand learns from a few labeled drawings, and that other digits are read as before."""

import numpy as np
import pytest

from trainer.analysis.hand import Hand, Reading, read_test_digits
from trainer.data.datasets import Dataset
from trainer.drawing import synthetic_digits
from trainer.shipped import network as shipped


@pytest.fixture(scope="module")
def written():
    """Synthetic digits, (n, 28, 28) float32, and their labels."""
    images, labels = synthetic_digits.make_digits(400, seed=7)
    return np.divide(images, 255, dtype=np.float32), labels


@pytest.fixture(scope="module")
def swapped(written):
    """The drawings of somebody who writes ones that are sevens to everybody else."""
    images, labels = written
    sevens, others = images[labels == 7][:8], images[labels == 3][:4]
    return Hand.learn(np.concatenate([sevens, others]), np.array([1] * 8 + [3] * 4, np.uint8))


def test_without_a_drawing_that_resembles_it_a_digit_is_read_as_before(written, swapped):
    images, labels = written
    others = images[(labels != 7) & (labels != 1) & (labels != 3)]
    before = shipped.network().probabilities(others)
    after = swapped.probabilities(others)
    assert after.shape == before.shape and after.dtype == np.float32
    np.testing.assert_allclose(after.sum(axis=1), 1, rtol=1e-5)
    assert (after.argmax(axis=1) == before.argmax(axis=1)).mean() > 0.98
    assert swapped.probabilities(others[:0]).shape == (0, 10)


def test_a_digit_like_the_drawings_is_read_as_they_were_meant(written, swapped):
    images, labels = written
    pale = 0.8 * images[labels == 7][:8]
    assert (shipped.network().probabilities(pale).argmax(axis=1) == 7).all()
    assert (swapped.probabilities(pale).argmax(axis=1) == 1).all()


def test_each_drawing_is_counted_as_if_it_were_new(written):
    images, labels = written
    seven = images[labels == 7][:1]
    strange = Hand.learn(np.concatenate([seven, images[labels == 3][:4]]), np.array([1, 3, 3, 3, 3], np.uint8))
    before, after = strange.own_counts
    assert before == after == 4  # nothing but the drawing itself says that it is a 1
    assert strange.probabilities(seven).argmax() == 1


def test_test_digits_are_read_without_the_hand_and_with_it(few_digits, swapped):
    with np.load(few_digits) as arrays:
        x_train, y_train, x_test, y_test = (arrays[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    data = Dataset("mnist", "MNIST", "", "hash", x_train, y_train, x_test, y_test)
    shares: list[float] = []
    read = read_test_digits(data, shares.append)
    before, after = read.accuracies(swapped)
    expected = shipped.network().probabilities(data.images("test")).argmax(axis=1) == data.labels("test")
    assert before == pytest.approx(expected.mean()) and after != before
    assert read.accuracies(swapped) == (before, after)
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] < 1


def test_features_have_unit_length(written):
    reading = Reading.of(written[0][:20])
    np.testing.assert_allclose(np.linalg.norm(reading.features, axis=1), 1, rtol=1e-5)
