"""Card of the ready-made network: figures, file and page."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trainer.config.training import TrainingConfig
from trainer.shipped import card, pens

CONFIG = TrainingConfig()


def probabilities(*highest: float) -> np.ndarray:
    """Answers "0" with these probabilities, the rest shared by the other nine."""
    return np.array([[share, *[(1 - share) / 9] * 9] for share in highest], np.float32)


def some_card() -> card.Card:
    said = probabilities(0.97, 0.92, 0.6)
    read = card.figures(said, np.array([0, 0, 1]), np.log(said), least_clarity=2.8)
    return card.Card(
        made="2026-11-22",
        conditions="a machine",
        config=CONFIG.to_json(),
        sha256="ab" * 32,
        size=420_000,
        seconds=90.0,
        data={"MNIST": "cd" * 32},
        seeds=(0, 1),
        validation_accuracies=(0.99, 0.98),
        test_accuracies=(0.995, 0.9961),
        temperature=1.2,
        least_clarity=2.8,
        handwriting=read,
        non_digits={"highest logit": 0.9, "kinds": {"A": 1.0, "f": 0.5}},
        drawings={"develop": {"std": {**read, "lowest": 0.5, "highest": 0.9}}},
    )


def test_figures_count_answers_by_what_was_said_and_how_right_they_were() -> None:
    said = probabilities(0.85, 0.85, 0.93, 0.999, 1.0)
    read = card.figures(said, np.array([0, 1, 0, 0, 0]), np.log(said + 1e-9), least_clarity=4.0)
    counts = {low: (count, right) for low, _, count, right in read["answers"]}
    assert counts == {0.0: (0, 0.0), 0.5: (0, 0.0), 0.8: (2, 0.5), 0.9: (1, 1.0), 0.95: (0, 0.0), 0.99: (2, 1.0)}
    assert read["count"] == 5 and read["accuracy"] == pytest.approx(0.8)
    assert read["kept"] == pytest.approx(0.6) and read["accuracy_of_kept"] == 1.0
    errors = abs(0.85 + 0.85 - 1), abs(0.93 - 1), abs(0.999 + 1 - 2)
    assert read["calibration_error"] == pytest.approx(sum(errors[:1]) / 5 + (errors[1] + errors[2]) / 5, abs=0.01)


def test_answers_that_are_right_as_often_as_they_say_have_no_calibration_error() -> None:
    said = probabilities(*[0.8] * 10)
    labels = np.array([0] * 8 + [1] * 2)
    assert card.figures(said, labels, said, 0.0)["calibration_error"] == pytest.approx(0, abs=1e-6)


def test_a_card_comes_back_from_its_file(tmp_path: Path) -> None:
    written = some_card()
    written.save(tmp_path / "card.json")
    assert card.Card.load(tmp_path / "card.json") == written
    assert written.parameters == 25_450


def test_the_page_says_what_the_card_knows() -> None:
    page = card.page(some_card())
    for figure in (
        "25,450 parameters",
        "99.50 %",
        "99.61 %",
        "temperature of 1.20",
        "less than 2.80 above",
        "f 50 %",
        "66.7 %",
    ):
        assert figure in page
    assert "Not measured yet" not in page
    assert "Not measured yet" in card.page(replace(some_card(), drawings={}))


def test_the_page_says_whether_the_network_learned_from_people() -> None:
    assert "not trained on any drawing" in card.page(some_card())
    learned = replace(some_card(), data={f"9 digits by 2 people ({pens.CITATION})": "ef" * 32})
    assert "learned from the drawings named develop" in card.page(learned) and "CC BY 4.0" in card.page(learned)
