"""The teacher in this browser: whoever opened the teacher's link, until a newer one is made or the class ends."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from trainer import UserError
from trainer.classroom.classroom import Classroom, secret_hash
from trainer.classroom.console import CLASS, TEACH
from trainer.classroom.teacher import Teacher
from ui import visitor_file
from ui.classroom import membership
from ui.markdown import sentence

FILE = "teacher.txt"  # the code of the class and the hash of the secret, so that a reload goes on


def current() -> Teacher | None:
    """Return the teacher who uses this browser, or None.

    Follows a teacher's link first and drops the secret from the address; a wrong one is an error on the page.
    """
    if TEACH in st.query_params:
        secret = str(st.query_params.pop(TEACH))  # the address bar should not show it
        try:
            _follow(str(st.query_params.pop(CLASS, "")), secret)
        except UserError as error:
            st.error(sentence(str(error)))
    code, _, key = visitor_file.read(FILE).partition(" ")
    classroom = membership.classrooms().get(code) if code else None
    with suppress(UserError):  # the class has ended, or has a newer link
        return Teacher(classroom, key) if classroom else None
    return None


def begin(classroom: Classroom, secret: str) -> None:
    """Let this browser be the teacher's. Raises UserError if the secret is not that of the class."""
    Teacher.of_link(classroom, secret)
    visitor_file.write(FILE, f"{classroom.code} {secret_hash(secret)}")


def end() -> None:
    """Let this browser be the teacher's no longer."""
    visitor_file.write(FILE, "")


def _follow(code: str, secret: str) -> None:
    classroom = membership.classrooms().get(code)
    if classroom is None:
        raise UserError("A teacher's link must lead to a class that is still there (this one has ended): open another.")
    begin(classroom, secret)
