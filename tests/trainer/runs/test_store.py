"""Store of runs: create, list, delete, restore and purge them."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer import UserError
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.runs.index import read_row
from trainer.runs.state import State
from trainer.runs.store import TRASH, RunStore, all_or_none


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def run(store):
    return store.create(TrainingConfig(), owner="somebody")


def test_a_new_run_is_queued_with_its_config(store):
    config = PRESETS["small_cnn"].config
    run = store.create(config, owner="somebody")
    assert run.config == config
    assert run.state == State("queued", owner="somebody")
    assert [other.id for other in store.runs()] == [run.id]
    assert sorted(path.name for path in store.root.iterdir()) == [run.id]  # no temporary folder is left


def test_config_json_contains_the_package_versions(run):
    assert "numpy" in json.loads((run.path / "config.json").read_text())["versions"]


def test_runs_are_listed_newest_first(store):
    runs = [store.create(TrainingConfig(seed=seed), "") for seed in range(3)]
    for age, run in enumerate(runs):
        run.path.rename(run.path.with_name(f"20260101-00000{age}-aaaaaa"))
    assert [run.id[14] for run in store.runs()] == ["2", "1", "0"]


@given(st.text(max_size=30))
def test_any_text_can_be_looked_up(tmp_path_factory, text):
    store = RunStore(tmp_path_factory.getbasetemp())
    assert store.get(text) is None


@pytest.mark.parametrize("text", ["../secret", "/etc", "20261121-194501-ab12cd/..", "", ".", "20261121-194501-AB12CD"])
def test_an_id_is_never_a_path(store, run, text):
    assert store.get(text) is None


def test_two_runs_of_the_same_second_get_different_folders(tmp_path, monkeypatch):
    ids = iter(["20260101-000000-aaaaaa"] * 3 + ["20260101-000000-bbbbbb"])
    monkeypatch.setattr("trainer.runs.store.new_id", lambda: next(ids))
    store = RunStore(tmp_path / "runs")
    first, second = (store.create(TrainingConfig(), "me") for _ in range(2))
    assert [run.id for run in store.runs()] == [second.id, first.id]


def test_a_run_with_a_given_id_never_replaces_another(store):
    run = store.create(TrainingConfig(), "me", run_id=store.new_id())
    with pytest.raises(UserError):
        store.create(TrainingConfig(), "somebody else", run_id=run.id)
    assert [(run.id, run.state.owner) for run in store.runs()] == [(run.id, "me")]


def test_a_root_that_cannot_be_written_is_a_user_error(tmp_path):
    (tmp_path / "runs").write_text("a file in place of the folder")
    with pytest.raises(UserError, match="must be writable"):
        RunStore(tmp_path / "runs").create(TrainingConfig(), "")


def test_if_one_run_cannot_be_created_none_is_left(store):
    with pytest.raises(UserError, match=r"must be writable \(got: No space left"), all_or_none() as created:
        created.append(store.create(TrainingConfig(), ""))
        raise OSError(28, "No space left on device")
    assert store.runs() == []


def test_live_runs_are_queued_or_running(store):
    runs = [store.create(TrainingConfig(), "") for _ in range(4)]
    runs[1].update(phase="running")
    runs[2].update(phase="finished", note='it says "queued" and "running"')
    (runs[3].path / "state.json").write_text('{"phase": "queued"')
    assert {run.id for run in store.live()} == {runs[0].id, runs[1].id}


def test_a_directorys_time_changes_when_a_file_is_replaced_or_added(store, run):
    for change in (lambda: run.update(phase="running"), lambda: run.describe(name="x"), run.checkpoint.touch):
        os.utime(run.path, (0, 0))
        assert store.modified_times() == {run.id: 0}
        change()
        assert store.modified_times()[run.id] > 0


def test_leftovers_of_killed_writers_are_removed_but_not_from_live_runs(store):
    ended, live = store.create(TrainingConfig(), ""), store.create(TrainingConfig(), "")
    ended.update(phase="finished")
    for folder in (ended.path, live.path):
        (folder / ".temporary").touch()
    (store.root / ".new-incomplete").mkdir()
    store.remove_leftovers(before=0)
    assert (ended.path / ".temporary").exists()  # it is newer
    store.remove_leftovers(before=float("inf"))
    assert not (ended.path / ".temporary").exists() and (live.path / ".temporary").exists()
    assert not (store.root / ".new-incomplete").exists()


def test_a_deleted_run_can_be_restored_for_24_hours(store, run):
    store.delete(run)
    assert store.runs() == [] and store.get(run.id) is None
    assert [deleted.id for deleted in store.deleted()] == [run.id]
    assert store.restore(run.id).state == store.get(run.id).state
    store.delete(run)
    (deleted,) = store.deleted()
    os.utime(deleted.path, (0, 0))  # long ago
    assert store.deleted() == []
    for name in (run.id, "../runs", ""):
        with pytest.raises(UserError, match="for 24 hours"):
            store.restore(name)


def test_only_runs_that_can_no_longer_be_restored_are_purged(store, run):
    other = store.create(TrainingConfig(), "")
    store.delete(run)
    store.delete(other)
    old, new = (store.root / TRASH / deleted.id for deleted in (run, other))
    os.utime(old, (0, 0))  # long ago
    assert [deleted.id for deleted in store.deleted()] == [other.id] and old.is_dir()  # listing removes nothing
    store.purge()
    assert new.is_dir() and not old.exists()
    store.restore(other.id)


@pytest.mark.parametrize("levels", [900, 990, 1_000, 100_000])
@pytest.mark.parametrize("name", ["state.json", "config.json", "meta.json", "requests.jsonl", "history.jsonl"])
def test_deeply_nested_files_of_a_run_stop_no_reader(store, run, name, levels):
    waiting = store.create(TrainingConfig(), owner="somebody")
    deep = "[" * levels + "]" * levels
    (run.path / name).write_text(f'{{"phase": "queued", "kind": "epoch", "config": {{"a": {deep}}}, "name": {deep}}}\n')
    assert waiting.id in [one.id for one in store.live()]
    view = run.read()
    assert (view.state.phase == "damaged") == (name in ("state.json", "config.json"))
    assert read_row(run).id == run.id and store.history(run) == []
