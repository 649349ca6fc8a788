"""Limits, choices and labels of settings, and the errors they raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer import UserError
from trainer.config.limits import (
    CHOICE_LABELS,
    CHOICES,
    LIMITS,
    MAX_VALUE_CHARACTERS,
    SETTINGS,
    Limit,
    check_setting,
    choice_label,
    in_sentence,
    label,
    short_repr,
)


@pytest.mark.parametrize(
    "limit, value, error",
    [
        (Limit(1, 2048, whole=True), 0, "Units must be a whole number between 1 and 2,048 (got 0)."),
        (Limit(1, 2048, whole=True), 2.0, "Units must be a whole number between 1 and 2,048 (got 2.0)."),
        (Limit(1, 2048, whole=True), True, "Units must be a whole number between 1 and 2,048 (got True)."),
        (Limit(0, 1, below=True), 1.0, "Units must be at least 0 and below 1 (got 1.0)."),
        (Limit(1e-6, 100), float("nan"), "Units must be between 0.000001 and 100 (got nan)."),
        (Limit(1e-6, 100), "5", "Units must be between 0.000001 and 100 (got '5')."),
    ],
)
def test_an_error_names_the_label_the_bounds_and_the_value(limit, value, error):
    with pytest.raises(UserError) as raised:
        limit.check("Units", value)
    assert str(raised.value) == error


@pytest.mark.parametrize("name", LIMITS)
def test_both_bounds_are_allowed_unless_the_upper_one_is_excluded(name):
    limit = LIMITS[name]
    limit.check(name, int(limit.low) if limit.whole else limit.low)
    if limit.below:
        with pytest.raises(UserError, match="below"):
            limit.check(name, limit.high)
    else:
        limit.check(name, int(limit.high) if limit.whole else limit.high)


def test_a_setting_is_checked_by_its_label_and_unit():
    check_setting("shift", 8)
    with pytest.raises(UserError, match=r"^Learning rate must be between 0\.000001 and 100 \(got 0\)\.$"):
        check_setting("learning_rate", 0)
    with pytest.raises(UserError, match=r"^Shift must be between 0 and 8 pixels \(got 9\)\.$"):
        check_setting("shift", 9)


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=50))
def test_a_value_in_an_error_is_short(value):
    assert len(short_repr(value)) <= MAX_VALUE_CHARACTERS


def test_a_value_without_a_text_form_is_named_by_its_type():
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    assert short_repr(nested) == "a value of type list that is too large"
    assert short_repr(10**10_000) == "a value of type int that is too large"


def test_every_setting_with_numbers_or_choices_has_a_label_and_a_help_text():
    assert {*LIMITS, *CHOICES} - {"layers", "parameters", "multiply_adds", "memory"} <= {*SETTINGS}
    assert all(setting.help.endswith(".") and "_" not in setting.label for setting in SETTINGS.values())
    assert SETTINGS["shift"].title == "Shift, pixels" and SETTINGS["epochs"].title == "Epochs"


def test_labels_are_words_instead_of_keys():
    labels = [*map(label, SETTINGS), *(text for texts in CHOICE_LABELS.values() for text in texts.values())]
    assert not [text for text in labels if "_" in text]
    assert label("hook_seconds") == "Hook seconds"  # not a setting
    assert choice_label("schedule", "one_cycle") == "One-cycle"
    assert choice_label("optimizer", "Adam") == "Adam"  # no table of choices


@pytest.mark.parametrize(
    "text, inside",
    [
        ("Learning rate", "learning rate"),
        ("L2", "L2"),
        ("He normal", "He normal"),
        ("Glorot uniform", "Glorot uniform"),
        ("One-cycle", "one-cycle"),
        ("SGD", "SGD"),
    ],
)
def test_a_label_inside_a_sentence_is_lower_case_unless_it_is_a_name(text, inside):
    assert in_sentence(text) == inside
