"""Run directory: one consistent reading of its files, and the changes that are allowed."""

import json
import os
import threading
from collections import Counter
from dataclasses import FrozenInstanceError

import pytest

from trainer.config.layers import Conv2D, GlobalAveragePooling2D
from trainer.config.training import TrainingConfig
from trainer.runs.requests import Requests
from trainer.runs.run import Run
from trainer.runs.state import State
from trainer.runs.store import RunStore
from trainer.storage import files

CONFIG = TrainingConfig(epochs=4, learning_rate=0.1)


@pytest.fixture
def run(tmp_path):
    return RunStore(tmp_path / "runs").create(CONFIG, "somebody", parent="shipped", group="20260101-000000-abcdef")


def test_a_view_has_everything_that_a_page_needs(run):
    run.describe(name="mine", note="a note", pinned=True)
    run.request("epochs", value=6)
    view = run.read()
    assert (view.run, view.id, view.config, view.name) == (run, run.id, CONFIG, "mine")
    assert (view.parent, view.group) == ("shipped", "20260101-000000-abcdef")
    assert view.state == State("queued", owner="somebody") and view.label.pinned and view.created > 0
    assert view.requests == Requests("", 6, 0.1)
    assert view.network is None and not view.can_resume


def test_a_view_does_not_change(run):
    before = run.read()
    run.update(phase="paused")
    run.describe(name="another")
    run.request("stop")
    run.checkpoint.touch()
    assert before.state.phase == "queued" and before.name == "Ready-made network, continued" and not before.requests.end
    assert not before.can_resume and run.read().can_resume
    with pytest.raises(FrozenInstanceError):
        before.parent = ""


def test_each_file_is_read_once(run, monkeypatch):
    run.describe(name="mine")
    run.request("pause")
    read, opened = Counter(), files._descriptor
    monkeypatch.setattr(files, "_descriptor", lambda path, flags: read.update([path.name]) or opened(path, flags))
    view = run.read()
    for name in ("state", "config", "parent", "group", "created", "label", "name", "requests", "can_resume"):
        getattr(view, name)
    assert read == Counter(["config.json", "state.json", "meta.json", "requests.jsonl"])


def test_a_view_never_implies_files_that_do_not_exist_yet(tmp_path):
    """A job writes its network and its checkpoint before the state that implies them."""
    ended, torn = threading.Event(), []
    runs = [RunStore(tmp_path / "runs").create(CONFIG, "somebody") for _ in range(10)]

    def read():
        while not ended.is_set():
            for view in (run.read() for run in runs):
                if view.state.phase == "finished" and not (view.network and view.can_resume):
                    torn.append(view)

    reader = threading.Thread(target=read)
    reader.start()
    for run in runs:
        run.network_file.touch()
        run.checkpoint.touch()
        run.update(phase="finished")
    ended.set()
    reader.join()
    assert not torn


def test_a_damaged_config_leaves_the_time_and_the_owner(run):
    path = run.path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"config": {"epochs": "many"}, "created": 1e9}))
    view = run.read()
    assert view.config is None and view.created == 1e9 and (view.parent, view.group) == ("", "")
    assert view.state.phase == "damaged" and view.state.owner == "somebody" and "config.json" in view.state.error
    assert view.name == run.id and view.requests == Requests()
    path.write_text("{")
    assert run.read().created > 0  # from its id


def test_a_damaged_state_has_an_error_sentence(run):
    (run.path / "state.json").write_text("[]")
    view = run.read()
    assert view.config == CONFIG and view.name == "Ready-made network, continued"
    assert view.state == State(
        "damaged", error="This run's state.json cannot be read: use its network if it has one, or train again."
    )


def test_requests_have_a_combined_effect(run):
    assert run.requests == Requests("", 4, 0.1)
    run.request("pause")
    run.request("learning_rate", value=0.5)
    assert run.requests == Requests("pause", 4, 0.5)
    with pytest.raises(ValueError, match="must be one of"):
        run.request("explode")


def test_heartbeats_are_measured_by_the_time_of_the_state(run):
    os.utime(run.path / "state.json", (0, 0))
    assert run.seconds_since_heartbeat > 1e9
    run.heartbeat()
    assert run.seconds_since_heartbeat < 60


@pytest.mark.parametrize(
    "file, read", [("digits.npz", Run.digits), ("snapshots.npz", Run.snapshots), ("sketches.npz", Run.sketches)]
)
@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", b"not a zip"])
def test_missing_or_damaged_arrays_are_none(run, file, read, content):
    if content is not None:
        (run.path / file).write_bytes(content)
    assert read(run) is None


def test_a_run_of_a_version_without_the_limit_of_multiply_adds_still_opens(tmp_path):
    old = TrainingConfig(layers=(Conv2D(512), Conv2D(512), GlobalAveragePooling2D()), batch_size=8, saved=True)
    view = RunStore(tmp_path).create(old, "owner").read()
    assert view.config == old and view.state.phase == "queued" and "512" in view.name
