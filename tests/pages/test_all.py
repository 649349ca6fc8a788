"""The Train page, and facts about all pages: the start page, errors of the data set, no Keras in the web process."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from harness.server import ROOT
from harness.waiting import TIMEOUT_SECONDS, wait_for
from tests.support.apps import TINY, open_page, texts
from trainer.config.presets import PRESETS
from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.store import RunStore
from trainer.storage.files import json_line


def test_a_newcomer_lands_on_draw(app):
    app.run()
    assert not app.exception and app.title[0].value == "Draw a digit"


def test_train_starts_with_tutorial_a(app):
    open_page(app, "train")
    assert not app.exception and app.title[0].value == "Train a network"
    assert "**640,890 parameters**" in texts(app) and "Press Train" in texts(app)
    shown = "".join(element.body for element in app.html) + "".join(button.label for button in app.button)
    for fact in ("flatten_1", "dense_2", "dense_3", "output: Dense 10 softmax", ">330</span>"):
        assert fact in shown


def test_a_network_that_does_not_work_gives_an_error_and_cannot_be_trained(app):
    open_page(app, "train")
    app.menu_button(key="add_layer").click("Conv2D").run()
    assert "Conv2D" in app.error[0].value and "move Conv2D up" in app.error[0].value
    assert app.button(key="train").disabled


def test_train_starts_a_run_that_a_link_opens_again_with_its_result(app):
    open_page(app, "train")
    key = app.session_state.draft.key
    app.number_input(key=f"{key}.epochs").set_value(1).run()
    app.button(key="train").click().run()
    run = app.session_state.engine.runs.get("".join(app.query_params["run"]))
    assert run.config == replace(PRESETS["tutorial_a"].config, epochs=1)
    wait_for(lambda: run.state.ended)
    app.run()
    assert not app.exception and "of the test digits read correctly" in texts(app) and "few_digits.npz" in texts(app)
    assert app.button(key="draw").label == "Draw with it"


def test_only_its_owner_can_stop_a_run(app, runs_directory):
    run = RunStore(runs_directory).create(TINY, owner_hash("somebody else"))
    run.update(phase="running", activity="training", steps=10, examples=100)
    record = {"kind": "batch", "epoch": 1, "step": 3, "loss": 2.0, "accuracy": 0.2, "seconds": 0.1}
    (run.path / "history.jsonl").write_bytes(json_line(record))
    open_page(app, "train", run)
    assert not app.exception and app.subheader[0].value == "16 relu"
    assert "stop" not in [button.key for button in app.button]


def test_a_run_that_does_not_respond_and_a_queue_that_does_not_move_say_so(app, runs_directory, monkeypatch):
    store = RunStore(runs_directory)
    run, waiting = store.create(TINY, ""), store.create(TINY, "")
    run.update(phase="running", activity="training", steps=10, examples=100)
    app.run()
    engine = app.session_state.engine
    monkeypatch.setattr(engine, "silence", lambda run: 12.3)
    open_page(app, "train", run)
    assert app.get("progress")[0].proto.text == "Not responding for 12 s" and "12 s: if this goes on" in texts(app)
    sentence = "The cluster at tcp://here has not answered for 12 s: queued runs wait."
    monkeypatch.setattr(Engine, "problem", sentence)
    waiting.update(phase="queued")
    app.query_params["run"] = waiting.id
    app.run()
    assert not app.exception and sentence in texts(app).replace("\u2060", "")  # which keeps addresses from being links


@pytest.mark.parametrize("phase, kind", [("failed", "error"), ("interrupted", "warning")])
def test_a_run_that_failed_shows_its_error(app, runs_directory, phase, kind):
    run = RunStore(runs_directory).create(TINY, "")
    run.update(phase=phase, error="It broke off: mend it.")
    open_page(app, "train", run)
    assert not app.exception and getattr(app, kind)[0].value == "It broke off: mend it."


@pytest.mark.parametrize("phase", ["stopped", "finished"])
def test_an_ended_run_shows_its_result_and_suggestions(app, runs_directory, phase):
    run = RunStore(runs_directory).create(TINY, "")
    run.update(phase=phase, test_accuracy=0.5, steps=100, examples=3200)
    lines = [
        {"kind": "epoch", "epoch": epoch, "step": 100 * epoch, "loss": 2 - epoch / 2, "accuracy": epoch / 4}
        | {"val_loss": 2 - epoch / 2, "val_accuracy": epoch / 4, "learning_rate": 0.1, "seconds": epoch}
        for epoch in (1, 2)
    ]
    (run.path / "history.jsonl").write_bytes(b"".join(map(json_line, lines)))
    open_page(app, "train", run)
    assert not app.exception and f"{phase.capitalize()}: 50.0 % of the test digits read correctly" in texts(app)
    app.button(key="try.0").click().run()
    assert not app.exception and "**Changed:**" in texts(app) and app.session_state.draft.marked


def test_a_queued_run_that_was_stopped_says_so_and_can_be_trained_again(app, runs_directory):
    run = RunStore(runs_directory).create(TINY, "")
    run.update(phase="stopped", note="stopped before training started")
    open_page(app, "train", run)
    assert "**Stopped before training started**: nothing was learned" in texts(app)
    app.button(key="again").click().run()
    again = app.session_state.engine.runs.get("".join(app.query_params["run"]))
    assert not app.exception and again.id != run.id and again.config == TINY
    app.session_state.engine.request(again.id, "stop", app.session_state.owner)


def test_every_option_of_the_curves_can_be_selected(app, network_run, runs_directory):
    other = RunStore(runs_directory).create(TINY, "")
    other.update(phase="finished", steps=10, test_accuracy=0.3)
    open_page(app, "train", network_run)
    app.slider(key="view.smoothing").set_value(0.5).run()
    app.toggle(key="view.fixed").set_value(True).run()
    app.toggle(key="view.log").set_value(True).run()
    app.toggle(key="view.rate").set_value(True).run()
    app.multiselect(key=f"view.others.{network_run.id}").set_value([other.id]).run()
    assert not app.exception


def test_a_damaged_or_unknown_run_gives_a_warning(app, network_run):
    (network_run.path / "config.json").write_text("{")
    open_page(app, "train", network_run)
    assert not app.exception and "cannot be read" in app.warning[0].value
    app.query_params["run"] = "../../etc"
    app.run()
    assert not app.exception and "no longer here" in app.warning[0].value


def test_an_unreadable_data_set_is_an_error_on_the_page(app, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "nothing.npz"))
    app.run()

    def shown():  # by a new visitor
        newcomer = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_SECONDS).run()
        return "".join(error.value for error in newcomer.error)

    assert "nothing.npz could not be opened" in wait_for(shown)


NO_KERAS = """
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=120).run()
for page in sorted(Path("pages").glob("*.py")):
    app.switch_page(str(page)).run()
    assert not app.exception, app.exception
app.session_state.engine.close()
print(sorted({"keras", "tensorflow", "jax", "sklearn", "scipy"} & set(sys.modules)))
"""


def test_the_web_process_never_imports_keras(cluster, few_digits):
    environment = {**os.environ, "DIGITLAB_SCHEDULER": cluster.scheduler_address, "DIGITLAB_DATA": str(few_digits)}
    done = subprocess.run(
        [sys.executable, "-c", NO_KERAS],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr
