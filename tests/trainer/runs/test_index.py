"""Run index: rows, the cache in memory and in its file, search and sorting."""

import json
import os
from dataclasses import asdict, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.waiting import wait_for
from trainer.config.layers import Dense
from trainer.config.optimizers import Adam
from trainer.config.training import TrainingConfig
from trainer.runs import index
from trainer.runs.index import INDEX_FILE, RunIndex, RunRow, read_row, search, sort_rows
from trainer.runs.state import State
from trainer.runs.store import RunStore
from trainer.storage.files import json_line


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def trained(store, accuracies=(0.5, 0.75), **state):
    """Create a run that has ended, long ago by its directory's modification time."""
    run = store.create(TrainingConfig(layers=(Dense(16, "relu"),), epochs=5, optimizer=Adam()), owner="somebody")
    lines = [
        {"kind": kind, "epoch": epoch, "step": 10 * epoch, "loss": 1.0, "val_accuracy": accuracy}
        for epoch, accuracy in enumerate(accuracies, 1)
        for kind in ("batch", "epoch")
    ]
    (run.path / "history.jsonl").write_bytes(b"".join(map(json_line, lines)))
    run.update(**{"phase": "finished", "test_accuracy": 0.625, "seconds": 3.5, "device": "CPU"} | state)
    settle(run)
    return run


def settle(run, seconds=1_700_000_000):
    os.utime(run.path, (seconds, seconds))


def read_directly(store):
    return [read_row(run) for run in store.runs()]


def test_a_row_has_everything_that_the_list_shows(store):
    run = trained(store, drawings=12, val_accuracy=0.7)
    run.describe(name="mine", note="a note", pinned=True)
    (row,) = RunIndex(store).rows()
    assert row == RunRow(
        id=run.id,
        name="mine",
        network="16 relu",
        parameters=784 * 16 + 16 + 16 * 10 + 10,
        optimizer="Adam",
        learning_rate=0.01,
        epochs=2,
        planned=5,
        val_accuracy=0.7,
        test_accuracy=0.625,
        seconds=3.5,
        device="CPU",
        dataset="mnist",
        created=run.read().created,
        phase="finished",
        spark=(0.5, 0.75),
        note="a note",
        pinned=True,
        owner="somebody",
        parent="",
        group="",
        drawings=12,
        has_network=False,
    )
    assert not row.live


def test_queued_and_damaged_runs_have_rows_too(store):
    waiting = store.create(TrainingConfig(), owner="", parent="shipped", group="a sweep")
    damaged = trained(store)
    (damaged.path / "config.json").write_text("{")
    (damaged.path / "history.jsonl").write_bytes(b'\xff\n{"kind": "epoch", "epoch": 1, "val_accuracy": NaN}\nnull')
    rows = {row.id: row for row in RunIndex(store).rows()}
    assert rows[waiting.id].phase == "queued" and rows[waiting.id].live and rows[waiting.id].spark == ()
    assert (rows[waiting.id].parent, rows[waiting.id].group) == ("shipped", "a sweep")
    row = rows[damaged.id]
    assert row.phase == "damaged" and not row.live and row.network == "" and row.parameters is None
    assert row.val_accuracy is None and row.owner == "somebody"
    json.dumps(row, allow_nan=False)  # the browser gets it


def test_the_spark_line_of_a_long_training_is_short_and_ends_with_its_last_epoch(store):
    accuracies = [place / 200 for place in range(1, 200)]
    trained(store, accuracies)
    (row,) = RunIndex(store).rows()
    assert 2 < len(row.spark) <= index.MAX_SPARK_POINTS and row.spark[-1] == accuracies[-1] and row.epochs == 199


def test_the_index_notices_every_change(store):
    known = RunIndex(store)
    assert known.rows() == []
    run, other = trained(store), trained(store)
    assert known.rows() == read_directly(store)
    run.describe(name="renamed")
    assert known.rows() == read_directly(store)
    settle(run, 1_700_000_001)
    known.rows()
    run.update(phase="queued")
    assert known.rows() == read_directly(store)
    with (run.path / "history.jsonl").open("ab") as history:
        history.write(json_line({"kind": "epoch", "epoch": 3, "step": 30, "loss": 1.0, "val_accuracy": 0.875}))
    settle(run, 1_700_000_001)
    assert known.rows()[1 if run.id < other.id else 0].epochs == 3  # a live run is read each time
    store.delete(run)
    assert [row.id for row in known.rows()] == [other.id]
    store.restore(run.id)
    assert known.rows() == read_directly(store)


def test_changes_within_one_tick_of_the_clock_are_noticed(store):
    known, run = RunIndex(store), trained(store)
    os.utime(run.path)  # now
    now = run.path.stat().st_mtime_ns
    known.rows()
    run.describe(name="renamed")
    os.utime(run.path, ns=(now, now))
    assert [row.name for row in known.rows()] == ["renamed"]


def saved(store, monkeypatch):
    """Return the rows of an index that has saved them in its file."""
    monkeypatch.setattr(index, "MAX_UNSAVED_ROWS", 0)
    rows = RunIndex(store).rows()
    wait_for((store.root / INDEX_FILE).is_file)
    return rows


def test_after_a_restart_only_changed_runs_are_read(store, monkeypatch):
    runs = [trained(store) for _ in range(5)]
    rows = saved(store, monkeypatch)
    runs[3].describe(note="changed since")
    runs.append(store.create(TrainingConfig(), ""))
    ids = []
    monkeypatch.setattr(index, "read_row", lambda run: ids.append(run.id) or read_row(run))
    after = RunIndex(store).rows()
    assert sorted(ids) == sorted([runs[3].id, runs[5].id])
    assert after == read_directly(store) and len(set(after) & set(rows)) == 4


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0, 10_000), content=st.binary(max_size=20))
def test_a_damaged_file_of_rows_changes_nothing(store, monkeypatch, place, content):
    if not store.runs():
        for _ in range(3):
            trained(store)
        saved(store, monkeypatch)
        (store.root / "whole").write_bytes((store.root / INDEX_FILE).read_bytes())
    whole = (store.root / "whole").read_bytes()
    place %= len(whole)
    (store.root / INDEX_FILE).write_bytes(whole[:place] + content)
    assert RunIndex(store).rows() == read_directly(store)


def test_very_many_unread_runs_are_read_in_the_background_newest_first(store, monkeypatch):
    monkeypatch.setattr(index, "MAX_READ_AT_ONCE", 2)
    for _ in range(6):
        trained(store)
    known = RunIndex(store)
    first = known.rows()
    assert first[:2] == read_directly(store)[:2]
    known.wait()
    assert known.progress is None and known.rows() == read_directly(store)


def test_a_missing_folder_has_no_rows(store):
    assert RunIndex(store).rows() == []


ROW = RunRow(
    id="20260101-000000-aaaaaa",
    name="b",
    network="",
    parameters=None,
    optimizer="SGD",
    learning_rate=None,
    epochs=0,
    planned=0,
    val_accuracy=None,
    test_accuracy=None,
    seconds=0.0,
    device="",
    dataset="cifar10",
    created=1.0,
    phase="queued",
    spark=(),
    note="",
    pinned=False,
    owner="somebody",
    parent="",
    group="",
    drawings=0,
    has_network=False,
)


def test_search_ignores_case(store):
    rows = [ROW._replace(name="Tutorial A"), ROW._replace(note="tried Ärger"), ROW._replace(network="64 relu")]
    assert search(rows, "") == rows
    assert search(rows, " tutORIAL  sgd") == rows[:1]
    assert search(rows, "ÄRGER") == rows[1:2]
    assert search(rows, "CIFAR-10 relu") == rows[2:]
    assert search(rows, "relu adam") == []


def test_unknown_values_come_last_and_pinned_runs_first():
    low, high, none = (ROW._replace(id=str(value), test_accuracy=value) for value in (0.1, 0.9, None))
    assert sort_rows([none, low, high], "test_accuracy", True) == [high, low, none]
    assert sort_rows([none, low, high], "test_accuracy", False) == [low, high, none]
    pinned = low._replace(pinned=True)
    assert sort_rows([none, high, pinned], "test_accuracy", True, "somebody") == [pinned, high, none]
    assert sort_rows([none, high, pinned], "test_accuracy", True, "somebody else") == [high, pinned, none]


rows = st.builds(
    ROW._replace,
    name=st.text(max_size=5),
    parameters=st.none() | st.integers(1, 99),
    seconds=st.floats(0, 9),
    pinned=st.booleans(),
)


@given(st.lists(rows, max_size=8), st.sampled_from(("name", "parameters", "seconds")), st.booleans())
def test_sorting_keeps_all_rows_in_ascending_or_descending_order(unsorted, by, falling):
    listed = sort_rows(unsorted, by, falling)
    assert sorted(listed, key=repr) == sorted(unsorted, key=repr)
    known = [value for row in listed if (value := getattr(row, by)) not in (None, "", 0)]
    known = [value.lower() if by == "name" else value for value in known]
    assert known == sorted(known, reverse=falling)


def test_impossible_numbers_of_a_state_are_unknown(store):
    run = trained(store)
    (run.path / "state.json").write_text(json.dumps(asdict(replace(State("finished"), test_accuracy=7.0, seconds=-1))))
    (row,) = RunIndex(store).rows()
    assert row.test_accuracy is None and row.seconds == 0
