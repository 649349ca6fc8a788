"""Where does a network come from, and what became of it? Its parents up to the first, and all that went on from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trainer.runs.index import Row
from trainer.runs.parent import SHIPPED
from trainer.shipped import network as shipped
from trainer.text import counted, number

MOST = 60  # members that are shown


@dataclass(frozen=True)
class Member:
    """One of a family."""

    id: str  # of a run, or SHIPPED
    name: str
    depth: int  # 0 for the first of all
    change: str  # how it was trained, in words that say what is not as its parent's
    accuracy: float | None  # on the test digits, 0 to 1
    there: bool  # or else it is gone


def family(rows: Iterable[Row], run_id: str) -> list[Member]:
    """Return a run's family: each member before those that went on from it, the older before the younger.

    It has the line of its parents and all its descendants, and not what else came of its parents. A parent that is
    gone is named as such. Alone it has no family: the list is empty. Of a very large one the rest is left out.
    """
    by_id = {row.id: row for row in rows}
    children: dict[str, list[Row]] = {}
    for row in by_id.values():
        children.setdefault(row.parent, []).append(row)
    if run_id not in by_id:
        return []
    line, seen = [by_id[run_id]], {run_id}
    while (parent := by_id.get(line[-1].parent)) and parent.id not in seen:
        seen.add(parent.id)
        line.append(parent)
    members = []
    if (first := line[-1].parent) and first not in seen:
        if first == SHIPPED:
            accuracy = shipped.card().test_accuracies[0]
            members.append(Member(SHIPPED, shipped.NAME, 0, "comes with the app", accuracy, True))
        else:
            members.append(Member(first, "a network that is gone", 0, "", None, False))
    for row in reversed(line):
        members.append(_member(row, by_id.get(row.parent), len(members)))
    waiting = [(row, len(members)) for row in _young(children, run_id)]
    while waiting and len(members) < MOST:
        row, depth = waiting.pop()
        if row.id not in seen:
            seen.add(row.id)
            members.append(_member(row, by_id.get(row.parent), depth))
            waiting += [(child, depth + 1) for child in _young(children, row.id)]
    return members if len(members) > 1 else []


def _young(children: dict[str, list[Row]], parent: str) -> list[Row]:
    """Return who went on from a network, the youngest first."""
    return sorted(children.get(parent, ()), key=lambda row: (row.created, row.id), reverse=True)


def _member(row: Row, parent: Row | None, depth: int) -> Member:
    return Member(row.id, row.name, depth, changes(row, parent), row.test_accuracy, True)


def changes(row: Row, parent: Row | None) -> str:
    """Say in a few words how a run was trained, where that is not as its parent was: `Adam, rate 0.001`."""
    words = []
    if row.optimizer and (parent is None or row.optimizer != parent.optimizer):
        words.append(row.optimizer)
    if row.learning_rate is not None and (parent is None or row.learning_rate != parent.learning_rate):
        words.append(f"rate {number(row.learning_rate)}")
    if row.drawings:
        words.append(counted(row.drawings, "own drawing"))
    if row.epochs:
        words.append(f"{counted(row.epochs, 'epoch')}{' more' if parent else ''}")
    return ", ".join(words)
