import json
import os
from dataclasses import asdict, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.waiting import wait_for
from trainer.config.layers import Dense
from trainer.config.training import Adam, TrainingConfig
from trainer.runs import index
from trainer.runs.index import FILE, Row, RunIndex, found, in_order, read
from trainer.runs.state import State
from trainer.runs.store import RunStore
from trainer.storage.files import line


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def trained(store, accuracies=(0.5, 0.75), **state):
    """Make a run that has ended, long ago as far as its directory's clock tells."""
    run = store.create(TrainingConfig(layers=(Dense(16, "relu"),), epochs=5, optimizer=Adam()), owner="somebody")
    lines = [
        {"kind": kind, "epoch": epoch, "step": 10 * epoch, "loss": 1.0, "val_accuracy": accuracy}
        for epoch, accuracy in enumerate(accuracies, 1)
        for kind in ("batch", "epoch")
    ]
    (run.path / "history.jsonl").write_bytes(b"".join(map(line, lines)))
    run.update(**{"phase": "finished", "test_accuracy": 0.625, "seconds": 3.5, "device": "CPU"} | state)
    settle(run)
    return run


def settle(run, seconds=1_700_000_000):
    os.utime(run.path, (seconds, seconds))


def plainly(store):
    return [read(run) for run in store.runs()]


def test_a_row_says_what_a_list_needs(store):
    run = trained(store, drawings=12)
    run.describe(name="mine", note="a note", pinned=True)
    (row,) = RunIndex(store).rows()
    assert row == Row(
        id=run.id,
        name="mine",
        network="16 relu",
        parameters=784 * 16 + 16 + 16 * 10 + 10,
        optimizer="Adam",
        learning_rate=0.01,
        epochs=2,
        planned=5,
        val_accuracy=0.75,
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


def test_a_run_that_only_waits_and_one_that_is_damaged_are_rows_too(store):
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
    json.dumps(row, allow_nan=False)  # for a browser


def test_a_long_training_has_a_short_line_that_ends_where_it_ended(store):
    accuracies = [place / 200 for place in range(1, 200)]
    trained(store, accuracies)
    (row,) = RunIndex(store).rows()
    assert 2 < len(row.spark) <= index.POINTS and row.spark[-1] == accuracies[-1] and row.epochs == 199


def test_every_change_is_seen_by_a_ledger_that_has_looked_before(store):
    known = RunIndex(store)
    assert known.rows() == []
    run, other = trained(store), trained(store)
    assert known.rows() == plainly(store)
    run.describe(name="renamed")
    assert known.rows() == plainly(store)
    settle(run, 1_700_000_001)
    known.rows()
    run.update(phase="queued")
    assert known.rows() == plainly(store)
    with (run.path / "history.jsonl").open("ab") as history:
        history.write(line({"kind": "epoch", "epoch": 3, "step": 30, "loss": 1.0, "val_accuracy": 0.875}))
    settle(run, 1_700_000_001)
    assert known.rows()[1 if run.id < other.id else 0].epochs == 3  # a live run is read anew each time
    store.delete(run)
    assert [row.id for row in known.rows()] == [other.id]
    store.restore(run.id)
    assert known.rows() == plainly(store)


def test_changes_within_one_tick_of_the_clock_are_seen(store):
    known, run = RunIndex(store), trained(store)
    os.utime(run.path)  # now
    now = run.path.stat().st_mtime_ns
    known.rows()
    run.describe(name="renamed")
    os.utime(run.path, ns=(now, now))
    assert [row.name for row in known.rows()] == ["renamed"]


def kept(store, monkeypatch):
    """Let a ledger keep its rows in its file."""
    monkeypatch.setattr(index, "UNSAVED", 0)
    rows = RunIndex(store).rows()
    wait_for((store.root / FILE).is_file)
    return rows


def test_the_next_start_reads_only_what_has_changed(store, monkeypatch):
    runs = [trained(store) for _ in range(5)]
    rows = kept(store, monkeypatch)
    runs[3].describe(note="changed since")
    runs.append(store.create(TrainingConfig(), ""))
    looked = []
    monkeypatch.setattr(index, "read", lambda run: looked.append(run.id) or read(run))
    after = RunIndex(store).rows()
    assert sorted(looked) == sorted([runs[3].id, runs[5].id])
    assert after == plainly(store) and len(set(after) & set(rows)) == 4


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0, 10_000), content=st.binary(max_size=20))
def test_a_damaged_file_of_rows_changes_nothing(store, monkeypatch, place, content):
    if not store.runs():
        for _ in range(3):
            trained(store)
        kept(store, monkeypatch)
        (store.root / "whole").write_bytes((store.root / FILE).read_bytes())
    whole = (store.root / "whole").read_bytes()
    place %= len(whole)
    (store.root / FILE).write_bytes(whole[:place] + content)
    assert RunIndex(store).rows() == plainly(store)


def test_very_many_unread_runs_are_read_beside_the_newest_first(store, monkeypatch):
    monkeypatch.setattr(index, "AT_ONCE", 2)
    for _ in range(6):
        trained(store)
    known = RunIndex(store)
    first = known.rows()
    assert first[:2] == plainly(store)[:2]
    known.wait()
    assert known.reading is None and known.rows() == plainly(store)


def test_a_folder_that_is_not_there_has_no_rows(store):
    assert RunIndex(store).rows() == []


ROW = Row(
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


def test_words_are_found_in_whatever_case(store):
    rows = [ROW._replace(name="Tutorial A"), ROW._replace(note="tried Ärger"), ROW._replace(network="64 relu")]
    assert found(rows, "") == rows
    assert found(rows, " tutORIAL  sgd") == rows[:1]
    assert found(rows, "ÄRGER") == rows[1:2]
    assert found(rows, "CIFAR-10 relu") == rows[2:]
    assert found(rows, "relu adam") == []


def test_what_is_not_known_comes_last_and_what_is_pinned_first():
    low, high, none = (ROW._replace(id=str(value), test_accuracy=value) for value in (0.1, 0.9, None))
    assert in_order([none, low, high], "test_accuracy", True) == [high, low, none]
    assert in_order([none, low, high], "test_accuracy", False) == [low, high, none]
    pinned = low._replace(pinned=True)
    assert in_order([none, high, pinned], "test_accuracy", True, "somebody") == [pinned, high, none]
    assert in_order([none, high, pinned], "test_accuracy", True, "somebody else") == [high, pinned, none]


rows = st.builds(
    ROW._replace,
    name=st.text(max_size=5),
    parameters=st.none() | st.integers(1, 99),
    seconds=st.floats(0, 9),
    pinned=st.booleans(),
)


@given(st.lists(rows, max_size=8), st.sampled_from(("name", "parameters", "seconds")), st.booleans())
def test_sorting_loses_nothing_and_rises_or_falls(unsorted, by, falling):
    listed = in_order(unsorted, by, falling)
    assert sorted(listed, key=repr) == sorted(unsorted, key=repr)
    known = [value for row in listed if (value := getattr(row, by)) not in (None, "", 0)]
    known = [value.lower() if by == "name" else value for value in known]
    assert known == sorted(known, reverse=falling)


def test_a_state_of_its_own_making_is_whole(store):  # guards the rows against a state that says nonsense
    run = trained(store)
    (run.path / "state.json").write_text(json.dumps(asdict(replace(State("finished"), test_accuracy=7.0, seconds=-1))))
    (row,) = RunIndex(store).rows()
    assert row.test_accuracy is None and row.seconds == 0
