"""Scores on the class's digits: accuracy, its interval, and shares by digit and writer."""

import io
import math

import numpy as np
import onnxruntime
import pytest

from trainer.classroom.digits import ClassDigits
from trainer.classroom.scores import score, wilson
from trainer.drawing import synthetic_digits
from trainer.shipped import network as shipped

DIGITS = ClassDigits(
    np.arange(4 * 784, dtype=np.uint8).reshape(4, 28, 28), np.array([0, 1, 0, 1], np.uint8), np.array([2, 2, 5, 5])
)


class Always:
    """A network that reads every image as a 1."""

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        assert images.dtype == np.float32 and images.max(initial=0) <= 1
        return np.tile(np.eye(10, dtype=np.float32)[1], (len(images), 1))


def test_a_score_counts_by_digit_and_by_writer() -> None:
    read = score(Always(), DIGITS)
    assert read.accuracy == 0.5 and read.right.tolist() == [False, True, False, True]
    assert read.by_digit[:2].tolist() == [0.0, 1.0] and np.isnan(read.by_digit[2:]).all()
    assert read.by_writer == {2: 0.5, 5: 0.5}
    assert read.interval == wilson(2, 4)


def test_without_digits_nothing_is_known() -> None:
    empty = score(Always(), ClassDigits(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8), np.zeros(0, int)))
    assert math.isnan(empty.accuracy) and empty.interval == (0.0, 1.0) and empty.by_writer == {}


@pytest.mark.parametrize(
    ("right", "count", "interval"),
    [(0, 10, (0.0, 0.2775)), (10, 10, (0.7225, 1.0)), (5, 10, (0.2366, 0.7634)), (285, 300, (0.9191, 0.9694))],
)
def test_the_interval_is_wilsons(right: int, count: int, interval: tuple[float, float]) -> None:
    assert wilson(right, count) == pytest.approx(interval, abs=1e-4)


def test_the_file_is_plain_numpys() -> None:
    with np.load(io.BytesIO(DIGITS.content()), allow_pickle=False) as file:
        assert sorted(file) == ["images", "labels", "writers"]
        assert np.array_equal(file["images"], DIGITS.images)
    assert DIGITS.sheet().startswith(b"\x89PNG")
    assert DIGITS.by([5]).labels.tolist() == [0, 1]


def test_a_score_is_what_onnx_runtime_alone_computes() -> None:
    images, labels = synthetic_digits.make_digits(40, seed=5)
    digits = ClassDigits(images, labels.astype(np.uint8), np.arange(40) // 10)
    session = onnxruntime.InferenceSession(shipped.PATH.read_bytes(), providers=["CPUExecutionProvider"])
    (said,) = session.run(["probabilities"], {session.get_inputs()[0].name: (images / 255).astype(np.float32)})
    read = score(shipped.network(), digits)
    assert np.allclose(read.probabilities, said, atol=1e-5)
    assert read.accuracy == (said.argmax(axis=1) == labels).mean() > 0.8
    assert read.by_writer[3] == (said.argmax(axis=1) == labels)[30:].mean()
