"""Counts, means and extents of a data set's images, compared with plain NumPy."""

import numpy as np
import pytest

from trainer.data import statistics
from trainer.drawing import normalize


@pytest.mark.parametrize("shape", [(28, 28), (8, 8), (32, 32, 3)])
def test_counts_and_means_equal_numpy(shape, monkeypatch):
    monkeypatch.setattr(statistics, "CHUNK_BYTES", 50_000)  # in several parts
    chance = np.random.default_rng(0)
    images, labels = chance.integers(0, 256, (400, *shape), np.uint8), chance.integers(0, 9, 400, np.uint8)
    found = statistics.class_statistics(images, labels)
    assert found.counts == (*(int((labels == label).sum()) for label in range(9)), 0)
    for label in range(9):
        assert np.array_equal(found.means[label], np.rint(images[labels == label].mean(axis=0)))
    assert not found.means[9].any() and found.ink == pytest.approx(images.mean())


def test_a_seed_repeats_its_sample_without_duplicates():
    labels = np.arange(2000, dtype=np.uint8) % 10
    first, again, other = statistics.sample(labels, 1), statistics.sample(labels, 1), statistics.sample(labels, 2)
    assert len(set(first.tolist())) == 100 and first.tolist() == again.tolist() != other.tolist()
    assert set(labels[statistics.sample(labels, 1, label=3)]) == {3}
    assert len(statistics.sample(labels[:50], 1, label=3)) == 5 and not len(statistics.sample(labels[:2], 1, label=3))


def test_the_extent_of_the_ink():
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 10:15] = 200
    image[4, 10] = 1
    measured = statistics.ink_extent(image)
    assert (measured.left, measured.top, measured.width, measured.height) == (10, 4, 5, 20)
    assert (measured.column, measured.row) == pytest.approx(normalize.center_of_mass(image))
    in_color = statistics.ink_extent(np.dstack([image] * 3))
    assert (in_color.column, in_color.width) == pytest.approx((measured.column, measured.width))
    assert statistics.ink_extent(np.zeros((28, 28), np.uint8)) is None


def test_the_chart_has_the_counts():
    figure = statistics.class_count_chart([3, 4], [1, 2], ["0", "shoe"])
    training, test = figure["data"]
    assert training["y"] == [3, 4] and test["y"] == [1, 2] and training["customdata"] == ["0", "1 shoe"]
