"""The visitor's own training on the other pages: progress that leads back to Train."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from harness.server import ROOT
from harness.waiting import TIMEOUT_SECONDS
from tests.support.apps import TINY
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.storage.files import json_line
from ui import own_run


def open_from(app: AppTest, page: str) -> AppTest:
    """Open another page in the session of a page. AppTest runs app.py only at the start, so it is a new AppTest."""
    opened = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_SECONDS)
    for key in ("owner", own_run.SHOWN):
        if key in app.session_state:
            opened.session_state[key] = app.session_state[key]
    opened.query_params["page"] = page
    opened.run()
    assert not opened.exception
    return opened


def link(app: AppTest) -> str:
    """Return the text of the link to the visitor's training, or ""."""
    return next((one.proto.label for one in app.get("page_link") if "Opens your" in one.proto.help), "")


def spoken(app: AppTest) -> str:
    (found,) = [one.proto for one in app.get("bidi_component") if one.proto.id.endswith("-own_run.spoken")]
    text: str = json.loads(found.json)["sentence"]
    return text


def train_to(run: Run, step: int) -> None:
    """Let a run of 2 epochs of 10 steps have come to a step."""
    line = {"kind": "batch", "epoch": 1 + (step - 1) // 10, "step": step, "loss": 2.0, "accuracy": 0.2}
    with (run.path / "history.jsonl").open("ab") as file:
        file.write(json_line({**line, "seconds": 0.1 * step}))


def test_every_page_shows_the_visitors_own_training_until_it_is_seen_on_train(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.run()
    engine, owner = app.session_state.engine, owner_hash(app.session_state.owner)
    engine.runs.create(TINY, owner_hash("somebody else")).update(phase="running")
    assert not link(open_from(app, "data"))
    run = engine.runs.create(TINY, owner)
    monkeypatch.setattr(engine, "live_runs", lambda owner: [run.id] if run.state.live else [])
    assert link(open_from(app, "data")) == "Training starts"

    run.update(phase="running", activity="training", steps=10, examples=100)
    train_to(run, 2)
    train_to(run, 7)
    data = open_from(app, "data")
    assert link(data) == "Epoch 1 of 2 · 35 % · 1 s left" and spoken(data) == "Training: 30 % done."
    train = open_from(data, "train")
    assert not link(train) and spoken(train) == "Training: 30 % done."

    run.update(phase="finished", test_accuracy=0.5)
    data = open_from(data, "data")
    assert link(data) == "Training finished: 50.0 %" and spoken(data) == "Training finished: 50.0 %."
    assert not link(open_from(open_from(data, "train"), "data"))

    run = engine.runs.create(TINY, owner, group="20260101-000000-abcdef")
    assert link(open_from(app, "data")) == "Sweep: 0 runs left"
