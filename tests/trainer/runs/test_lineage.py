"""Lineage of a network: its ancestors and descendants, and what changed from parent to child."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.runs.test_index import ROW
from trainer.runs import lineage
from trainer.runs.lineage import describe_changes, find_lineage
from trainer.runs.parent import SHIPPED
from trainer.shipped import network as shipped


def rows(parents):
    """Return a row for each name, given the names of their parents, oldest first."""
    return [
        ROW._replace(id=name, name=name.upper(), parent=parent, created=place)
        for place, (name, parent) in enumerate(parents.items())
    ]


def indented(members):
    return [("  " * member.depth) + member.id for member in members]


def test_a_lineage_has_all_ancestors_and_descendants():
    some = rows({"a": "", "b": "a", "c": "b", "uncle": "a", "d": "c", "e": "c", "f": "d", "stranger": ""})
    assert indented(find_lineage(some, "c")) == ["a", "  b", "    c", "      d", "        f", "      e"]
    assert indented(find_lineage(some, "uncle")) == ["a", "  uncle"]
    assert indented(find_lineage(some, "a")) == ["a", "  b", "    c", "      d", "        f", "      e", "  uncle"]
    assert find_lineage(some, "stranger") == [] == find_lineage(some, "nobody")


def test_the_ready_made_network_and_a_deleted_parent_are_listed():
    some = rows({"a": SHIPPED, "b": SHIPPED, "c": "lost"})
    first, second = find_lineage(some, "a")
    assert (first.id, first.name, first.exists) == (SHIPPED, shipped.NAME, True) and first.accuracy > 0.9
    assert (second.id, second.depth) == ("a", 1)
    lost, orphan = find_lineage(some, "c")
    assert (lost.exists, orphan.exists) == (False, True) and lost.name == "a deleted network"


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["", *"abcdef", SHIPPED, "lost"])),
    st.sampled_from("abcdef"),
)
def test_circular_parents_end_and_nobody_is_listed_twice(parents, run_id):
    members = find_lineage(rows(parents), run_id)
    names = [member.id for member in members]
    assert len(set(names)) == len(names)
    assert not members or run_id in names
    for before, after in pairwise(members):
        assert after.depth <= before.depth + 1


def test_a_very_large_lineage_is_cut(monkeypatch):
    monkeypatch.setattr(lineage, "MAX_MEMBERS", 5)
    assert len(find_lineage(rows({"a": "", **{str(place): "a" for place in range(20)}}), "a")) == 5


@pytest.mark.parametrize(
    "change, words",
    [
        ({}, ""),
        ({"optimizer": "Adam"}, "Adam"),
        ({"learning_rate": 0.001, "epochs": 1}, "learning rate 0.001, 1 more epoch"),
        ({"drawings": 1}, "1 drawing"),
        ({"optimizer": "Lion", "drawings": 1200, "epochs": 3}, "Lion, 1,200 drawings, 3 more epochs"),
    ],
)
def test_changes_are_described(change, words):
    assert describe_changes(ROW._replace(**change), ROW) == words


def test_the_first_networks_training_is_described():
    assert describe_changes(ROW._replace(learning_rate=0.5, epochs=2), None) == "SGD, learning rate 0.5, 2 epochs"
