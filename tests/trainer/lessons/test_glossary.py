import re

import pytest

from trainer.lessons.glossary import TERMS, find, link_terms, search


def test_meanings_are_short_sentences_and_related_terms_exist():
    assert len(TERMS) >= 40
    for name, term in TERMS.items():
        assert term.meaning.endswith(".") and len(term.meaning) < 200, name
        assert name not in term.related and {*term.related} <= {*TERMS}, name


@pytest.mark.parametrize(
    "text, name",
    [
        ("Epochs", "epoch"),
        ("batch normalization", "batch normalization"),
        ("learning_rate", "learning rate"),
        (" losses ", "loss"),
        ("sgd", "SGD"),
        ("nonsense", None),
    ],
)
def test_terms_are_found_in_any_spelling(text, name):
    assert find(text) == name


def test_the_search_lists_matching_names_first():
    assert search("batch")[0] == "batch" and "epoch" in search("batch")
    assert search("xyzzy") == []


@pytest.mark.parametrize(
    "text, result",
    [
        ("One epoch, more epochs.", "One [epoch](learn?term=epoch), more epochs."),
        ("Some Epochs", "Some [Epochs](learn?term=epoch)"),
        ("The learning rate", "The [learning rate](learn?term=learning+rate)"),  # the longest term
        ("classroom, epochal, batch-wise", "classroom, epochal, batch-wise"),  # whole words
        ("`epoch` **epoch** [epoch](x) epoch", "`epoch` **epoch** [epoch](x) [epoch](learn?term=epoch)"),
        (
            ":material/layers: https://a.b/epoch <b title='epoch'>",
            ":material/layers: https://a.b/epoch <b title='epoch'>",
        ),
    ],
)
def test_the_first_mention_of_a_term_becomes_a_link(text, result):
    assert link_terms(text) == result


def test_the_number_and_choice_of_links_can_be_limited():
    text = "A loss, a weight, a bias, a seed."
    assert link_terms(text).count("](") == 3
    assert link_terms(text, limit=1) == "A [loss](learn?term=loss), a weight, a bias, a seed."
    assert link_terms(text, terms={"seed"}) == "A loss, a weight, a bias, a [seed](learn?term=seed)."


def test_each_link_leads_to_its_term():
    for name in TERMS:
        (term,) = re.findall(r"\?term=([^)]*)\)", link_terms(name))
        assert find(term.replace("+", " ")) == name
