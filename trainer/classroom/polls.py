"""A poll in a class: one question with a few answers at a time, and how many members chose each."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from trainer import UserError
from trainer.classroom.classroom import Classroom
from trainer.text import printable

MIN_ANSWERS, MAX_ANSWERS = 2, 6
MAX_QUESTION, MAX_ANSWER = 200, 60  # characters


@dataclass(frozen=True)
class Poll:
    """A question and what the members answered."""

    number: int
    question: str
    answers: tuple[str, ...]
    is_open: bool  # whether members can still answer
    votes: tuple[int, ...]  # by answer


def start(classroom: Classroom, question: str, answers: Sequence[str]) -> None:
    """Ask a question in place of an earlier one. Raises UserError if it or its answers are too few or too long."""
    question = " ".join(printable(question).split())
    texts = [text for answer in answers if (text := " ".join(printable(answer).split()))]
    if not 1 <= len(question) <= MAX_QUESTION:
        raise UserError(f"A question must have 1 to {MAX_QUESTION} characters (got {len(question)}).")
    if not MIN_ANSWERS <= len(texts) <= MAX_ANSWERS or len(set(texts)) < len(texts):
        raise UserError(f"A poll must have {MIN_ANSWERS} to {MAX_ANSWERS} different answers (got {len(texts)}).")
    if (longest := max(map(len, texts))) > MAX_ANSWER:
        raise UserError(f"An answer must have at most {MAX_ANSWER} characters (got {longest}).")
    with classroom.database.write() as connection:
        (last,) = connection.execute("select coalesce(max(number), 0) from poll").fetchone()
        _remove(connection)
        connection.execute("insert into poll values (?, ?, ?, 1)", (last + 1, question, json.dumps(texts)))


def close(classroom: Classroom) -> None:
    """Let nobody answer any more; the result stays."""
    with classroom.database.write() as connection:
        connection.execute("update poll set is_open = 0")


def remove(classroom: Classroom) -> None:
    """Delete the poll and its votes."""
    with classroom.database.write() as connection:
        connection.execute("delete from vote")
        # its number stays taken, so that a late vote counts for no other poll
        connection.execute("update poll set question = '', answers = '[]', is_open = 0")


def current(classroom: Classroom) -> Poll | None:
    """Return the poll that was started last, open or closed, or None."""
    with classroom.database.read() as connection:
        row = connection.execute("select number, question, answers, is_open from poll where question != ''").fetchone()
        if row is None:
            return None
        counts = Counter(
            answer for (answer,) in connection.execute("select answer from vote where poll = ?", (row[0],)).fetchall()
        )
    answers = tuple(json.loads(row[2]))
    return Poll(row[0], row[1], answers, bool(row[3]), tuple(counts[place] for place in range(len(answers))))


def vote(classroom: Classroom, owner: str, number: int, answer: int) -> None:
    """Answer for a member, in place of an earlier answer. Raises UserError if the poll is over, or for anybody else."""
    with classroom.database.write() as connection:
        row = connection.execute("select answers from poll where number = ? and is_open", (number,)).fetchone()
        if row is None:
            raise UserError("A poll must be open to be answered (this one is over): wait for the next one.")
        if not 0 <= answer < len(json.loads(row[0])):
            raise ValueError(f"an answer must be one of the poll's (got {answer!r})")
        try:
            connection.execute("insert or replace into vote values (?, ?, ?)", (number, owner, answer))
        except sqlite3.IntegrityError:
            raise UserError("You must be a member of the class to answer (you have left it): join it again.") from None


def vote_of(classroom: Classroom, owner: str, number: int) -> int | None:
    """Return a member's answer, or None."""
    with classroom.database.read() as connection:
        row = connection.execute("select answer from vote where poll = ? and owner = ?", (number, owner)).fetchone()
    return None if row is None else int(row[0])


def _remove(connection: sqlite3.Connection) -> None:
    connection.execute("delete from vote")
    connection.execute("delete from poll")
