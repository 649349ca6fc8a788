"""The class that this browser is in: one choice for all its tabs, kept beside the visitor's drawings."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from trainer import UserError
from trainer.classroom.classroom import Classroom, Member
from trainer.classroom.classrooms import Classrooms
from trainer.runs.owner import owner_hash
from ui import visitor_file

FILE = "class.txt"  # the code of the class


def classrooms() -> Classrooms:
    """Return the classes of this server."""
    return Classrooms(st.session_state.engine.runs.root)


def me() -> str:
    """Return the hash of this visitor's token, by which a class knows its members."""
    return owner_hash(st.session_state.owner)


def chosen() -> str:
    """Return the code of the class that this browser has joined, which may have ended since, or ""."""
    return visitor_file.read(FILE)


def current() -> tuple[Classroom, Member] | None:
    """Return the class that this browser is in, with its member, or None.

    Reads two small files, in less than a millisecond; without a class only one.
    """
    code = chosen()
    classroom = classrooms().get(code) if code else None
    with suppress(UserError):  # it has just ended
        if classroom and (member := classroom.member(me())):
            return classroom, member
    return None


def join(classroom: Classroom, nickname: str = "") -> Member:
    """Make this visitor a member of a class, and let all tabs of the browser be in it. Raises UserError as it does."""
    member = classroom.join(me(), nickname)
    enter(classroom)
    return member


def enter(classroom: Classroom) -> None:
    """Let all tabs of this browser be in a class that the visitor is a member of."""
    visitor_file.write(FILE, classroom.code)


def leave(classroom: Classroom) -> None:
    """Delete this visitor and all that is theirs from a class. Raises UserError if its file is damaged."""
    classroom.leave(me())
    visitor_file.write(FILE, "")
