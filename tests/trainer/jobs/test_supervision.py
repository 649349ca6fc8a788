"""Supervision of running jobs: hung workers, jobs that do not end, and workers that keep too much memory."""

from dataclasses import replace

import pytest

from trainer.config.training import TrainingConfig
from trainer.jobs import testing
from trainer.jobs.cluster import Worker
from trainer.jobs.supervision import HANG_SECONDS, MAX_GROWTH, STOP_SECONDS, Supervision
from trainer.runs.state import TESTING, TRAINING
from trainer.runs.store import RunStore

CONFIG = TrainingConfig(time_limit=60)
WORKER = Worker("tcp://worker", "tcp://nanny", 1.0, ("key",), 1_000_000_000)


@pytest.fixture
def run(tmp_path):
    run = RunStore(tmp_path / "runs").create(CONFIG, "")
    run.update(phase="running", activity=TRAINING)
    return run


def test_a_worker_without_heartbeats_is_ended_once_in_a_while(run, clock):
    supervised = Supervision()
    assert not supervised.observe([WORKER], {"key": run})
    clock[0] += HANG_SECONDS - 1
    assert not supervised.observe([replace(WORKER, last_heartbeat=2.0)], {"key": run})
    clock[0] += HANG_SECONDS + 1
    hung = replace(WORKER, last_heartbeat=2.0)
    assert supervised.observe([hung], {"key": run}) == {"tcp://worker": "it gives no heartbeat"}
    assert not supervised.observe([hung], {"key": run})


def test_the_silence_of_a_run_is_the_age_of_its_heartbeat(run, clock):
    supervised = Supervision()
    assert supervised.silence(run) == 0
    supervised.observe([WORKER], {"key": run})
    clock[0] += 12
    assert supervised.silence(run) == 12
    run.heartbeat()
    assert supervised.silence(run) == 0


@pytest.mark.parametrize(
    ("activity", "seconds"), [(TRAINING, STOP_SECONDS), (TESTING, STOP_SECONDS + 2 * testing.MAX_SECONDS)]
)
@pytest.mark.parametrize("end", ["stop", "pause"])
def test_a_job_that_does_not_end_on_request_loses_its_worker(run, clock, end, activity, seconds):
    supervised, beats = Supervision(), iter(range(10))

    def observe():
        return supervised.observe([replace(WORKER, last_heartbeat=next(beats))], {"key": run})

    run.update(activity=activity)
    clock[0] += 1000
    assert not observe()
    run.request(end)
    assert not observe()
    clock[0] += seconds - 0.1
    assert not observe()
    clock[0] += 0.2
    assert observe() == {"tcp://worker": "its job does not end"}


def test_a_job_that_goes_on_after_its_time_limit_gets_the_request_to_stop(run, clock):
    supervised = Supervision()
    supervised.observe([], {"key": run})
    clock[0] += CONFIG.time_limit
    supervised.observe([], {"key": run})
    assert not run.requests.end
    clock[0] += STOP_SECONDS + 0.1
    supervised.observe([], {"key": run})
    assert run.requests.end == "stop"


def test_an_idle_worker_whose_memory_has_grown_is_replaced(run, clock):
    supervised = Supervision()
    idle, grown = replace(WORKER, keys=()), WORKER.memory + MAX_GROWTH + 1
    assert not supervised.observe([replace(idle, memory=WORKER.memory - MAX_GROWTH - 1)], {})
    assert not supervised.observe([idle], {}), "Keras has been loaded"
    assert not supervised.observe([WORKER], {"key": run}), "a training needs no less"
    assert not supervised.observe([idle], {})
    assert not supervised.observe([replace(WORKER, memory=grown)], {"key": run}), "a training may need it"
    assert supervised.observe([replace(idle, memory=grown)], {}) == {"tcp://worker": "its memory has grown"}
