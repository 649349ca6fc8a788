"""Lineage of a network: its parents back to the first, and all networks that were continued from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trainer.runs.index import RunRow
from trainer.runs.parent import MISSING_PARENT, SHIPPED
from trainer.shipped import network as shipped
from trainer.text import counted, number

MAX_MEMBERS = 60  # shown on the page


@dataclass(frozen=True)
class LineageMember:
    """One network of a lineage."""

    id: str  # of a run, or SHIPPED
    name: str
    depth: int  # 0 for the first ancestor
    change: str  # how its training differed from its parent's, in words
    accuracy: float | None  # on the test digits, 0 to 1
    exists: bool


def find_lineage(rows: Iterable[RunRow], run_id: str) -> list[LineageMember]:
    """Return a run's ancestors and descendants: parents before their children, older before younger siblings.

    Other descendants of its ancestors are left out. A missing parent is listed as such. A run without parents and
    children has no lineage: the list is empty. At most MAX_MEMBERS are returned.
    """
    by_id = {row.id: row for row in rows}
    children: dict[str, list[RunRow]] = {}
    for row in by_id.values():
        children.setdefault(row.parent, []).append(row)
    if run_id not in by_id:
        return []
    ancestors, seen = [by_id[run_id]], {run_id}
    while (parent := by_id.get(ancestors[-1].parent)) and parent.id not in seen:
        seen.add(parent.id)
        ancestors.append(parent)
    members = []
    if (first := ancestors[-1].parent) and first not in seen:
        if first == SHIPPED:
            accuracy = shipped.card().test_accuracies[0]
            members.append(LineageMember(SHIPPED, shipped.NAME, 0, "comes with the app", accuracy, True))
        else:
            members.append(LineageMember(first, MISSING_PARENT, 0, "", None, False))
    for row in reversed(ancestors):
        members.append(_member(row, by_id.get(row.parent), len(members)))
    stack = [(row, len(members)) for row in _youngest_first(children, run_id)]
    while stack and len(members) < MAX_MEMBERS:
        row, depth = stack.pop()
        if row.id not in seen:
            seen.add(row.id)
            members.append(_member(row, by_id.get(row.parent), depth))
            stack += [(child, depth + 1) for child in _youngest_first(children, row.id)]
    return members if len(members) > 1 else []


def _youngest_first(children: dict[str, list[RunRow]], parent: str) -> list[RunRow]:
    return sorted(children.get(parent, ()), key=lambda row: (row.created, row.id), reverse=True)


def _member(row: RunRow, parent: RunRow | None, depth: int) -> LineageMember:
    return LineageMember(row.id, row.name, depth, describe_changes(row, parent), row.test_accuracy, True)


def describe_changes(row: RunRow, parent: RunRow | None) -> str:
    """Describe in a few words how a run's training differed from its parent's: `Adam, learning rate 0.001`."""
    words = []
    if row.optimizer and (parent is None or row.optimizer != parent.optimizer):
        words.append(row.optimizer)
    if row.learning_rate is not None and (parent is None or row.learning_rate != parent.learning_rate):
        words.append(f"learning rate {number(row.learning_rate)}")
    if row.drawings:
        words.append(counted(row.drawings, "drawing"))
    if row.epochs:
        words.append(counted(row.epochs, "more epoch" if parent else "epoch"))
    return ", ".join(words)
