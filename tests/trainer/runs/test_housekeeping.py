"""Housekeeping: what leaves a full run root, in which order, and what stays."""

import os
import sys
from contextlib import contextmanager

import pytest

from trainer import UserError
from trainer.config.training import TrainingConfig
from trainer.runs.housekeeping import Housekeeping
from trainer.runs.store import RunStore
from trainer.storage.disk import used_bytes

MB = 1_000_000
pytestmark = [
    pytest.mark.usefixtures("own_cache_folder"),
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no room is taken without writing"),
]


@pytest.fixture
def own_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DIGITLAB_DISK", "0.1333334")  # 100 MB for runs


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def make(store, day, owner, megabytes=20, phase="finished", pinned=False):
    """Create a run of a day that takes so many megabytes, less a block or two."""
    run = store.create(TrainingConfig(), owner)
    path = store.root / f"202601{day:02}-000000-000000"
    run.path.rename(path)
    run = store.get(path.name)
    run.update(phase=phase)
    run.describe(pinned=pinned)
    with run.checkpoint.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, megabytes * MB - used_bytes(run.path) - 8_192)
    return run


def days(store):
    return [int(run.id[6:8]) for run in reversed(store.runs())]


def test_nothing_leaves_while_there_is_room(store):
    make(store, 1, "")
    keeper = Housekeeping(store)
    keeper.tidy()
    keeper.check_room()
    assert days(store) == [1] and keeper.notice == ""


def test_a_budget_that_is_no_number_is_a_sentence_at_the_start(store, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DISK", "plenty")
    with pytest.raises(UserError, match="DIGITLAB_DISK must be a number of GB"):
        Housekeeping(store)


def test_runs_of_nobody_leave_before_those_of_whoever_takes_the_most_and_the_oldest_first(store):
    for day, owner in enumerate(["big", "big", "small", "", "big", "small"], start=1):
        make(store, day, owner)
    keeper = Housekeeping(store)
    keeper.tidy()  # 120 MB: 90 may stay
    assert days(store) == [2, 3, 5, 6]
    assert "2 runs were deleted for lack of room" in keeper.notice and "without a pin" in keeper.notice
    keeper.check_room()
    assert store.deleted() == []  # gone for good: in the trash they would still take room


def test_deleted_runs_leave_before_any_other(store):
    for day in range(1, 7):
        make(store, day, "me")
    for day in (3, 5):
        store.delete(store.get(f"202601{day:02}-000000-000000"))
    Housekeeping(store).tidy()
    assert days(store) == [1, 2, 4, 6] and store.deleted() == []


def test_what_is_pinned_or_has_not_ended_stays(store, monkeypatch):
    make(store, 1, "me", 10, pinned=True)
    for day, phase in enumerate(["queued", "running", "paused", "finished"], start=2):
        make(store, day, "me", 30, phase=phase)
    keeper = Housekeeping(store)
    keeper.tidy()
    assert days(store) == [1, 2, 3, 4]
    make(store, 9, "me", 20, phase="running")
    keeper.tidy()
    assert days(store) == [1, 2, 3, 4, 9]
    with pytest.raises(UserError, match=r"may take 0\.1 GB \(got 0\.1 GB\): delete runs"):
        keeper.check_room()


def test_pins_protect_no_more_than_a_visitors_share(store):
    for day in range(1, 7):
        make(store, day, "hog", 5 if day == 6 else 22, pinned=True)
    make(store, 7, "me", 5, pinned=True)
    Housekeeping(store).tidy()
    assert days(store) == [3, 4, 5, 6, 7]


def test_a_run_that_was_resumed_meanwhile_stays(store):
    old = make(store, 1, "me", 60)
    make(store, 2, "me", 60)

    @contextmanager
    def lock(run_id):
        """Stand in for the lock of a run whose owner has just resumed it."""
        if run_id == old.id:
            old.update(phase="queued")
        yield

    keeper = Housekeeping(store, lock)
    keeper.tidy()
    assert days(store) == [1] and old.path.is_dir()
    assert "1 run was deleted for lack of room" in keeper.notice


def test_what_a_link_leads_to_stays(store, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(bytes(10))
    store.root.mkdir(parents=True)
    link = store.root / "20260101-000000-000000"
    link.symlink_to(outside)
    make(store, 2, "", 200)
    Housekeeping(store).tidy()
    assert (outside / "file").is_file() and days(store) == [] and link.is_symlink()
