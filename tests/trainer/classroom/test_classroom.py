"""A class in its file: members, drawings, settings, and many who write at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from trainer import UserError
from trainer.classroom.classroom import MAX_MEMBERS, Classroom
from trainer.classroom.classrooms import Classrooms

IMAGE = np.linspace(0, 1, 784, dtype=np.float32).reshape(28, 28)


@pytest.fixture
def classroom(tmp_path: Path) -> Classroom:
    return Classrooms(tmp_path).open("6b")[0]


def test_a_class_is_found_by_its_code_however_it_is_typed(tmp_path: Path) -> None:
    classrooms = Classrooms(tmp_path)
    classroom, _ = classrooms.open("6b")
    code = classroom.code
    for typed in (code, code.lower(), f" {code[:2]} {code[2:]}", f"{code[:3]}-{code[3:]}"):
        found = classrooms.get(typed)
        assert found and found.settings.title == "6b"
    for wrong in ("", "ABC", "../etc", code + "A", "é" * 5):
        assert classrooms.get(wrong) is None


def test_only_the_teachers_link_opens_the_teachers_place(tmp_path: Path) -> None:
    classroom, secret = Classrooms(tmp_path).open()
    assert classroom.is_teacher(secret) and not classroom.is_teacher("") and not classroom.is_teacher(secret[:-1])
    renewed = classroom.new_secret()
    assert classroom.is_teacher(renewed) and not classroom.is_teacher(secret)
    assert secret.encode() not in classroom.database.path.read_bytes()


def test_members_join_once_and_are_renamed(classroom: Classroom) -> None:
    ada = classroom.join("a", "  Ada   Lovelace ")
    assert ada.nickname == "Ada Lovelace" and 1 <= ada.writer <= MAX_MEMBERS
    assert classroom.join("a", "Ada").writer == ada.writer
    assert [member.nickname for member in classroom.members()] == ["Ada"]
    assert classroom.member("a") == classroom.members()[0] and classroom.member("b") is None


@pytest.mark.parametrize("nickname", ["A", "x" * 21, "1234", "<b>x</b>", "a\u202eb", "http://evil.example", "-- --"])
def test_a_nickname_that_is_not_allowed_is_refused(classroom: Classroom, nickname: str) -> None:
    with pytest.raises(UserError, match="A nickname must have 2 to 20 letters"):
        classroom.join("a", nickname)
    assert classroom.members() == []


@pytest.mark.parametrize("nickname", ["Zoë", "Jürgen 2", "O'Neil", "आरव", "小明"])
def test_nicknames_of_any_language_are_allowed(classroom: Classroom, nickname: str) -> None:
    assert classroom.join("a", nickname).nickname == nickname


def test_a_nickname_is_taken_once_whatever_its_case(classroom: Classroom) -> None:
    classroom.join("a", "Ada")
    with pytest.raises(UserError, match="“ADA” is taken"):
        classroom.join("b", "ADA")
    assert classroom.join("b").nickname not in ("Ada", ""), "one is made up"


def test_thirty_who_join_and_draw_at_once_lose_nothing(classroom: Classroom) -> None:
    def take_part(number: int) -> None:
        classroom.join(str(number))
        for digit in range(10):
            classroom.save_drawing(str(number), digit, np.full((28, 28), number / 255, np.float32))

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(take_part, range(30)))
    members = classroom.members()
    assert len({member.nickname for member in members}) == len({member.writer for member in members}) == 30
    digits = classroom.digits()
    assert len(digits.labels) == 300 and np.array_equal(np.unique(digits.labels), np.arange(10))
    for member in members:
        assert (digits.by([member.writer]).images == int(member.owner)).all()


def test_of_many_who_want_a_nickname_one_gets_it(classroom: Classroom) -> None:
    def join(number: int) -> bool:
        try:
            classroom.join(str(number), "Fox")
        except UserError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(join, range(8))) == 1


def test_a_full_class_says_so(classroom: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.classroom.classroom.MAX_MEMBERS", 1)
    classroom.join("a", "Ada")
    with pytest.raises(UserError, match="at most 1 members"):
        classroom.join("b", "Bob")
    assert classroom.join("a", "Eve").nickname == "Eve", "members may still change their names"


def test_a_drawing_replaces_an_earlier_one_of_its_digit(classroom: Classroom) -> None:
    classroom.join("a", "Ada")
    classroom.save_drawing("a", 3, IMAGE)
    classroom.save_drawing("a", 3, 1 - IMAGE)
    own = classroom.own_drawings("a")
    assert list(own) == [3] and np.array_equal(own[3], np.rint(255 * (1 - IMAGE)).astype(np.uint8))
    classroom.remove_drawing("a", 3)
    assert classroom.own_drawings("a") == {} and len(classroom.digits().labels) == 0


def test_only_members_draw_for_the_class(classroom: Classroom) -> None:
    with pytest.raises(UserError, match="must be a member of the class"):
        classroom.save_drawing("a", 3, IMAGE)


def test_drawings_are_set_aside_and_put_back(classroom: Classroom) -> None:
    ada = classroom.join("a", "Ada")
    for digit in (3, 4):
        classroom.save_drawing("a", digit, IMAGE)
    classroom.set_aside(ada.writer, 4)
    assert classroom.digits().labels.tolist() == [3] and classroom.digits(set_aside=True).labels.tolist() == [4]
    classroom.set_aside(ada.writer, 4, aside=False)
    assert classroom.digits().labels.tolist() == [3, 4]
    before = classroom.digits().key
    classroom.save_drawing("a", 3, 1 - IMAGE)
    assert classroom.digits().key != before


def test_a_member_who_leaves_takes_everything_along(classroom: Classroom) -> None:
    classroom.join("a", "Ada")
    secret = np.frombuffer(b"a recognizable drawing".ljust(784, b"."), np.uint8).reshape(28, 28)
    classroom.save_drawing("a", 3, secret / np.float32(255))
    classroom.leave("a")
    assert classroom.members() == [] and len(classroom.digits().labels) == 0
    with classroom.database.write() as connection:
        connection.execute("delete from vote")
    path = classroom.database.path
    assert b"recognizable" not in path.read_bytes(), "its bytes are overwritten"


def test_settings_are_changed_one_at_a_time(classroom: Classroom) -> None:
    classroom.change(is_frozen=True)
    classroom.push("train", {"run": "x"})
    classroom.push("draw", {})
    settings = classroom.change(is_collecting=True)
    assert settings == classroom.settings and settings.is_frozen and settings.is_collecting
    assert (settings.screen.number, settings.screen.page, dict(settings.screen.query)) == (2, "draw", {})


def test_an_expired_class_is_deleted_with_its_files(tmp_path: Path) -> None:
    classrooms = Classrooms(tmp_path)
    short, _ = classrooms.open(days=1)
    long, _ = classrooms.open(days=30)
    short.join("a", "Ada")
    classrooms.purge(short.settings.created + 2 * 24 * 3600)
    assert [classroom.code for classroom in classrooms.all()] == [long.code]
    assert {path.stem for path in classrooms.folder.iterdir()} <= {long.code}
    with pytest.raises(UserError, match="it has ended or was deleted"):
        short.members()


def test_a_damaged_file_is_an_error_in_one_sentence(classroom: Classroom) -> None:
    classroom.database.path.write_bytes(b"damaged" * 1000)
    with pytest.raises(UserError, match="The class must have a complete file"):
        classroom.members()


def test_classes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.classroom.classrooms.MAX_CLASSES", 1)
    classrooms = Classrooms(tmp_path)
    classrooms.open()
    with pytest.raises(UserError, match="at most 1 classes"):
        classrooms.open()
    with pytest.raises(UserError, match="kept for 1 to 365 days"):
        classrooms.open(days=0)
    with pytest.raises(UserError, match="at most 60 characters"):
        classrooms.open("x" * 61)
