"""The class page: opening a class, the teacher's view, freezing, a page on every screen, the board, the projector."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from harness.server import ROOT
from harness.waiting import TIMEOUT_SECONDS, wait_for
from tests.pages.test_own_run import link as own_run_link
from tests.support.apps import TINY, open_page, texts
from trainer.classroom import predictions
from trainer.classroom.classroom import Classroom
from trainer.classroom.classrooms import Classrooms
from trainer.config.presets import PRESETS
from trainer.networks import model, onnx_writer
from trainer.runs.owner import new_token, owner_hash
from trainer.runs.run import Run
from trainer.storage.files import json_line
from ui import address, entry
from ui.classroom import screens, shared

IMAGE = np.linspace(0, 1, 784, dtype=np.float32).reshape(28, 28)


@pytest.fixture(autouse=True)
def unshared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each look read the disk."""
    monkeypatch.setattr(shared, "FRESH_SECONDS", 0.0)


def html_of(app: AppTest) -> str:
    return "".join(element.body for element in app.html)


def opened_class(app: AppTest) -> tuple[Classroom, str]:
    """Open a class on the disk, and return it with its secret."""
    app.run()
    return Classrooms(app.session_state.engine.runs.root).open("6b")


def as_teacher(app: AppTest, classroom: Classroom, secret: str) -> AppTest:
    app.query_params["teach"], app.query_params["class"] = secret, classroom.code
    return app.switch_page("pages/classroom.py").run()


def visit(token: str, page: str, **query: str) -> AppTest:
    """Open a page as another visitor of the same server."""
    opened = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_SECONDS)
    opened.session_state["owner"] = token
    opened.query_params["page"] = page
    for name, value in query.items():
        opened.query_params[name] = value
    opened.run()
    assert not opened.exception
    return opened


def joined(app: AppTest, classroom: Classroom, nickname: str) -> str:
    """Let a new visitor join a class, and return their token."""
    token = new_token()
    classroom.join(owner_hash(token), nickname)
    folder = app.session_state.engine.collection(token).path.parent
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "class.txt").write_text(classroom.code)
    return token


def trained(app: AppTest, owner: str, **state: Any) -> Run:
    run = app.session_state.engine.runs.create(TINY, owner_hash(owner))
    (run.path / "model.onnx").write_bytes(onnx_writer.to_onnx(model.weights(model.build(TINY)), TINY))
    run.update(**{"phase": "finished", "test_accuracy": 0.5, "seconds": 3.0, **state})
    return run


def test_whoever_sits_at_the_server_opens_a_class_and_sees_its_link_once(app: AppTest) -> None:
    open_page(app, "classroom")
    app.button(key="class.open").click().run()
    app.text_input(key="class.title").set_value("6b *Monday*")
    app.button(key="class.open_now").click().run()
    assert not app.exception and app.title[0].value == r"6b \*Monday\*"
    (classroom,) = Classrooms(app.session_state.engine.runs.root).all()
    query = parse_qs(urlsplit(app.code[0].value).query)
    assert query["class"] == [classroom.code] and classroom.is_teacher(query["teach"][0])
    app.button(key="class.link_saved").click().run()
    assert not app.code and app.title[0].value == r"6b \*Monday\*"
    app.button(key="class.end_view").click().run()
    assert app.title[0].value == "Join a class"


def test_nobody_else_can_open_a_class(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "visitor_address", lambda *_: "192.0.2.7")
    open_page(app, "classroom")
    assert "class.open" not in [button.key for button in app.button]
    assert "Teachers open a class on the computer that runs the server" in texts(app)


def test_the_teachers_link_opens_the_teachers_view_and_its_secret_leaves_the_address(app: AppTest) -> None:
    classroom, secret = opened_class(app)
    as_teacher(app, classroom, secret)
    assert not app.exception and app.title[0].value == "6b" and "teach" not in app.query_params
    assert visit(app.session_state.owner, "classroom").title[0].value == "6b", "a reload goes on"
    classroom.new_secret()
    app.run()
    assert app.title[0].value == "Join a class", "a newer link ends the view"


@pytest.mark.parametrize("wrong", ["secret", "class"])
def test_a_wrong_link_opens_nothing(app: AppTest, wrong: str) -> None:
    classroom, secret = opened_class(app)
    _, other = Classrooms(app.session_state.engine.runs.root).open("7a")
    if wrong == "class":
        Classrooms(app.session_state.engine.runs.root).delete(classroom)
    as_teacher(app, classroom, other if wrong == "secret" else secret)
    assert app.title[0].value == "Join a class" and len(app.error) == 1 and "teacher's link must" in app.error[0].value
    assert "class.freeze" not in [button.key for button in app.button]


def test_the_teacher_sees_what_each_pupil_does_and_steers_it(app: AppTest) -> None:
    classroom, secret = opened_class(app)
    ada, eve = joined(app, classroom, "Ada"), joined(app, classroom, "Eve")
    classroom.save_drawing(owner_hash(ada), 3, IMAGE)
    run = app.session_state.engine.runs.create(TINY, owner_hash(ada))
    run.update(phase="running", activity="training", steps=10, examples=100)
    (run.path / "history.jsonl").write_bytes(json_line({"kind": "batch", "epoch": 1, "step": 3, "accuracy": 0.1}))
    as_teacher(app, classroom, secret)
    assert "Stuck: the loss is not a number" in html_of(app) and "Nothing yet" in html_of(app)
    assert "1 of 10" in html_of(app) and "0 of 10" in html_of(app)

    key = f"class.pupil.{classroom.member(owner_hash(ada)).writer}"
    app.button(key=f"{key}.pause").click().run()
    assert not app.exception and run.requests.end == "pause"
    app.button(key=f"{key}.stop").click().run()
    assert run.requests.end == "stop"

    app.menu_button(key=f"{key}.more").click("Clear the nickname").run()
    assert "Ada" not in [member.nickname for member in classroom.members()] and len(classroom.members()) == 2
    key = f"class.pupil.{classroom.member(owner_hash(eve)).writer}"
    app.menu_button(key=f"{key}.more").click("Remove from the class").run()
    app.button(key="class.remove").click().run()
    assert [member.owner for member in classroom.members()] == [owner_hash(ada)]


def test_a_frozen_class_says_why_and_the_teacher_unfreezes_it(app: AppTest) -> None:
    classroom, secret = opened_class(app)
    ada = joined(app, classroom, "Ada")
    as_teacher(app, classroom, secret)
    app.button(key="class.freeze").click().run()
    assert classroom.settings.is_frozen and app.button(key="class.freeze").label == "Unfreeze training"
    engine = app.session_state.engine
    run_id = engine.submit(TINY, owner=ada)
    assert "Training is frozen" in texts(visit(ada, "train"))
    assert own_run_link(visit(ada, "data")) == "Number 1 in the queue"
    assert "Training is frozen" not in texts(visit(new_token(), "train"))
    app.button(key="class.freeze").click().run()
    assert not classroom.settings.is_frozen and "Training is frozen" not in texts(visit(ada, "train"))
    wait_for(lambda: engine.runs.get(run_id).state.ended)


def test_a_page_on_every_screen_is_followed_once(app: AppTest) -> None:
    classroom, secret = opened_class(app)
    ada = joined(app, classroom, "Ada")
    visit(ada, "data")
    as_teacher(app, classroom, secret)
    app.button(key="class.push").click().run()
    assert classroom.settings.screen.number == 0 and "must be chosen first" in app.toast[0].value
    app.selectbox(key="class.screen").set_value("Learn: Softmax").run()
    app.button(key="class.push").click().run()
    assert not app.exception and classroom.settings.screen.page == "learn"
    pupil = visit(ada, "data")
    assert "".join(pupil.query_params["lesson"]) == classroom.settings.screen.query["lesson"]
    assert visit(ada, "data").title[0].value != pupil.title[0].value
    bob = joined(app, classroom, "Bob")
    assert "lesson" not in visit(bob, "data").query_params, "who joins later has seen nothing of it"


def test_the_board_ranks_networks_by_the_classs_digits(app: AppTest) -> None:
    classroom, _ = opened_class(app)
    ada, bob = joined(app, classroom, "Ada"), joined(app, classroom, "Bob")
    for digit in range(10):
        classroom.save_drawing(owner_hash(ada), digit, IMAGE)
    trained(app, ada)
    trained(app, bob, test_accuracy=0.9)
    trained(app, bob, phase="failed")

    def board() -> str:
        shown = html_of(visit(ada, "classroom"))
        return shown if "still read" not in shown and "Our 10 digits" in shown else ""

    shown = wait_for(board)
    assert "10.0 %" in shown and "90.0 %" in shown and "12,730" in shown and "Nobody trains at the moment" in shown
    assert "Meant as" in shown and "2 of 2 networks" in shown
    run = trained(app, ada, phase="running", steps=10)
    line = {"kind": "batch", "epoch": 1, "step": 3, "loss": 2.0, "accuracy": 0.2, "seconds": 0.1}
    (run.path / "history.jsonl").write_bytes(json_line(line))
    assert "Nobody trains at the moment" not in html_of(visit(ada, "classroom"))


def test_the_projector_shows_how_to_join_then_the_board(app: AppTest) -> None:
    classroom, _ = opened_class(app)
    ada = joined(app, classroom, "Ada")
    link = {"present": "1", "class": classroom.code}
    shown = html_of(visit(new_token(), "classroom", **link))
    assert classroom.code in shown and "1 has joined" in shown and "Ada" in shown and "data:image/svg+xml" in shown
    trained(app, ada)
    shown = html_of(visit(new_token(), "classroom", **link))
    assert "join-small" in shown and "Network of" in shown


def test_a_drawing_is_set_aside_and_put_back(app: AppTest) -> None:
    classroom, secret = opened_class(app)
    ada = joined(app, classroom, "Ada")
    classroom.save_drawing(owner_hash(ada), 0, IMAGE)
    as_teacher(app, classroom, secret)
    app.segmented_control(key="class.view").set_value("Digits").run()
    assert not app.exception and "**In the class**: 1 drawing" in texts(app)
    classroom.set_aside(classroom.member(owner_hash(ada)).writer, 0)
    app.run()
    assert "**Set aside**: 1 drawing" in texts(app)


@pytest.mark.parametrize(
    "text, target",
    [
        ("http://192.0.2.1:8501/train?run=x&owner=secret&present=1", ("train", {"run": "x"})),
        ("/learn?lesson=3", ("learn", {"lesson": "3"})),
        ("http://localhost:8501/", (entry.HOME, {})),
        ("Draw", ("draw", {})),
    ],
)
def test_a_link_names_a_page_and_carries_no_secret(text: str, target: screens.Target) -> None:
    assert screens.find(text) == target


def test_a_poll_is_asked_answered_shown_and_removed(app: AppTest) -> None:
    classroom, secret = opened_class(app)
    ada = joined(app, classroom, "Ada")
    as_teacher(app, classroom, secret)
    app.segmented_control(key="class.view").set_value("Poll").run()
    app.text_input(key="class.question").set_value("Is it a <b>7</b>?")
    app.text_area(key="class.answers").set_value("Yes\nNo")
    app.button(key="class.start_poll").click().run()
    assert not app.exception and "Is it a &lt;b&gt;7&lt;/b&gt;?" in html_of(app)
    pupil = visit(ada, "classroom")
    next(button for button in pupil.button if button.label == "No").click().run()
    app.run()
    assert "1 answer<" in html_of(app) and "--share: 100%" in html_of(app)
    app.button(key="class.end_poll").click().run()
    assert "1 answer, closed" in html_of(visit(ada, "classroom"))
    app.button(key="class.end_poll").click().run()
    assert "No poll" in texts(app) and "1 answer" not in html_of(visit(ada, "classroom"))


def test_a_class_predicts_what_a_training_reaches(app: AppTest) -> None:
    classroom, secret = opened_class(app)
    ada, bob = joined(app, classroom, "Ada"), joined(app, classroom, "Bob")
    as_teacher(app, classroom, secret)
    app.button_group(key="class.view").set_value("Predict").run()
    app.selectbox(key="class.predict.lesson").set_value("perceptron").run()
    app.button(key="class.predict.ask").click().run()
    assert "0 of 2 pupils have predicted" in texts(app)
    for token, percents in ((ada, 48.0), (bob, 97.5)):
        pupil = visit(token, "classroom")
        assert "What will it reach?" in texts(pupil) and "92" not in texts(pupil), (
            "the lesson's note gives nothing away"
        )
        pupil.slider(key="class.predict.accuracy").set_value(percents).run()
        pupil.button(key="class.predict.save").click().run()
        assert f"You predict **{percents:.1f} %, no overfitting**" in texts(pupil)
    app.run()
    assert "2 of 2 pupils have predicted" in texts(app)

    run = trained(app, "the teacher", test_accuracy=None, phase="running")
    predictions.begin(classroom, 1, run.id)
    pupil = visit(ada, "classroom")
    assert "Perceptron trains" in texts(pupil) and "class.predict.save" not in [button.key for button in pupil.button]
    run.update(phase="finished", test_accuracy=0.5, train_accuracy=0.51)
    pupil.run()
    assert not pupil.exception and "reads 50.0 % of the test digits and does not overfit" in texts(pupil)
    assert "Nearest: **Ada**" in texts(pupil) and "2 of 2 were right about overfitting" in texts(pupil)
    assert (run.path / predictions.FILE).exists()
    app.run()
    assert "Nearest: **Ada**" in texts(app)
    app.button(key="class.predict.remove").click().run()
    assert not app.exception and predictions.current(classroom) is None


def test_the_training_that_was_predicted_is_the_teachers_own(app: AppTest) -> None:
    classroom, secret = opened_class(app)
    predictions.ask(classroom, "perceptron")
    as_teacher(app, classroom, secret)
    app.button_group(key="class.view").set_value("Predict").run()
    app.button(key="class.predict.start").click().run()
    assert not app.exception
    begun = predictions.current(classroom)
    run = app.session_state.engine.runs.get(begun.run)
    assert run.config == PRESETS["perceptron"].config and run.state.owner == owner_hash(app.session_state.owner)
    app.session_state.engine.request(run.id, "stop", app.session_state.owner)
