"""Followed digits: from the canvas to the predictions during a training."""

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from harness.server import ROOT
from harness.visitor import data_url
from harness.waiting import TIMEOUT_SECONDS
from trainer.config.layers import Dense
from trainer.config.training import TrainingConfig
from trainer.drawing import normalize, synthetic_digits
from trainer.runs.owner import owner_hash
from trainer.runs.requests import MAX_DRAWINGS, FollowedDrawing
from trainer.runs.store import RunStore
from trainer.storage.files import json_line

APP = str(ROOT / "app.py")
SMALL, LARGE = ("your_digit", 210), ("canvas", 300)  # canvases of Train and Draw: key and pixels a side
TINY = TrainingConfig(layers=(Dense(16, "relu"),), epochs=2, batch_size=20)


@pytest.fixture
def visit(cluster, few_digits, runs_directory, monkeypatch):
    """Return a function that opens Train in a new session, as the owner of a token."""
    monkeypatch.setenv("DIGITLAB_SCHEDULER", cluster.scheduler_address)
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    apps = []

    def come(token="a visitor"):
        app = AppTest.from_file(APP, default_timeout=TIMEOUT_SECONDS)
        app.session_state["owner"] = token
        apps.append(app)
        return app.run().switch_page("pages/train.py").run()

    yield come
    apps[0].session_state.engine.close()
    st.cache_resource.clear()


def start(runs_directory, token="a visitor", drawings=()):
    """Create a run in state running, which the engine has not started."""
    run = RunStore(runs_directory).create(TINY, owner_hash(token))
    for drawing in drawings:
        run.request("pin", **drawing.request())
    run.update(phase="running", activity="training", steps=25, examples=500)
    return run


def put_on(paper, size, app, number):
    """Set a canvas to a drawing of a digit, as the browser does."""
    rgba = synthetic_digits.draw(synthetic_digits.pen_strokes(number, np.random.default_rng(0)), size=size)
    app.session_state[paper] = {"drawing": {"raw": {"objects": []}, "data": data_url(rgba)}}
    app.run()
    return normalize.from_canvas(rgba).image


def label_drawing(app, digit):
    """Press the digit that the drawing on Draw is meant to be."""
    drawing_id = f"{app.session_state['canvas.sheet'].id} 0 of 1"
    app.session_state["meant.press"] = {"drawing": drawing_id, "digit": digit}
    app.run()


def drawing(name="a", label=7):
    return FollowedDrawing(name, label, np.eye(28, dtype=np.float32))


def labels(pins):
    return [pinned.label for pinned in pins]


def words(app):
    return "\n".join(element.value for kind in (app.markdown, app.caption, app.error) for element in kind)


def test_a_drawing_on_draw_is_followed_in_the_visitors_own_runs_only(visit, runs_directory):
    app = visit()
    mine, other = start(runs_directory), start(runs_directory, "somebody else")
    app.switch_page("pages/draw.py").run()
    image = put_on(*LARGE, app, 3)
    assert "follow" not in [button.key for button in app.button]  # it is not known which digit is meant
    label_drawing(app, 3)
    app.button(key="follow").click().run()
    assert not app.exception
    (pinned,) = mine.requests.drawings
    assert pinned.label == 3 and np.allclose(pinned.image, image, atol=1 / 255)
    assert labels(app.session_state.pins) == [3] and other.requests.drawings == ()
    assert app.button(key="follow").label == "Stop following"
    app.button(key="follow").click().run()
    assert mine.requests.drawings == () == app.session_state.pins


def test_a_drawing_on_trains_canvas_is_followed_and_unfollowed(visit, runs_directory):
    app = visit()
    run = start(runs_directory)
    app.session_state["your_digits"] = True
    app.run()
    assert app.button_group(key="your_digit_is").disabled
    put_on(*SMALL, app, 5)
    app.button_group(key="your_digit_is").set_value(5).run()
    assert labels(run.requests.drawings) == [5] == labels(app.session_state.pins)
    assert app.button_group(key="your_digit_is").disabled and not app.exception  # the canvas is empty again
    assert "You meant **5**" in words(app)
    app.button(key=f"unfollow.{app.session_state.pins[0].id}").click().run()
    assert run.requests.drawings == () == app.session_state.pins and not app.exception


def test_a_new_run_starts_with_the_followed_drawings(visit):
    app = visit()
    app.session_state["pins"] = (drawing("a", 7), drawing("b", 8))
    app.button(key="train").click().run()
    (run,) = app.session_state.engine.runs.runs()
    assert labels(run.requests.drawings) == [7, 8] and not app.exception
    app.session_state.engine.request(run.id, "stop", "a visitor")


@pytest.mark.parametrize("page", ["draw", "train"])
def test_one_drawing_too_many_gives_an_error_sentence(visit, page):
    app = visit()
    app.session_state["pins"] = tuple(drawing(str(place)) for place in range(MAX_DRAWINGS))
    app.session_state["your_digits"] = page == "train"
    app.switch_page(f"pages/{page}.py").run()
    said = words(app)
    if page == "draw":
        put_on(*LARGE, app, 3)
        label_drawing(app, 3)
        said = app.button(key="follow").help if app.button(key="follow").disabled else ""
    assert f"At most {MAX_DRAWINGS} drawings" in said and not app.exception
    assert "your_digit_is" not in {group.key for group in app.button_group}


def test_only_the_owner_sees_the_followed_digits_of_a_run(visit, runs_directory):
    app = visit()
    run = start(runs_directory, drawings=[drawing()])
    share = [0.02] * 7 + [0.82] + [0.02] * 2
    (run.path / "readings.jsonl").write_bytes(json_line({"step": 5, "epoch": 1, "probabilities": {"a": share}}))
    for token, seen in (("a visitor", True), ("somebody else", False)):
        app = visit(token)
        app.query_params["run"] = run.id
        app.run()
        assert not app.exception and ("##### Followed digits" in words(app)) == seen


def test_a_reload_restores_the_drawings_of_the_newest_run(visit, runs_directory):
    visit()
    start(runs_directory, drawings=[drawing()])
    for token, found in (("a visitor", ["Stop following your drawing of a 7"]), ("somebody else", [])):
        app = visit(token)
        app.session_state["your_digits"] = True
        app.run()
        assert [button.label for button in app.button if str(button.key).startswith("unfollow.")] == found


def test_a_drawing_of_another_size_gives_an_error_sentence(visit):
    app = visit()
    app.session_state["your_digits"] = True
    app.run()
    put_on(SMALL[0], 300, app, 5)
    assert "210 x 210" in app.error[0].value and not app.exception
