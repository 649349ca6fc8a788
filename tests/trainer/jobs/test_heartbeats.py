"""Heartbeats of jobs that this engine did not start."""

import os
import time

import pytest

from trainer.config.training import TrainingConfig
from trainer.jobs import heartbeats
from trainer.jobs.heartbeats import Heartbeats
from trainer.runs import lease
from trainer.runs.store import RunStore


@pytest.fixture
def run(tmp_path):
    return RunStore(tmp_path / "runs").create(TrainingConfig(), "")


@pytest.fixture
def clock(monkeypatch):
    """A monotonic clock that a test can advance."""
    now = [1_000.0]
    monkeypatch.setattr(heartbeats.time, "monotonic", lambda: now[0])
    return now


def test_a_run_with_heartbeats_is_alive_whatever_its_clock_says(run, clock):
    watched = Heartbeats()
    watched.watch(run)
    for beat in range(5):
        os.utime(run.path / "state.json", (beat, beat))  # by a clock of 1970
        clock[0] += 2 * heartbeats.TIMEOUT_SECONDS
        assert not watched.is_dead(run)
    assert watched.watched == [run.id]


def test_a_run_whose_last_heartbeat_is_long_ago_is_soon_dead(run, clock):
    os.utime(run.path / "state.json", (0, 0))
    watched = Heartbeats()
    watched.watch(run)
    clock[0] += heartbeats.MIN_WATCH_SECONDS - 0.1
    assert not watched.is_dead(run)
    clock[0] += 0.2
    assert watched.is_dead(run)


def test_a_run_whose_heartbeats_stop_is_dead_after_the_timeout(run, clock):
    future = time.time() + 3_600  # its clock is ahead
    os.utime(run.path / "state.json", (future, future))
    watched = Heartbeats()
    watched.watch(run)
    clock[0] += heartbeats.TIMEOUT_SECONDS - 0.1
    assert not watched.is_dead(run)
    clock[0] += 0.2
    assert watched.is_dead(run)


def test_a_lease_proves_life_anywhere_and_death_on_this_machine(run, clock):
    watched = Heartbeats()
    watched.watch(run)
    with lease.hold(run):
        clock[0] += 2 * heartbeats.TIMEOUT_SECONDS
        assert not watched.is_dead(run) and watched.silence(run) == 2 * heartbeats.TIMEOUT_SECONDS
    run.heartbeat()
    assert not watched.is_dead(run, remote=False)
    clock[0] += heartbeats.MIN_WATCH_SECONDS + 0.1
    assert not watched.is_dead(run) and watched.is_dead(run, remote=False)


def test_a_forgotten_run_is_no_longer_watched(run):
    watched = Heartbeats()
    watched.watch(run)
    watched.forget(run.id)
    assert watched.watched == []
