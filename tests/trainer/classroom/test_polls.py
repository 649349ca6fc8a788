"""Polls: one at a time, a vote for each member, and nothing after the end."""

from pathlib import Path

import pytest

from trainer import UserError
from trainer.classroom import polls
from trainer.classroom.classroom import Classroom
from trainer.classroom.classrooms import Classrooms


@pytest.fixture
def classroom(tmp_path: Path) -> Classroom:
    classroom, _ = Classrooms(tmp_path).open("6b")
    for owner in ("a", "b"):
        classroom.join(owner)
    return classroom


def test_members_vote_once_and_may_change_their_minds(classroom: Classroom) -> None:
    assert polls.current(classroom) is None
    polls.start(classroom, " Is it  a 7? ", ["Yes", "", " No "])
    poll = polls.current(classroom)
    assert poll and (poll.question, poll.answers, poll.is_open, poll.votes) == (
        "Is it a 7?",
        ("Yes", "No"),
        True,
        (0, 0),
    )
    polls.vote(classroom, "a", poll.number, 0)
    polls.vote(classroom, "a", poll.number, 1)
    polls.vote(classroom, "b", poll.number, 1)
    assert polls.current(classroom).votes == (0, 2)
    assert polls.vote_of(classroom, "a", poll.number) == 1 and polls.vote_of(classroom, "c", poll.number) is None
    classroom.leave("b")
    assert polls.current(classroom).votes == (0, 1)


def test_nobody_votes_in_another_or_a_closed_poll_or_from_outside(classroom: Classroom) -> None:
    polls.start(classroom, "First?", ["Yes", "No"])
    first = polls.current(classroom).number
    with pytest.raises(UserError, match="must be a member of the class"):
        polls.vote(classroom, "c", first, 0)
    with pytest.raises(ValueError, match="must be one of the poll's"):
        polls.vote(classroom, "a", first, 2)
    polls.remove(classroom)
    assert polls.current(classroom) is None
    polls.start(classroom, "Second?", ["Yes", "No"])
    assert polls.current(classroom).number != first
    with pytest.raises(UserError, match="must be open to be answered"):
        polls.vote(classroom, "a", first, 0)
    polls.close(classroom)
    with pytest.raises(UserError, match="must be open to be answered"):
        polls.vote(classroom, "a", polls.current(classroom).number, 0)


@pytest.mark.parametrize(
    "question, answers",
    [
        ("", ["a", "b"]),
        ("x" * 201, ["a", "b"]),
        ("?", ["a"]),
        ("?", list("abcdefg")),
        ("?", ["a", "a"]),
        ("?", ["a", "x" * 61]),
    ],
)
def test_a_poll_has_a_question_and_two_to_six_answers(classroom: Classroom, question: str, answers: list[str]) -> None:
    with pytest.raises(UserError, match="must have"):
        polls.start(classroom, question, answers)
