"""Class page without a browser: joining, the ten digits, and the second score of one's networks."""

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from harness.browser import digit_strokes
from harness.server import ROOT
from harness.visitor import canvas_value
from harness.waiting import TIMEOUT_SECONDS, wait_for
from tests.support.apps import open_page, texts
from trainer.classroom.classroom import Classroom
from trainer.classroom.classrooms import Classrooms
from trainer.drawing import synthetic_digits
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped

ME = "my token"


@pytest.fixture
def classroom(runs_directory: Path) -> Classroom:
    return Classrooms(runs_directory).open("6b <b>*x*</b>")[0]


@pytest.fixture
def member(app: AppTest, classroom: Classroom) -> AppTest:
    """The page of a member who has drawn nothing yet."""
    app.session_state.owner = ME
    open_page(app, "classroom")
    return join(app, classroom.code, "Ada")


def join(app: AppTest, code: str, nickname: str = "") -> AppTest:
    app.text_input(key="class.code").set_value(code)
    app.text_input(key="class.nickname").set_value(nickname)
    return app.button(key="class.submit").click().run()


def shown(app: AppTest) -> str:
    return texts(app) + "".join(element.body for element in app.html) + "".join(one.value for one in app.header)


def status(app: AppTest) -> str:
    protos = [element.proto for element in app.get("bidi_component")]
    (found,) = [proto for proto in protos if proto.id.endswith("-class.status")]
    text: str = json.loads(found.json)["sentence"]
    return text


def asked(app: AppTest) -> int:
    (heading,) = [one.value for one in app.header if one.value.startswith("Draw a")]
    return int(heading[-1])


def put_on_paper(app: AppTest, digit: int) -> None:
    app.session_state["class.paper"] = json.loads(canvas_value(digit_strokes(digit)))


def draw_all(classroom: Classroom, owner: str) -> None:
    images, labels = synthetic_digits.make_digits(300, seed=7)
    for digit in range(10):
        classroom.save_drawing(owner, digit, images[labels == digit][0] / np.float32(255))


def new_tab(owner: str = ME, **query: str) -> AppTest:
    tab = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_SECONDS)
    tab.session_state.owner = owner
    tab.query_params.update({"page": "classroom", **query})
    return tab.run()


def test_a_link_fills_the_code_in_and_a_nickname_is_made_up(app: AppTest, classroom: Classroom) -> None:
    open_page(app, "classroom")
    assert app.title[0].value == "Join a class" and app.text_input(key="class.code").value == ""
    app.query_params["class"] = classroom.code.lower()
    app.run()
    assert app.text_input(key="class.code").value == classroom.code
    assert "<b>" not in app.title[0].value.replace("\\<b\\>", "")  # the title is text
    app.button(key="class.submit").click().run()
    (member,) = classroom.members()
    assert not app.exception and f"<b>{member.nickname}</b>" in shown(app) and "class" not in app.query_params
    assert "Draw a" in shown(app)


@pytest.mark.parametrize(
    "code, nickname, error",
    [
        ("ZZZZZ", "Ada", "The code must be that of a class on this server"),
        ("", "Ada", "The code must be that of a class"),
        ("right", "http://evil.example", "A nickname must have 2 to 20 letters"),
        ("right", "bob", "“bob” is taken"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    app: AppTest, classroom: Classroom, code: str, nickname: str, error: str
) -> None:
    classroom.join("somebody", "Bob")
    open_page(app, "classroom")
    join(app, classroom.code if code == "right" else code, nickname)
    assert not app.exception and error in app.error[0].value and len(classroom.members()) == 1


def test_other_tabs_are_in_the_class_and_other_visitors_are_not(member: AppTest, classroom: Classroom) -> None:
    assert "<b>Ada</b>" in shown(new_tab())
    assert new_tab("stranger").title[0].value == "Join a class"
    other = Classrooms(Path(classroom.database.path).parents[1]).open("Other")[0]
    assert other.members() == [] and len(classroom.members()) == 1


def test_ten_digits_are_asked_in_an_order_that_stays(member: AppTest, classroom: Classroom) -> None:
    order = []
    for place in range(10):
        assert status(member) == f"{place} of 10 drawn."
        order.append(asked(member))
        put_on_paper(member, order[-1])
        member.button(key="class.save").click().run()
        assert not member.exception
    assert sorted(order) == list(range(10)) != order
    assert status(member) == "Thank you! Your ten digits are in."
    digits = classroom.digits()
    assert np.array_equal(digits.labels, np.arange(10))
    assert float((shipped.network().probabilities(digits.inputs).argmax(axis=1) == digits.labels).mean()) == 1.0
    assert status(new_tab()).startswith("Thank you!")


def test_a_blank_paper_is_refused_and_a_digit_can_be_skipped_and_drawn_later(
    member: AppTest, classroom: Classroom
) -> None:
    first = asked(member)
    member.button(key="class.save").click().run()
    assert f"The paper must show a{'n' if first == 8 else ''} {first} (it is blank)" in member.error[0].value
    member.button(key="class.skip").click().run()
    assert not member.error and asked(member) != first and classroom.digits().labels.size == 0
    member.button(key="class.back").click().run()
    assert asked(member) == first
    for _ in range(10):
        member.button(key="class.skip").click().run()
    assert "Still to draw: 0, 1, 2" in status(member)
    member.button(key="class.rest").click().run()
    assert asked(member) == first and not member.exception


def test_back_draws_the_previous_digit_again(member: AppTest, classroom: Classroom) -> None:
    first = asked(member)
    put_on_paper(member, first)
    member.button(key="class.save").click().run()
    before = classroom.own_drawings(owner_hash(ME))[first]
    member.button(key="class.back").click().run()
    assert asked(member) == first and status(member).endswith(f"This replaces your {first}.")
    put_on_paper(member, (first + 1) % 10)
    member.button(key="class.save").click().run()
    drawn = classroom.own_drawings(owner_hash(ME))
    assert [*drawn] == [first] and not np.array_equal(drawn[first], before) and asked(member) != first


def test_a_drawing_of_a_member_who_was_removed_is_refused(member: AppTest, classroom: Classroom) -> None:
    put_on_paper(member, asked(member))
    classroom.leave(owner_hash(ME))
    member.button(key="class.save").click().run()
    assert not member.exception and classroom.digits().labels.size == 0
    member.run()
    assert member.title[0].value == "Join a class" and "You are no longer a member" in texts(member)


def test_leaving_deletes_the_digits_after_a_confirmation(member: AppTest, classroom: Classroom) -> None:
    draw_all(classroom, owner_hash(ME))
    member.run()
    member.button(key="class.ask_leave_button").click().run()
    assert "your 10 digits" not in shown(member) and "your nickname, 10 digits" in shown(member)
    member.button(key="class.keep").click().run()
    assert len(classroom.digits().labels) == 10
    member.button(key="class.ask_leave_button").click().run()
    member.button(key="class.leave").click().run()
    assert not member.exception and member.title[0].value == "Join a class"
    assert classroom.members() == [] and len(classroom.digits().labels) == 0


def test_a_class_that_has_ended_says_so(member: AppTest, classroom: Classroom) -> None:
    Classrooms(classroom.database.path.parents[1]).delete(classroom)
    member.run()
    assert not member.exception and "Your class has ended" in texts(member)


def test_a_link_to_another_class_asks_before_it_changes(member: AppTest, classroom: Classroom) -> None:
    other, _ = Classrooms(classroom.database.path.parents[1]).open("Other")
    tab = new_tab(**{"class": other.code})
    assert "This link leads to another class, **Other**" in texts(tab) and len(other.members()) == 0
    tab.button(key="class.change").click().run()
    assert tab.title[0].value == "Other" and len(other.members()) == len(classroom.members()) == 1
    back = new_tab(**{"class": classroom.code})
    back.button(key="class.change").click().run()
    assert "<b>Ada</b>" in shown(back) and len(classroom.members()) == 1


def test_a_members_finished_networks_have_a_second_score(member: AppTest, classroom: Classroom) -> None:
    draw_all(classroom, owner_hash(ME))
    store = RunStore(classroom.database.path.parents[1])
    for name, owner, phase in (("Mine", ME, "finished"), ("Half", ME, "stopped"), ("Strange", "other", "finished")):
        made(store, name, owner, phase)
    damaged = made(store, "Damaged", ME, "finished")
    damaged.network_file.write_bytes(b"nothing")

    def tables() -> list[str]:
        member.run()
        return [element.body for element in member.html if "class-scores" in element.body and "<table" in element.body]

    (table,) = wait_for(tables)
    assert not member.exception
    assert "Mine" in table and "Ready-made network" in table and "Strange" not in table and "Half" not in table
    assert "cannot read digits" in table and "98.0 %" in table
    assert member.selectbox(key="class.network").options == ["Mine", "Ready-made network"]
    assert "**By writer** · you: " in texts(member)
    labels = [button.proto.label for button in member.get("download_button")]
    assert labels == ["npz", "PNG"]


def made(store: RunStore, name: str, owner: str, phase: str) -> Run:
    run = store.create(shipped.CONFIG, owner_hash(owner))
    run.network_file.write_bytes(shipped.PATH.read_bytes())
    run.update(phase=phase, test_accuracy=0.98)
    run.describe(name=name)
    return run
