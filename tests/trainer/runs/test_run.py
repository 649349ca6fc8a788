"""A run is read once a look: what one look says fits together, and each file is read once."""

import json
import threading
from collections import Counter
from dataclasses import FrozenInstanceError

import pytest

from trainer.config.training import TrainingConfig
from trainer.runs.requests import Requests
from trainer.runs.state import State
from trainer.runs.store import RunStore
from trainer.storage import files

CONFIG = TrainingConfig(epochs=4, learning_rate=0.1)


@pytest.fixture
def run(tmp_path):
    return RunStore(tmp_path / "runs").create(CONFIG, "somebody", parent="shipped", group="20260101-000000-abcdef")


def test_a_view_holds_all_that_a_look_needs(run):
    run.describe(name="mine", note="a note", pinned=True)
    run.request("epochs", value=6)
    view = run.read()
    assert (view.run, view.id, view.config, view.name) == (run, run.id, CONFIG, "mine")
    assert (view.parent, view.group) == ("shipped", "20260101-000000-abcdef")
    assert view.state == State("queued", owner="somebody") and view.label.pinned and view.created > 0
    assert view.requests == Requests("", 6, 0.1)
    assert view.network is None and not view.can_resume


def test_a_view_stays_as_it_was_read(run):
    before = run.read()
    run.update(phase="paused")
    run.describe(name="another")
    run.request("stop")
    run.checkpoint.touch()
    assert before.state.phase == "queued" and before.name == "32 relu, continued" and not before.requests.end
    assert not before.can_resume and run.read().can_resume
    with pytest.raises(FrozenInstanceError):
        before.parent = ""


def test_each_file_is_read_once(run, monkeypatch):
    run.describe(name="mine")
    run.request("pause")
    read, opened = Counter(), files._descriptor
    monkeypatch.setattr(files, "_descriptor", lambda path, flags: read.update([path.name]) or opened(path, flags))
    view = run.read()
    for look in ("state", "config", "parent", "group", "created", "label", "name", "requests", "can_resume"):
        getattr(view, look)
    assert read == Counter(["config.json", "state.json", "meta.json", "requests.jsonl"])


def test_a_view_never_promises_files_that_are_not_there_yet(tmp_path):
    """A job writes its network and its checkpoint before the state that promises them."""
    over, torn = threading.Event(), []
    runs = [RunStore(tmp_path / "runs").create(CONFIG, "somebody") for _ in range(10)]

    def look():
        while not over.is_set():
            for view in (run.read() for run in runs):
                if view.state.phase == "finished" and not (view.network and view.can_resume):
                    torn.append(view)

    reader = threading.Thread(target=look)
    reader.start()
    for run in runs:
        run.network_file.touch()
        run.checkpoint.touch()
        run.update(phase="finished")
    over.set()
    reader.join()
    assert not torn


def test_a_damaged_configuration_leaves_the_time_and_the_owner(run):
    path = run.path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"config": {"epochs": "many"}, "created": 1e9}))
    view = run.read()
    assert view.config is None and view.created == 1e9 and (view.parent, view.group) == ("", "")
    assert view.state.phase == "damaged" and view.state.owner == "somebody" and "config.json" in view.state.error
    assert view.name == run.id and view.requests == Requests()
    path.write_text("{")
    assert run.read().created > 0  # by the id's clock


def test_a_damaged_state_says_so_in_a_sentence(run):
    (run.path / "state.json").write_text("[]")
    view = run.read()
    assert view.config == CONFIG and view.name == "32 relu, continued"
    assert view.state == State(
        "damaged", error="This run's state.json cannot be read: its network may still work, else train again."
    )
