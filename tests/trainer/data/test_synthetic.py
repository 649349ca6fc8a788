"""Synthetic digits as a data set and as extra training examples."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from trainer.data import datasets, synthetic

pytestmark = pytest.mark.usefixtures("own_cache")


def test_digits_are_drawn_again_after_a_change_of_the_recipe(monkeypatch):
    datasets.load(mirrors=[])
    monkeypatch.setattr(synthetic, "RECIPE", synthetic.RECIPE + 1)
    assert datasets.available() is None
    datasets.load(mirrors=[])
    monkeypatch.setattr(synthetic, "COUNTS", (30, 10))
    assert datasets.available() is None
    assert len(datasets.load(mirrors=[]).x_train) == 30


def test_extra_digits_are_drawn_once_and_differ_from_the_data_set(mirror):
    data = datasets.load(mirrors=[])
    reports = []
    assert not synthetic.extra_digits_cached(21)
    images, labels = synthetic.extra_digits(21, lambda done, total: reports.append((done, total)))
    assert synthetic.extra_digits_cached(21) and not synthetic.extra_digits_cached(31)
    assert images.shape == (21, 28, 28) and images.dtype == labels.dtype == np.uint8 and len(labels) == 21
    assert reports == [(0, 40), (20, 40), (40, 40)]
    again = synthetic.extra_digits(7, lambda done, total: reports.append((done, total)))
    assert len(reports) == 3 and np.array_equal(again[0], images[:7]) and np.array_equal(again[1], labels[:7])
    known = {image.tobytes() for image in (*data.x_train, *data.x_test)}
    assert not known & {image.tobytes() for image in images}


def test_threads_that_need_extra_digits_at_the_same_time_draw_once():
    draws = []
    with ThreadPoolExecutor(3) as pool:
        drawn = list(pool.map(lambda _: synthetic.extra_digits(5, lambda done, total: draws.append(done)), range(3)))
    assert draws == [0, 20, 40]
    assert all(np.array_equal(images, drawn[0][0]) for images, _ in drawn)
