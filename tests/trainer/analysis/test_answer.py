"""What is said of an answer, in words."""

import numpy as np
import pytest

from trainer.analysis.answer import Answer, answers, misread, reading, verdict
from trainer.drawing import normalize, synthetic_digits
from trainer.shipped import network as shipped
from trainer.shipped.card import SURE


def answer(is_digit: bool = True, **shares: float) -> Answer:
    """Make an answer of shares by digit, as in d7=0.9; what is left goes to all alike."""
    probabilities = np.full(10, (1 - sum(shares.values())) / 10, np.float32)
    for name, share in shares.items():
        probabilities[int(name[1:])] += np.float32(share)
    return Answer(probabilities, is_digit)


NO_NUMBERS = Answer(np.full(10, np.nan, np.float32))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (answer(d7=0.93, d1=0.05), "Looks like a 7 (93 %); next 1 (5 %)."),
        (answer(d8=1.0), "Looks like an 8 (>99 %)."),
        (answer(d8=0.998), "Looks like an 8 (>99 %)."),
        (answer(d0=0.48, d8=0.41), "Not sure: a 0 (49 %), or an 8 (42 %)."),
        (answer(is_digit=False, d7=0.95), "This does not look like a digit. Nearest: a 7 (95 %)."),
        (NO_NUMBERS, "This network answers with no numbers: train it again with a smaller learning rate."),
    ],
)
def test_the_sentence_names_the_best_and_the_next_and_how_sure_it_is(said: Answer, sentence: str) -> None:
    assert said.sentence == sentence


def test_an_answer_is_sure_from_a_threshold_on() -> None:
    assert answer(d3=SURE).sure
    assert not answer(d3=SURE - 0.05).sure
    assert not answer(is_digit=False, d3=0.99).sure and not NO_NUMBERS.sure


def test_several_digits_are_read_in_their_order_with_a_mark_at_what_is_doubtful() -> None:
    said = [answer(d4=1.0), answer(d2=0.5), answer(is_digit=False, d0=1.0), NO_NUMBERS]
    assert reading(said) == "Reads 4 2? 0? ?"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ([("A", answer(d7=1.0)), ("B", answer(d7=0.6))], "Both networks say 7."),
        ([(name, answer(d7=1.0)) for name in "ABC"], "All 3 networks say 7."),
        (
            [("A", answer(d7=1.0)), ("B", answer(d1=1.0)), ("C", answer(d7=1.0))],
            "They disagree: A and C say 7; B says 1.",
        ),
        ([("A", answer(d7=1.0)), ("B", NO_NUMBERS)], "A says 7. B gives no numbers."),
    ],
)
def test_who_agrees_is_told(said: list[tuple[str, Answer]], sentence: str) -> None:
    assert verdict(said) == sentence


def test_the_shipped_network_reads_digits() -> None:
    rng = np.random.default_rng(1)
    drawn = [
        normalize.digits(synthetic_digits.draw(synthetic_digits.pen_strokes(label, rng)))[0].image
        for label in range(10)
    ]
    said = answers(shipped.network(), np.array(drawn), strange=True)
    assert sum(one.best == label and one.is_digit for label, one in enumerate(said)) >= 9
    assert answers(shipped.network(), np.empty((0, 28, 28), np.float32), strange=True) == []


def test_only_what_may_be_strange_is_doubted_to_be_a_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "looks_like_digit", lambda image: False)
    images = np.zeros((1, 28, 28), np.float32)
    assert [answers(shipped.network(), images, strange)[0].is_digit for strange in (True, False)] == [False, True]


def test_misread_digits_are_found_part_by_part() -> None:
    images, labels = synthetic_digits.digits(1200, seed=5)
    network = shipped.network()
    shares, parts = zip(*misread(network, images, labels), strict=True)
    assert len(shares) > 1 and shares[-1] == 1 and list(shares) == sorted(shares)
    best = network.probabilities(np.divide(images, 255, dtype=np.float32)).argmax(axis=1)
    assert np.concatenate(parts).tolist() == np.flatnonzero(best != labels).tolist()
