"""A class opened on the console, and a new teacher's link to it."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from trainer.classroom.classroom import Classroom
from trainer.classroom.classrooms import Classrooms
from trainer.classroom.console import class_link, main


def secret_in(printed: str) -> str:
    """Return the secret in the teacher's link."""
    return parse_qs(urlsplit(printed.split()[-1]).query)["teach"][0]


def test_a_class_is_opened_and_its_code_gives_a_new_link(
    runs_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["6b", "--address=http://192.0.2.1:80", "--here=http://localhost:80"]) == 0
    printed = capsys.readouterr().out
    (classroom,) = Classrooms(runs_directory).all()
    code = classroom.code
    assert f"6b: pupils open http://192.0.2.1:80/classroom and type the code {code}" in printed
    assert f"http://localhost:80/classroom?teach={secret_in(printed)}&class={code}\n" in printed
    assert classroom.is_teacher(secret_in(printed))

    assert main([code.lower()]) == 0
    renewed = secret_in(capsys.readouterr().out)
    (same,) = Classrooms(runs_directory).all()
    assert isinstance(same, Classroom) and same.code == code and same.is_teacher(renewed)
    assert not same.is_teacher(secret_in(printed))
    assert class_link("http://a/", code) == f"http://a/classroom?class={code}"


def test_a_title_that_is_too_long_is_an_error_in_one_sentence(
    runs_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["x" * 61]) == 2
    assert "at most 60 characters" in capsys.readouterr().err and Classrooms(runs_directory).all() == []
