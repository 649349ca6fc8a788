import json
import os
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer import UserError
from trainer.config.layers import Dense
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.runs.label import Label
from trainer.runs.requests import Requests
from trainer.runs.run import Run
from trainer.runs.state import State
from trainer.runs.store import TRASH, RunStore


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def run(store):
    return store.create(TrainingConfig(), owner="somebody")


def test_a_new_run_is_queued_and_knows_what_was_asked(store):
    config = PRESETS["small_cnn"].config
    run = store.create(config, owner="somebody")
    assert run.config == config
    assert run.state == State("queued", owner="somebody")
    assert [other.id for other in store.runs()] == [run.id]
    assert sorted(path.name for path in store.root.iterdir()) == [run.id]  # no temporary folder stays


def test_a_run_is_named_by_its_preset_or_its_layers(store):
    preset = PRESETS["tutorial_a"].config
    assert store.create(replace(preset, seed=7, epochs=3), "").read().name == "Tutorial A"
    assert (
        store.create(TrainingConfig(layers=(Dense(64, "relu"), Dense(32, "tanh"))), "").read().name
        == "64 relu - 32 tanh"
    )
    assert store.create(TrainingConfig(layers=()), "").read().name == "no hidden layer"


def test_runs_come_newest_first(store):
    runs = [store.create(TrainingConfig(seed=seed), "") for seed in range(3)]
    for age, run in enumerate(runs):
        run.path.rename(run.path.with_name(f"20260101-00000{age}-aaaaaa"))
    assert [run.id[14] for run in store.runs()] == ["2", "1", "0"]


@given(st.text(max_size=30))
def test_any_text_may_be_asked_for(tmp_path_factory, text):
    store = RunStore(tmp_path_factory.getbasetemp())
    assert store.get(text) is None


@pytest.mark.parametrize("text", ["../secret", "/etc", "20261121-194501-ab12cd/..", "", ".", "20261121-194501-AB12CD"])
def test_an_id_is_never_a_path(store, run, text):
    assert store.get(text) is None


def test_state_changes_as_a_whole(run):
    run.update(phase="running", activity="training")
    assert run.update(seconds=2.5) == run.state == State("running", "training", owner="somebody", seconds=2.5)
    assert not list(run.path.glob(".*"))


def test_readers_see_whole_states_while_a_writer_writes(run):
    over = threading.Event()
    seen = set()

    def look():
        while not over.is_set():
            seen.add(run.state.phase)

    reader = threading.Thread(target=look)
    reader.start()
    for step in range(100):
        run.update(phase="running", steps=step)
    over.set()
    reader.join()
    assert seen <= {"queued", "running"}


@pytest.mark.parametrize("name", ["state.json", "config.json"])
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b"null", b"\xff\x00", b'{"phase": "flying"}', b'{"phase": "running", "seconds": "x"}'],
)
def test_a_damaged_run_is_called_damaged_and_harms_no_other(store, run, name, content):
    other = store.create(TrainingConfig(), "")
    (run.path / name).write_bytes(content)
    assert run.state.phase == "damaged" and run.state.error.endswith(".") and run.state.ended
    assert run.read().name and run.read().created > 0
    assert other.state.phase == "queued" and len(store.runs()) == 2


def test_requests_add_up(run):
    assert run.requests == Requests(epochs=5, learning_rate=0.01)
    run.request("pause")
    run.request("learning_rate", value=0.5)
    assert run.requests == Requests("pause", 5, 0.5)
    with pytest.raises(ValueError):
        run.request("explode")


def test_a_run_is_renamed_and_gets_its_own_name_back(run):
    run.describe(name="  my <b>first</b>\nnetwork ")
    assert run.read().name == "my <b>first</b> network"
    with pytest.raises(UserError, match="at most 80"):
        run.describe(name="x" * 81)
    run.describe(name="")
    assert run.read().name == "32 relu"


def test_a_note_and_a_pin_are_kept_beside_the_name(run):
    run.describe(name="mine")
    run.describe(note="a <b>note</b>\nof two lines", pinned=True)
    assert run.read().label == Label("mine", "a <b>note</b>\nof two lines", True)
    with pytest.raises(UserError, match="at most 1,000"):
        run.describe(note="x" * 1001)
    (run.path / "meta.json").write_text('{"name": 3, "note": ["x"], "pinned": "yes"}')
    assert run.read().label == Label()


def test_a_deleted_run_can_be_had_back_for_a_day(store, run):
    store.delete(run)
    assert store.runs() == [] and store.get(run.id) is None
    assert [gone.id for gone in store.deleted()] == [run.id]
    assert store.restore(run.id).state == store.get(run.id).state
    store.delete(run)
    (gone,) = store.deleted()
    os.utime(gone.path, (0, 0))  # long ago
    assert store.deleted() == []
    for name in (run.id, "../runs", ""):
        with pytest.raises(UserError, match="for a day"):
            store.restore(name)


def test_only_runs_that_can_be_restored_no_longer_are_purged(store, run):
    other = store.create(TrainingConfig(), "")
    store.delete(run)
    store.delete(other)
    old, new = (store.root / TRASH / gone.id for gone in (run, other))
    os.utime(old, (0, 0))  # long ago
    assert [gone.id for gone in store.deleted()] == [other.id] and old.is_dir()  # looking removes nothing
    store.purge()
    assert new.is_dir() and not old.exists()
    store.restore(other.id)


@pytest.mark.parametrize("file, look", [("digits.npz", Run.digits), ("snapshots.npz", Run.snapshots)])
@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", b"not a zip"])
def test_what_was_kept_for_looking_may_be_missing_or_damaged(run, file, look, content):
    if content is not None:
        (run.path / file).write_bytes(content)
    assert look(run) is None


def test_a_root_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "runs").write_text("a file where the folder should be")
    with pytest.raises(UserError, match="must be writable"):
        RunStore(tmp_path / "runs").create(TrainingConfig(), "")


def test_silence_is_measured_from_the_last_sign_of_life(run):
    os.utime(run.path / "state.json", (0, 0))
    assert run.silence > 1e9
    run.live()
    assert run.silence < 60


def test_config_json_says_what_it_was_made_with(run):
    assert "numpy" in json.loads((run.path / "config.json").read_text())["versions"]


def test_live_runs_are_those_that_wait_or_train(store):
    runs = [store.create(TrainingConfig(), "") for _ in range(4)]
    runs[1].update(phase="running")
    runs[2].update(phase="finished", note='it says "queued" and "running"')
    (runs[3].path / "state.json").write_text('{"phase": "queued"')
    assert {run.id for run in store.live()} == {runs[0].id, runs[1].id}


def test_a_directory_tells_when_a_file_was_replaced_or_came(store, run):
    for change in (lambda: run.update(phase="running"), lambda: run.describe(name="x"), run.checkpoint.touch):
        os.utime(run.path, (0, 0))
        assert store.changed() == {run.id: 0}
        change()
        assert store.changed()[run.id] > 0


def test_two_runs_of_a_second_never_share_a_folder(tmp_path, monkeypatch):
    ids = iter(["20260101-000000-aaaaaa"] * 3 + ["20260101-000000-bbbbbb"])
    monkeypatch.setattr("trainer.runs.store.new_id", lambda: next(ids))
    store = RunStore(tmp_path / "runs")
    first, second = (store.create(TrainingConfig(), "me") for _ in range(2))
    assert [run.id for run in store.runs()] == [second.id, first.id]
