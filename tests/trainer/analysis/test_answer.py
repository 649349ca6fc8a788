"""Sentences about answers, and the ready-made network's answers for drawn digits."""

import numpy as np
import pytest

from trainer.analysis.answer import Answer, agreement_text, digits_text, misread, predict
from trainer.drawing import normalize, synthetic_digits
from trainer.shipped import network as shipped
from trainer.shipped.card import SURE


def answer(is_digit: bool = True, **shares: float) -> Answer:
    """Return an answer with probabilities by digit, as in d7=0.9; the rest is shared equally."""
    probabilities = np.full(10, (1 - sum(shares.values())) / 10, np.float32)
    for name, share in shares.items():
        probabilities[int(name[1:])] += np.float32(share)
    return Answer(probabilities, is_digit)


NAN = Answer(np.full(10, np.nan, np.float32))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (answer(d7=0.93, d1=0.05), "Looks like a 7 (93 %); next 1 (5 %)."),
        (answer(d8=1.0), "Looks like an 8 (>99 %)."),
        (answer(d8=0.998), "Looks like an 8 (>99 %)."),
        (answer(d0=0.48, d8=0.41), "Not sure: a 0 (49 %) or an 8 (42 %)?"),
        (answer(is_digit=False, d7=0.95), "This does not look like a digit. Closest: a 7 (95 %)."),
        (NAN, "Network outputs NaN: lower the learning rate and train again."),
    ],
)
def test_the_sentence_names_the_best_and_the_next_and_how_sure_it_is(given: Answer, sentence: str) -> None:
    assert given.sentence == sentence


def test_an_answer_is_sure_above_a_threshold() -> None:
    assert answer(d3=SURE).sure
    assert not answer(d3=SURE - 0.05).sure
    assert not answer(is_digit=False, d3=0.99).sure and not NAN.sure


def test_several_digits_are_listed_in_order_with_question_marks_at_unsure_ones() -> None:
    said = [answer(d4=1.0), answer(d2=0.5), answer(is_digit=False, d0=1.0), NAN]
    assert digits_text(said) == "Reads 4 2? 0? ?"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([("A", answer(d7=1.0)), ("B", answer(d7=0.6))], "Both networks say 7."),
        ([(name, answer(d7=1.0)) for name in "ABC"], "All 3 networks say 7."),
        (
            [("A", answer(d7=1.0)), ("B", answer(d1=1.0)), ("C", answer(d7=1.0))],
            "They disagree: A and C say 7; B says 1.",
        ),
        ([("A", answer(d7=1.0)), ("B", NAN)], "A says 7. B outputs NaN."),
    ],
)
def test_the_text_names_the_networks_that_agree(given: list[tuple[str, Answer]], sentence: str) -> None:
    assert agreement_text(given) == sentence


def test_the_ready_made_network_reads_drawn_digits() -> None:
    rng = np.random.default_rng(1)
    drawn = [
        normalize.find_digits(synthetic_digits.draw(synthetic_digits.pen_strokes(label, rng)))[0].image
        for label in range(10)
    ]
    said = predict(shipped.network(), np.array(drawn), strange=True)
    assert sum(one.best == label and one.is_digit for label, one in enumerate(said)) >= 9
    assert predict(shipped.network(), np.empty((0, 28, 28), np.float32), strange=True) == []


def test_only_images_that_may_be_strange_are_checked_to_be_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "looks_like_digit", lambda image: False)
    images = np.zeros((1, 28, 28), np.float32)
    assert [predict(shipped.network(), images, strange)[0].is_digit for strange in (True, False)] == [False, True]


@pytest.mark.slow
def test_misread_digits_are_found_batch_by_batch() -> None:
    images, labels = synthetic_digits.make_digits(1200, seed=5)
    network = shipped.network()
    shares, parts = zip(*misread(network, images, labels), strict=True)
    assert len(shares) > 1 and shares[-1] == 1 and list(shares) == sorted(shares)
    best = network.probabilities(np.divide(images, 255, dtype=np.float32)).argmax(axis=1)
    assert np.concatenate(parts).tolist() == np.flatnonzero(best != labels).tolist()
