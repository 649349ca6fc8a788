from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.runs.test_index import ROW
from trainer.runs import lineage as families
from trainer.runs.lineage import changes, family
from trainer.runs.parent import SHIPPED
from trainer.shipped import network as shipped


def rows(parents):
    """Make a row for each, by name, of its parent's name; the younger come later."""
    return [
        ROW._replace(id=name, name=name.upper(), parent=parent, created=place)
        for place, (name, parent) in enumerate(parents.items())
    ]


def drawn(members):
    return [("  " * member.depth) + member.id for member in members]


def test_a_family_is_the_line_of_parents_and_all_descendants():
    some = rows({"a": "", "b": "a", "c": "b", "uncle": "a", "d": "c", "e": "c", "f": "d", "stranger": ""})
    assert drawn(family(some, "c")) == ["a", "  b", "    c", "      d", "        f", "      e"]
    assert drawn(family(some, "uncle")) == ["a", "  uncle"]
    assert drawn(family(some, "a")) == ["a", "  b", "    c", "      d", "        f", "      e", "  uncle"]
    assert family(some, "stranger") == [] == family(some, "nobody")


def test_the_shipped_network_is_a_root_and_a_lost_parent_is_named():
    some = rows({"a": SHIPPED, "b": SHIPPED, "c": "lost"})
    first, second = family(some, "a")
    assert (first.id, first.name, first.there) == (SHIPPED, shipped.NAME, True) and first.accuracy > 0.9
    assert (second.id, second.depth) == ("a", 1)
    lost, orphan = family(some, "c")
    assert (lost.there, orphan.there) == (False, True) and "gone" in lost.name


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["", *"abcdef", SHIPPED, "lost"])),
    st.sampled_from("abcdef"),
)
def test_no_family_is_endless_and_nobody_is_in_it_twice(parents, run_id):  # even where parents run in circles
    members = family(rows(parents), run_id)
    names = [member.id for member in members]
    assert len(set(names)) == len(names)
    assert not members or run_id in names
    for before, after in pairwise(members):
        assert after.depth <= before.depth + 1


def test_of_a_very_large_family_the_rest_is_left_out(monkeypatch):
    monkeypatch.setattr(families, "MOST", 5)
    assert len(family(rows({"a": "", **{str(place): "a" for place in range(20)}}), "a")) == 5


@pytest.mark.parametrize(
    "change, words",
    [
        ({}, ""),
        ({"optimizer": "Adam"}, "Adam"),
        ({"learning_rate": 0.001, "epochs": 1}, "rate 0.001, 1 epoch more"),
        ({"drawings": 1}, "1 own drawing"),
        ({"optimizer": "Lion", "drawings": 1200, "epochs": 3}, "Lion, 1,200 own drawings, 3 epochs more"),
    ],
)
def test_what_was_changed_is_said(change, words):
    assert changes(ROW._replace(**change), ROW) == words


def test_of_the_first_it_is_said_how_it_was_trained():
    assert changes(ROW._replace(learning_rate=0.5, epochs=2), None) == "SGD, rate 0.5, 2 epochs"
