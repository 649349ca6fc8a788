"""What the ten bars show, whatever draws them."""

import json

import numpy as np
import pytest

from trainer.analysis.answer import Answer
from trainer.config.dataset_info import DATASETS
from ui.draw.bars import content

NAN = Answer(np.full(10, np.nan, np.float32))


def seven(share: float) -> Answer:
    probabilities = np.full(10, (1 - share) / 9, np.float32)
    probabilities[7] = share
    return Answer(probabilities)


@pytest.mark.parametrize("winner", range(10))
def test_the_best_of_ten_digits_is_the_winner(winner: int) -> None:
    assert content(Answer(np.roll(seven(0.93).probabilities, winner - 7)))["winner"] == winner


def test_all_ten_digits_keep_their_places() -> None:
    shown = content(seven(0.93))
    assert shown["shares"] == pytest.approx(100 * seven(0.93).probabilities, abs=0.01)
    assert list(shown["labels"]) == list("0123456789")
    assert (shown["winner"], shown["texts"][7], shown["texts"][0]) == (7, "93 %", "1 %")


def test_the_best_digit_is_in_large_print_and_doubtful_with_a_question_mark() -> None:
    assert (content(seven(0.93))["best"], content(seven(0.93))["sure"]) == (["7", "93 %"], True)
    assert (content(seven(0.4))["best"], content(seven(0.4))["sure"]) == (["7?", "40 %"], False)


@pytest.mark.parametrize("answer", [None, NAN])
def test_without_an_answer_there_is_no_bar(answer: Answer | None) -> None:
    shown = json.loads(json.dumps(content(answer), allow_nan=False))
    assert shown["shares"] == shown["texts"] == [] and shown["winner"] is None and shown["best"] == ["?", ""]


def test_classes_that_are_no_digits_have_their_names_and_no_large_print() -> None:
    info = DATASETS["fashion_mnist"]
    shown = content(Answer(seven(0.93).probabilities, info=info))
    assert shown["labels"] == info.classes and shown["best"] is None
