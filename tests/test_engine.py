import os
import signal
import subprocess
import sys

import psutil
import pytest

from tests.jobs import run_until_told as job
from tests.jobs import wait_for
from trainer import UserError
from trainer.config import TrainingConfig
from trainer.engine import Engine
from trainer.runs import RunStore

CONFIG = TrainingConfig()


@pytest.fixture
def engine(cluster, tmp_path):
    engine = Engine(tmp_path / "runs", address=cluster.scheduler_address, job=job)
    yield engine
    for run in engine.runs.runs():
        (run.path / "go").touch()
    wait_for(lambda: all(run.state.ended for run in engine.runs.runs()))
    engine.close()


def phases(engine, ids):
    return [engine.runs.get(run_id).state.phase for run_id in ids]


def test_runs_start_first_in_first_out_and_the_rest_know_their_place(engine):
    ids = [engine.submit(CONFIG) for _ in range(5)]
    wait_for(lambda: phases(engine, ids[:2]) == ["running"] * 2)
    assert phases(engine, ids[2:]) == ["queued"] * 3
    assert [engine.position(run_id) for run_id in ids] == [0, 0, 1, 2, 3]
    (engine.runs.get(ids[1]).path / "go").touch()
    wait_for(lambda: phases(engine, ids) == ["running", "finished", "running", "queued", "queued"])
    assert [engine.position(run_id) for run_id in ids] == [0, 0, 0, 1, 2]


def test_submit_returns_before_anything_is_trained(engine):
    run_id = engine.submit(CONFIG)
    assert engine.runs.get(run_id).config == CONFIG


def test_a_queued_run_can_be_stopped_by_its_owner_alone(engine):
    ids = [engine.submit(CONFIG, owner="me") for _ in range(4)]
    wait_for(lambda: phases(engine, ids[:2]) == ["running"] * 2)
    with pytest.raises(UserError, match="Only who started"):
        engine.request(ids[2], "stop", owner="somebody else")
    engine.request(ids[2], "stop", owner="me")
    assert engine.runs.get(ids[2]).state.phase == "stopped"
    assert [engine.position(run_id) for run_id in ids[2:]] == [0, 1]


def test_a_request_for_a_running_run_reaches_its_directory(engine):
    run_id = engine.submit(CONFIG, owner="me")
    wait_for(lambda: phases(engine, [run_id]) == ["running"])
    engine.request(run_id, "stop", owner="me")
    assert [request["kind"] for request in engine.runs.get(run_id).requests()] == ["stop"]
    with pytest.raises(UserError, match="gone"):
        engine.request("20260101-000000-aaaaaa", "stop")


def test_a_killed_worker_interrupts_its_run_alone_and_the_next_goes_on(engine):
    ids = [engine.submit(CONFIG) for _ in range(3)]
    wait_for(lambda: phases(engine, ids[:2]) == ["running"] * 2)
    os.kill(int(engine.runs.get(ids[0]).state.device), signal.SIGKILL)
    wait_for(lambda: phases(engine, ids) == ["interrupted", "running", "running"])
    assert "kept" in engine.runs.get(ids[0]).state.error


def test_a_run_root_serves_one_engine(engine, cluster):
    with pytest.raises(UserError, match="one server at a time"):
        Engine(engine.runs.root, address=cluster.scheduler_address, job=job)


def test_a_new_engine_takes_up_what_waited_and_marks_what_died(cluster, tmp_path):
    store = RunStore(tmp_path / "runs")
    dead, waited = store.create(CONFIG, ""), store.create(CONFIG, "")
    dead.update(phase="running")
    os.utime(dead.path / "state.json", (0, 0))  # the last sign of life is long ago
    (waited.path / "go").touch()
    engine = Engine(store.root, address=cluster.scheduler_address, job=job)
    wait_for(lambda: dead.state.phase == "interrupted" and waited.state.phase == "finished")
    engine.close()


def test_a_damaged_run_does_not_stop_the_engine(cluster, tmp_path):
    store = RunStore(tmp_path / "runs")
    damaged = store.create(CONFIG, "")
    (damaged.path / "state.json").write_text("{")
    engine = Engine(store.root, address=cluster.scheduler_address, job=job)
    run_id = engine.submit(CONFIG)
    (engine.runs.get(run_id).path / "go").touch()
    wait_for(lambda: phases(engine, [run_id]) == ["finished"])
    assert damaged.state.phase == "damaged"
    engine.close()


SERVER = """
import sys, time
from pathlib import Path
from trainer.engine import Engine
engine = Engine(Path(sys.argv[1]), slots=1)
while not engine.ready:
    time.sleep(0.1)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_the_server(tmp_path, how):
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert server.stdout.readline() == "ready\n"
    family = psutil.Process(server.pid).children(recursive=True)
    assert len(family) >= 2  # the host and a worker
    server.send_signal(how)
    server.wait(timeout=60)
    server.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def test_a_host_that_dies_is_replaced_and_its_runs_are_interrupted(tmp_path):
    engine = Engine(tmp_path / "runs", slots=1, job=job)
    try:
        first = engine.submit(CONFIG)
        wait_for(lambda: phases(engine, [first]) == ["running"], 120)
        host = next(p for p in psutil.Process().children() if "trainer.host" in p.cmdline())
        host.kill()
        second = engine.submit(CONFIG)
        (engine.runs.get(second).path / "go").touch()
        wait_for(lambda: phases(engine, [first, second]) == ["interrupted", "finished"], 120)
    finally:
        engine.close()
