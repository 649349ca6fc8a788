import pytest

from trainer.phrases import cut, listed


@pytest.mark.parametrize("words, text", [("A", "A"), ("AB", "A and B"), ("ABC", "A, B and C")])
def test_words_are_listed_as_in_a_sentence(words, text):
    assert listed(list(words)) == text


def test_a_long_name_is_cut_to_the_room_there_is():
    assert cut("12345", 5) == "12345" and cut("123456", 5) == "1234…"
