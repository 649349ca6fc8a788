"""Benchmark on people's drawings: its figures and its exit status."""

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import drawing
from trainer.drawing import synthetic_digits
from trainer.shipped import card


@pytest.fixture(autouse=True)
def shipped_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIGITLAB_NETWORK", raising=False)
    monkeypatch.setattr(sys, "argv", ["drawing"])


def figures(accuracy: float) -> card.Figures:
    return {
        "accuracy": accuracy,
        "lowest": accuracy,
        "highest": accuracy,
        "calibration_error": 0.0,
        "kept": 1.0,
        "answers": [[0.99, 1.0, 10, accuracy]],
    }


def test_canvases_are_read_and_blank_paper_could_be_any_digit() -> None:
    canvases = [
        synthetic_digits.draw(synthetic_digits.pen_strokes(label, np.random.default_rng(0), variation=0.0))
        for label in (3, 8)
    ]
    probabilities = drawing.classify([canvases[0], np.zeros_like(canvases[0]), canvases[1]])
    assert probabilities.shape == (3, 10) and probabilities[1] == pytest.approx([0.1] * 10)
    assert probabilities[0].argmax() == 3 and probabilities[2].argmax() == 8


def test_strokes_are_read_whatever_the_pen() -> None:
    written = {label: synthetic_digits.pen_strokes(label, np.random.default_rng(0), variation=0.0) for label in (3, 8)}
    drawings = [
        {"strokes": [280 * line for line in lines], "pen": pen, "size": 280}
        for lines in written.values()
        for pen in (5, 60)
    ]
    probabilities = drawing.classify_strokes([*drawings, {"strokes": [], "pen": 20, "size": 280}])
    assert probabilities.argmax(axis=1)[:4].tolist() == [3, 3, 8, 8]
    assert probabilities[4] == pytest.approx([0.1] * 10)


@pytest.mark.parametrize(("accuracy", "status"), [(0.988, 0), (0.985, 1)])
def test_an_accuracy_below_its_floor_exits_with_status_1(
    accuracy: float, status: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(drawing, "SCORER", Path(__file__))
    monkeypatch.setattr(drawing, "DRAWINGS", tmp_path)
    monkeypatch.setattr(drawing, "measure", lambda which, variant, writers: figures(accuracy))
    assert drawing.main() == status
    assert f"drawing.std {100 * accuracy:.2f} %" in capsys.readouterr().out


def test_without_drawings_it_says_where_they_are_expected(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(drawing, "DRAWINGS", tmp_path / "nowhere")
    assert drawing.main() == 0
    assert "no drawings to measure with" in capsys.readouterr().out


def test_a_missing_network_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(drawing, "SCORER", Path(__file__))
    monkeypatch.setattr(drawing, "DRAWINGS", tmp_path)
    monkeypatch.setenv("DIGITLAB_NETWORK", "nowhere.onnx")
    assert drawing.main() == 2
    assert "nowhere.onnx" in capsys.readouterr().out
