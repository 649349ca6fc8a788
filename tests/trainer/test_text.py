"""Text for people: lists, shortened names, numbers, percentages, durations."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.text import (
    about,
    counted,
    decimal,
    duration,
    listed,
    number,
    percent,
    printable,
    probability,
    shortened,
    signed,
)


@pytest.mark.parametrize("words, text", [("A", "A"), ("AB", "A and B"), ("ABC", "A, B and C")])
def test_words_are_joined_for_a_sentence(words, text):
    assert listed(list(words)) == text


def test_a_long_name_is_shortened():
    assert shortened("12345", 5) == "12345" and shortened("123456", 5) == "1234…"


def test_nouns_agree_with_their_number():
    assert [counted(count, "epoch") for count in (0, 1, 2, 1_000)] == [
        "0 epochs",
        "1 epoch",
        "2 epochs",
        "1,000 epochs",
    ]
    assert counted(2, "copy", "copies") == "2 copies"


NUMBERS = {1e-6: "0.000001", 2.5e-5: "0.000025", 0.1 + 0.2: "0.3", 5.0: "5", 60_000: "60,000", -2.5: "−2.5", -0.0: "0"}


@pytest.mark.parametrize("value, written", NUMBERS.items())
def test_a_number_has_no_exponent(value, written):
    assert number(value) == written


def test_a_number_has_at_most_the_requested_digits():
    assert number(0.0123456, 2) == "0.012" and number(1_234_567, 3) == "1,230,000"


@given(st.floats())
def test_no_number_has_an_exponent_or_a_hyphen(value):
    for written in (number(value), decimal(value), signed(value)):
        assert not {"e", "E", "-"} & set(written) if math.isfinite(value) else written == "no number"


@given(st.floats(-1e12, 1e12))
def test_a_number_can_be_read_back(value):
    read = float(number(value).replace(",", "").replace("−", "-"))
    assert read == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize(
    "value, written", [(0, "0.00"), (-0.001, "−0.0010"), (-0.00001, "0.00"), (1234.5, "1,234.50"), (-7.126, "−7.13")]
)
def test_a_decimal_has_a_fixed_number_of_places(value, written):
    assert decimal(value) == written


def test_a_signed_number_shows_plus_and_minus():
    assert [signed(value) for value in (0.5, 0, -0.5)] == ["+0.50", "0.00", "−0.50"]


def test_unprintable_characters_become_spaces():
    assert printable("a\x00b\u202ec\nd\ud800") == "a b c\nd "


def test_shares_are_written_in_percent():
    assert percent(0.9731) == "97.3 %" and percent(0.5, 0) == "50 %" and percent(-0.1) == "−10.0 %"
    assert percent(None) == "" and percent(math.nan) == "–"


def test_no_probability_is_written_as_100_percent():
    assert [probability(share) for share in (0.0, 0.994, 0.996, 1.0)] == ["0 %", "99 %", ">99 %", ">99 %"]


def test_durations_are_rounded():
    assert [duration(seconds) for seconds in (0.2, 42, 200)] == ["0 s", "42 s", "3 min"]
    estimated = [about(seconds) for seconds in (0.2, 42, 200, 3_599, 9_000, 7_200)]
    assert estimated == ["about 5 s", "about 40 s", "about 3 min", "about 60 min", "about 2.5 h", "about 2 h"]
