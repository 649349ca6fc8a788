"""Engine: queueing, owners' requests, sweeps, and what happens when processes die.

Longer than 300 lines because the engine is one class.
"""

import errno
import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from unittest.mock import Mock

import dask
import numpy as np
import psutil
import pytest
from distributed import LocalCluster

from harness.waiting import TIMEOUT_SECONDS, wait_for
from tests.support.jobs import die_once, run_endlessly
from tests.support.jobs import run_until_released as job
from trainer import UserError
from trainer.config.shares import WAITING_RUNS, WAITING_SWEEP_RUNS
from trainer.config.training import TrainingConfig
from trainer.config.variation import Axis, Setting
from trainer.jobs.engine import Engine
from trainer.jobs.host import DASK_SETTINGS
from trainer.runs import lease
from trainer.runs.owner import owner_hash
from trainer.runs.requests import FollowedDrawing
from trainer.runs.run import Run
from trainer.runs.store import RunStore
from trainer.runs.sweep import Plan, Sweep
from trainer.storage.files import json_line

pytestmark = pytest.mark.slow  # starts processes

CONFIG = TrainingConfig()


@pytest.fixture
def engine(cluster, tmp_path):
    engine = Engine(tmp_path / "runs", address=cluster.scheduler_address, job=job)
    yield engine
    for run in engine.runs.runs():
        (run.path / "go").touch()
    wait_for(lambda: all(run.state.ended or run.state.phase == "paused" for run in engine.runs.runs()))
    engine.close()


def phases(engine, ids):
    return [engine.runs.get(run_id).state.phase for run_id in ids]


def test_runs_start_first_in_first_out_and_waiting_runs_have_a_position(engine):
    ids = [engine.submit(CONFIG) for _ in range(5)]
    wait_for(lambda: phases(engine, ids[:2]) == ["running"] * 2)
    assert phases(engine, ids[2:]) == ["queued"] * 3
    assert [engine.position(run_id) for run_id in ids] == [0, 0, 1, 2, 3]
    (engine.runs.get(ids[1]).path / "go").touch()
    wait_for(lambda: phases(engine, ids) == ["running", "finished", "running", "queued", "queued"])
    assert [engine.position(run_id) for run_id in ids] == [0, 0, 0, 1, 2]


def test_visitors_take_turns_and_each_sees_why_a_run_waits(engine):
    mine = [engine.submit(CONFIG, owner="me") for _ in range(4)]
    wait_for(lambda: phases(engine, mine[:2]) == ["running"] * 2)
    theirs = [engine.submit(CONFIG, owner=owner) for owner in ("a", "b")]
    assert [engine.position(run_id) for run_id in [*theirs, *mine[2:]]] == [1, 2, 3, 4]
    assert engine.reason_to_wait(mine[2]) == "visitors take turns, and 2 others come before you"
    for _ in range(3):
        engine.submit(CONFIG, owner="me")
    with pytest.raises(UserError, match="You may have at most 5 runs waiting"):
        engine.submit(CONFIG, owner="me")
    finish(engine, mine[0])
    wait_for(lambda: phases(engine, theirs) == ["running", "queued"])


def test_submit_returns_before_anything_is_trained(engine):
    run_id = engine.submit(CONFIG)
    assert engine.runs.get(run_id).config == CONFIG


def test_only_its_owner_can_stop_a_queued_run(engine):
    ids = [engine.submit(CONFIG, owner="me") for _ in range(4)]
    wait_for(lambda: phases(engine, ids[:2]) == ["running"] * 2)
    with pytest.raises(UserError, match="Only its owner"):
        engine.request(ids[2], "stop", owner="somebody else")
    engine.request(ids[2], "stop", owner="me")
    assert engine.runs.get(ids[2]).state.phase == "stopped"
    assert [engine.position(run_id) for run_id in ids[2:]] == [0, 1]


def test_a_request_for_a_running_run_reaches_its_directory(engine):
    run_id = engine.submit(CONFIG, owner="me")
    wait_for(lambda: phases(engine, [run_id]) == ["running"])
    engine.request(run_id, "learning_rate", owner="me", value=0.5)
    assert engine.runs.get(run_id).requests.learning_rate == 0.5
    engine.request(run_id, "stop", owner="me")
    wait_for(lambda: phases(engine, [run_id]) == ["stopped"])
    with pytest.raises(UserError, match="gone"):
        engine.request("20260101-000000-aaaaaa", "stop")


def test_a_paused_run_frees_its_slot_and_a_resumed_run_queues_again(engine):
    ids = [engine.submit(CONFIG, owner="me") for _ in range(4)]
    wait_for(lambda: phases(engine, ids) == ["running", "running", "queued", "queued"])
    engine.request(ids[0], "pause", owner="me")
    wait_for(lambda: phases(engine, ids) == ["paused", "running", "running", "queued"])
    with pytest.raises(UserError, match="Only its owner"):
        engine.request(ids[0], "resume", owner="somebody else")
    engine.request(ids[0], "resume", owner="me")
    assert phases(engine, ids[:1]) == ["queued"] and engine.position(ids[0]) == 2
    for run_id in ids[1:]:
        (engine.runs.get(run_id).path / "go").touch()
    wait_for(lambda: phases(engine, ids) == ["running", "finished", "finished", "finished"])


def test_quick_pauses_and_resumes_end_with_the_last_request(engine):
    run_id = engine.submit(CONFIG, owner="me")
    wait_for(lambda: phases(engine, [run_id]) == ["running"])
    for _ in range(5):
        engine.request(run_id, "pause", owner="me")
        wait_for(lambda: phases(engine, [run_id]) == ["paused"])
        engine.request(run_id, "resume", owner="me")
        wait_for(lambda: phases(engine, [run_id]) == ["running"])
    assert engine.runs.get(run_id).requests.end == ""


def test_a_queued_run_can_be_paused_and_stopped(engine):
    ids = [engine.submit(CONFIG, owner="me") for _ in range(4)]
    wait_for(lambda: phases(engine, ids[:2]) == ["running"] * 2)
    engine.request(ids[2], "pause", owner="me")
    assert phases(engine, ids[2:]) == ["paused", "queued"] and engine.position(ids[3]) == 1
    engine.request(ids[2], "stop", owner="me")
    assert phases(engine, ids[2:3]) == ["stopped"]


def test_a_paused_run_that_is_stopped_is_tested_by_a_worker(engine):
    run_id = engine.submit(CONFIG, owner="me")
    wait_for(lambda: phases(engine, [run_id]) == ["running"])
    engine.request(run_id, "pause", owner="me")
    wait_for(lambda: phases(engine, [run_id]) == ["paused"])
    engine.request(run_id, "stop", owner="me")
    wait_for(lambda: phases(engine, [run_id]) == ["stopped"])


def test_a_finished_run_can_train_for_one_more_epoch(engine):
    run_id = engine.submit(CONFIG, owner="me")
    run = engine.runs.get(run_id)
    (run.path / "go").touch()
    wait_for(lambda: run.state.phase == "finished")
    (run.path / "go").unlink()
    engine.request(run_id, "stop", owner="me")  # too late: it has no effect
    assert run.state.phase == "finished" and not run.requests.end
    engine.request(run_id, "epochs", owner="me", value=6)
    wait_for(lambda: run.state.phase == "running")
    (run.path / "go").touch()
    wait_for(lambda: run.state.phase == "finished")
    run.checkpoint.unlink()
    with pytest.raises(UserError, match="checkpoint"):
        engine.request(run_id, "epochs", owner="me", value=7)


def test_a_run_follows_its_owners_drawings(engine):
    pinned = FollowedDrawing("a1", 7, np.zeros((28, 28), np.float32))
    run = engine.runs.get(engine.submit(CONFIG, owner="me", drawings=[pinned]))
    assert [(drawing.id, drawing.label) for drawing in run.requests.drawings] == [("a1", 7)]


def test_the_waiting_time_is_estimated_from_the_running_trainings(engine):
    ids = [engine.submit(CONFIG) for _ in range(4)]
    wait_for(lambda: phases(engine, ids[:2]) == ["running"] * 2)
    for run_id, seconds in zip(ids[:2], (10.0, 40.0), strict=True):
        run = engine.runs.get(run_id)
        run.update(steps=100, examples=3200)
        lines = [{"kind": "batch", "epoch": 1, "step": step, "seconds": step * seconds / 400} for step in (1, 50, 100)]
        (run.path / "history.jsonl").write_bytes(b"".join(map(json_line, lines)))
    assert engine.wait_seconds(ids[0]) is None
    assert [engine.wait_seconds(run_id) for run_id in ids[2:]] == pytest.approx([10, 40])


def plan_of(seeds):
    """Return a plan over so many seeds."""
    return Plan(CONFIG, (Axis(Setting("seed"), tuple(range(seeds))),))


def finish(engine, run_id):
    (engine.runs.get(run_id).path / "go").touch()


def test_a_sweep_is_submitted_as_a_whole_with_names_made_of_its_values(engine):
    plan = Plan(CONFIG, (Axis(Setting("learning_rate"), (0.1, 1.0)), Axis(Setting("batch_size"), (32, 64))))
    sweep = engine.sweeps.get(engine.submit_sweep(plan, "me"))
    assert sweep.plan == plan and engine.sweeps.ids() == [sweep.id]
    runs = [engine.runs.get(run_id) for run_id in sweep.runs]
    assert [run.config for run in runs] == plan.configs
    assert [run.read().name for run in runs] == plan.names and {run.read().group for run in runs} == {sweep.id}
    assert [run.id for run in engine.runs.runs()][::-1] == sorted(sweep.runs)
    wait_for(lambda: sorted(phases(engine, sweep.runs)) == ["queued"] * 2 + ["running"] * 2)


def test_single_runs_start_before_those_of_sweeps_and_sweeps_take_turns(engine):
    first = [engine.submit(CONFIG, "another") for _ in range(2)]
    wait_for(lambda: phases(engine, first) == ["running"] * 2)
    mine, theirs = (engine.sweeps.get(engine.submit_sweep(plan_of(3), owner)).runs for owner in ("me", "they"))
    single = engine.submit(CONFIG, "somebody")
    order = [single, mine[0], theirs[0], mine[1], theirs[1], mine[2], theirs[2]]
    assert [engine.position(run_id) for run_id in order] == [*range(1, 8)] and engine.waiting_count == 7
    finish(engine, first[0])
    wait_for(lambda: phases(engine, [single]) == ["running"])
    late = engine.submit(CONFIG, "somebody")
    assert [engine.position(run_id) for run_id in [late, *order[1:]]] == [*range(1, 8)]
    for run_id in (first[1], single):
        finish(engine, run_id)
    wait_for(lambda: phases(engine, [late, mine[0]]) == ["running"] * 2)
    assert [engine.position(run_id) for run_id in order[2:]] == [*range(1, 6)]
    for run_id in (late, mine[0]):
        finish(engine, run_id)
    wait_for(lambda: phases(engine, [theirs[0], mine[1]]) == ["running"] * 2)
    assert phases(engine, order[4:]) == ["queued"] * 3


def test_the_waiting_time_of_a_sweeps_run_includes_the_runs_before_it(engine):
    running = [engine.submit(CONFIG) for _ in range(2)]
    wait_for(lambda: phases(engine, running) == ["running"] * 2)
    sweep = engine.sweeps.get(engine.submit_sweep(plan_of(2)))
    before = [engine.wait_seconds(run_id) for run_id in sweep.runs]
    assert before == pytest.approx([30, 30])  # the default while no training has ended
    single = engine.submit(CONFIG)
    assert [engine.wait_seconds(run_id) for run_id in [single, *sweep.runs]] == pytest.approx([30, 30, 60])


def test_only_its_owner_can_stop_a_sweep(engine):
    single = engine.submit(CONFIG, "me")
    sweep = engine.sweeps.get(engine.submit_sweep(plan_of(4), "me"))
    wait_for(lambda: phases(engine, [single, *sweep.runs[:1]]) == ["running"] * 2)
    for stranger in ("", "somebody else"):
        with pytest.raises(UserError, match="Only its owner can stop a sweep"):
            engine.stop_sweep(sweep.id, stranger)
    with pytest.raises(UserError, match="must exist"):
        engine.stop_sweep("../runs", "me")
    engine.request(sweep.runs[2], "pause", "me")
    engine.stop_sweep(sweep.id, "me")
    wait_for(lambda: phases(engine, sweep.runs) == ["stopped"] * 4)
    assert phases(engine, [single]) == ["running"] and engine.waiting_count == 0
    assert [engine.runs.get(run_id).state.device != "" for run_id in sweep.runs] == [True, False, False, False]
    engine.stop_sweep(sweep.id, "me")  # again: it has no effect


def test_a_sweep_too_large_for_the_queue_leaves_nothing_behind_and_takes_no_places_from_single_runs(engine):
    ids = [engine.submit(CONFIG) for _ in range(2)]
    wait_for(lambda: phases(engine, ids) == ["running"] * 2)
    plan = Plan(CONFIG, (Axis(Setting("seed"), tuple(range(6))), Axis(Setting("epochs"), (1, 2, 3, 4, 5, 6))))
    owners = ["me", "they"]
    for owner in owners:
        engine.submit_sweep(plan, owner)
    waiting = engine.waiting_count
    with pytest.raises(
        UserError,
        match=f"At most {WAITING_SWEEP_RUNS} runs of sweeps may wait .got {waiting} waiting and {len(plan)} more",
    ):
        engine.submit_sweep(plan, "somebody")
    assert engine.waiting_count == waiting and len(engine.runs.runs()) == 2 + waiting
    assert engine.position(engine.submit(CONFIG)) == 1
    for sweep in engine.sweeps.ids():
        engine.stop_sweep(sweep, next(owner for owner in owners if owner_hash(owner) == engine.sweeps.get(sweep).owner))


def test_nobody_waits_while_the_disk_writes_a_sweep_whose_places_may_be_taken_meanwhile(engine, monkeypatch):
    running = [engine.submit(CONFIG) for _ in range(2)]
    wait_for(lambda: phases(engine, running) == ["running"] * 2)
    is_writing, go, create = threading.Event(), threading.Event(), engine.runs.create

    def create_slowly(*arguments, **options):
        if options.get("group"):
            is_writing.set()
            go.wait(TIMEOUT_SECONDS)
        return create(*arguments, **options)

    monkeypatch.setattr(engine.runs, "create", create_slowly)
    monkeypatch.setattr("trainer.jobs.queue.WAITING_SWEEP_RUNS", 10)
    owners = ("me", "they")
    with ThreadPoolExecutor(2) as pool:
        sweeps = [pool.submit(engine.submit_sweep, plan_of(8), owner) for owner in owners]
        is_writing.wait(TIMEOUT_SECONDS)
        position = engine.position(engine.submit(CONFIG))  # the engine answers
        go.set()
        ended = [sweep.exception() for sweep in sweeps]
    assert position == 1
    (refused,) = [str(error) for error in ended if error]
    assert "At most 10 runs of sweeps may wait (got 8 waiting and 8 more)" in refused
    assert len(engine.sweeps.ids()) == 1 and engine.waiting_count == 9 and len(engine.runs.runs()) == 11
    (sweep,) = engine.sweeps.ids()
    engine.stop_sweep(sweep, owners[ended.index(None)])


def test_a_slow_disk_holds_up_only_the_visitor_whose_run_it_writes(engine, monkeypatch):
    running = [engine.submit(CONFIG) for _ in range(2)]
    wait_for(lambda: phases(engine, running) == ["running"] * 2)
    mine, theirs = engine.submit(CONFIG, "me"), engine.submit(CONFIG, "they")
    is_writing, go, update = threading.Event(), threading.Event(), Run.update

    def update_slowly(run, **changes):
        if run.id == mine:
            is_writing.set()
            go.wait(TIMEOUT_SECONDS)
        return update(run, **changes)

    monkeypatch.setattr(Run, "update", update_slowly)
    with ThreadPoolExecutor(1) as pool:
        pausing = pool.submit(engine.request, mine, "pause", "me")
        assert is_writing.wait(TIMEOUT_SECONDS)
        late = engine.submit(CONFIG, "they")
        assert [engine.position(run_id) for run_id in (mine, theirs, late)] == [1, 2, 3]
        assert engine.reason_to_wait(late) and engine.wait_seconds(late) and engine.waiting_count == 3
        engine.request(theirs, "stop", "they")
        finish(engine, running[0])
        wait_for(lambda: phases(engine, [mine, theirs, late]) == ["queued", "stopped", "running"])
        assert not pausing.done()
        go.set()
        pausing.result()
    assert phases(engine, [mine]) == ["paused"] and engine.waiting_count == 0


def test_a_waiting_run_whose_pause_the_disk_refuses_keeps_its_place(engine, monkeypatch):
    running = [engine.submit(CONFIG) for _ in range(2)]
    wait_for(lambda: phases(engine, running) == ["running"] * 2)
    ids = [engine.submit(CONFIG, "me") for _ in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr("trainer.runs.run.write_atomically", Mock(side_effect=OSError(errno.EIO, "Input/output error")))
        with pytest.raises(UserError, match="must be writable"):
            engine.request(ids[1], "pause", "me")
    assert phases(engine, ids) == ["queued"] * 3 and [engine.position(run_id) for run_id in ids] == [1, 2, 3]
    engine.request(ids[1], "pause", "me")
    assert phases(engine, ids) == ["queued", "paused", "queued"] and engine.position(ids[2]) == 2


def test_a_run_whose_place_is_taken_while_the_disk_writes_it_leaves_nothing_behind(engine, monkeypatch):
    running = [engine.submit(CONFIG) for _ in range(2)]
    wait_for(lambda: phases(engine, running) == ["running"] * 2)
    for _ in range(WAITING_RUNS.visitor - 1):
        engine.submit(CONFIG, "me")
    create = engine.runs.create

    def create_late(*arguments, **options):
        monkeypatch.setattr(engine.runs, "create", create)
        engine.submit(CONFIG, "me")  # in another tab
        return create(*arguments, **options)

    monkeypatch.setattr(engine.runs, "create", create_late)
    with pytest.raises(UserError, match="You may have at most 5 runs waiting"):
        engine.submit(CONFIG, "me")
    assert engine.waiting_count == WAITING_RUNS.visitor and len(engine.runs.runs()) == 2 + WAITING_RUNS.visitor


def test_a_sweep_that_the_disk_refuses_leaves_nothing_behind(engine):
    engine.sweeps.folder.write_text("no folder")
    with pytest.raises(UserError, match="must be writable"):
        engine.submit_sweep(plan_of(3), "me")
    assert engine.runs.runs() == [] and engine.waiting_count == 0


def test_a_sweep_with_own_drawings_needs_some(engine):
    plan = Plan(replace(CONFIG, own_examples=100), plan_of(2).axes)
    with pytest.raises(UserError, match="needs some"):
        engine.submit_sweep(plan, "me")
    assert engine.runs.runs() == []


def test_a_new_engine_starts_single_runs_before_a_sweep_that_waited(cluster, tmp_path):
    store = RunStore(tmp_path / "runs")
    group = "20260101-000000-aaaaaa"
    swept = [store.create(config, "", group=group) for config in plan_of(3).configs]
    single = store.create(CONFIG, "")
    engine = Engine(store.root, address=cluster.scheduler_address, job=job)
    try:
        engine.sweeps.save(Sweep(group, plan_of(3), tuple(run.id for run in swept), 1.0, ""))
        wait_for(lambda: phases(engine, [single.id]) == ["running"])
        wait_for(lambda: sorted(phases(engine, [run.id for run in swept])) == ["queued", "queued", "running"])
        assert engine.sweeps.get(group).runs == tuple(run.id for run in swept)
        for run in (single, *swept):
            finish(engine, run.id)
        wait_for(lambda: set(phases(engine, [run.id for run in swept])) == {"finished"})
    finally:
        engine.close()


def test_only_its_owner_can_rename_a_run(engine):
    run_id = engine.submit(CONFIG, owner="me")
    with pytest.raises(UserError, match="Only its owner"):
        engine.describe(run_id, "somebody else", name="mine")
    engine.describe(run_id, "me", name="mine")
    assert engine.runs.get(run_id).read().name == "mine"


def test_only_its_owner_can_delete_a_run_once_it_has_ended(engine):
    run_id = engine.submit(CONFIG, owner="me")
    with pytest.raises(UserError, match="stop it first"):
        engine.delete(run_id, "me")
    (engine.runs.get(run_id).path / "go").touch()
    wait_for(lambda: phases(engine, [run_id]) == ["finished"] and not engine._futures)
    with pytest.raises(UserError, match="Only its owner"):
        engine.delete(run_id, "somebody else")
    engine.delete(run_id, "me")
    assert engine.runs.get(run_id) is None
    with pytest.raises(UserError, match="Only its owner"):
        engine.restore(run_id, "somebody else")
    engine.restore(run_id, "me")
    assert engine.runs.get(run_id).state.phase == "finished"


@pytest.fixture
def purge_often(monkeypatch):
    monkeypatch.setattr("trainer.jobs.engine.PURGE_SECONDS", 0.0)


def test_a_running_server_purges_its_trash(purge_often, engine):
    wait_for(lambda: engine.ready)  # it has polled once, so the purge below is not the first
    run = engine.runs.create(CONFIG, owner_hash("me"))
    run.update(phase="finished")
    engine.delete(run.id, "me")
    (deleted,) = engine.runs.deleted()
    os.utime(deleted.path, (0, 0))  # long ago
    wait_for(lambda: not deleted.path.exists())


def test_a_killed_worker_interrupts_only_its_run_and_the_next_starts(engine):
    ids = [engine.submit(CONFIG) for _ in range(3)]
    wait_for(lambda: phases(engine, ids[:2]) == ["running"] * 2)
    os.kill(int(engine.runs.get(ids[0]).state.device), signal.SIGKILL)
    wait_for(lambda: phases(engine, ids) == ["interrupted", "running", "running"])
    assert "kept" in engine.runs.get(ids[0]).state.error


@pytest.fixture
def own_cluster():
    """A cluster whose workers a test ends: a nanny may give up one that dies while it starts."""
    dask.config.set(DASK_SETTINGS)
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster:
        yield cluster


def test_a_job_that_does_not_stop_is_ended_and_a_hung_worker_is_replaced(own_cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.jobs.supervision.STOP_SECONDS", 1.0)
    monkeypatch.setattr("trainer.jobs.supervision.HANG_SECONDS", 10.0)
    monkeypatch.setattr("trainer.jobs.engine.SILENT_SECONDS", 2.0)
    engine = Engine(tmp_path / "runs", address=own_cluster.scheduler_address, job=run_endlessly)
    try:
        endless, hung, waiting = (engine.runs.get(engine.submit(CONFIG, "me")) for _ in range(3))
        wait_for(lambda: phases(engine, [endless.id, hung.id]) == ["running"] * 2)
        os.kill(int(hung.state.device), signal.SIGSTOP)
        engine.request(endless.id, "stop", "me")
        wait_for(lambda: endless.state.phase == "stopped")
        assert "did not answer the stop" in endless.state.note
        wait_for(lambda: engine.silence(hung) > 2)
        wait_for(lambda: phases(engine, [hung.id, waiting.id]) == ["interrupted", "running"])
        assert not psutil.pid_exists(int(hung.state.device))
        engine.request(waiting.id, "stop", "me")
        wait_for(lambda: waiting.state.phase == "stopped")
    finally:
        engine.close()


def test_runs_that_dying_workers_had_not_begun_return_to_the_queue_in_their_order(own_cluster, tmp_path):
    store = RunStore(tmp_path / "runs")
    ids = [store.create(CONFIG, "").id for _ in range(4)]
    for run_id in ids[2:]:
        (store.get(run_id).path / "died").touch()  # only the first two end their workers
    engine = Engine(store.root, address=own_cluster.scheduler_address, job=die_once)
    try:
        wait_for(lambda: phases(engine, ids) == ["running", "running", "queued", "queued"])
        assert all((store.get(run_id).path / "died").exists() for run_id in ids[:2])
        for run_id in ids:
            finish(engine, run_id)
        wait_for(lambda: set(phases(engine, ids)) == {"finished"})
    finally:
        engine.close()


def test_a_request_to_resume_while_a_run_pauses_is_not_lost(engine):
    run = engine.runs.get(engine.submit(CONFIG, "me"))
    wait_for(lambda: run.state.phase == "running")
    run.request("pause")  # the job obeys this one
    wait_for(lambda: run.state.phase == "paused" or run.request("pause"))
    run.request("resume")  # as if before the job could write that it is paused
    engine._ended.append((run.id, "finished"))
    engine._wake.set()
    wait_for(lambda: run.state.phase == "running")


def test_a_resumed_run_waits_for_its_last_process_and_holds_up_no_other(engine):
    run = engine.runs.get(engine.submit(CONFIG, "me"))
    wait_for(lambda: run.state.phase == "running")
    engine.request(run.id, "pause", "me")
    wait_for(lambda: run.state.phase == "paused" and not engine._futures)
    with lease.hold(run):
        engine.request(run.id, "resume", "me")
        other = engine.submit(CONFIG, "me")
        wait_for(lambda: phases(engine, [other]) == ["running"])
        assert run.state.phase == "queued" and engine.position(run.id) == 1
    wait_for(lambda: run.state.phase == "running")


def test_a_cluster_that_is_gone_is_named_and_runs_wait(tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.jobs.connection.SILENT_SECONDS", 0.5)
    monkeypatch.setattr("trainer.jobs.backoff.MAX_SECONDS", 1.0)
    cluster = LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0")
    address, port = cluster.scheduler_address, cluster.scheduler.port
    engine = Engine(tmp_path / "runs", address=address, job=job)
    try:
        wait_for(lambda: engine._connection.cluster)
        run_id = engine.submit(CONFIG)
        cluster.close()
        wait_for(lambda: engine.problem)
        assert re.fullmatch(rf"The cluster at {address} has not answered for \d+ s: queued runs wait\.", engine.problem)
        assert engine.wait_seconds(run_id) is None and phases(engine, [run_id]) == ["queued"]
        cluster = LocalCluster(n_workers=0, host="127.0.0.1", scheduler_port=port, dashboard_address="127.0.0.1:0")
        wait_for(lambda: not engine.problem)
    finally:
        engine.close()
        cluster.close()


def test_a_setting_that_the_host_refuses_is_the_engines_problem(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITLAB_SLOTS", "abc")
    engine = Engine(tmp_path / "runs", job=job)
    try:
        wait_for(lambda: engine.problem)
        assert engine.problem == "DIGITLAB_SLOTS must be a whole number between 1 and 64 (got 'abc')."
    finally:
        engine.close()


def test_a_run_root_serves_one_engine(engine, cluster):
    with pytest.raises(UserError, match="one server at a time"):
        Engine(engine.runs.root, address=cluster.scheduler_address, job=job)


def test_a_new_engine_queues_waiting_runs_and_marks_dead_ones(cluster, tmp_path):
    store = RunStore(tmp_path / "runs")
    dead, waited = store.create(CONFIG, ""), store.create(CONFIG, "")
    dead.update(phase="running")
    os.utime(dead.path / "state.json", (0, 0))  # the last sign of life is long ago
    (waited.path / "go").touch()
    engine = Engine(store.root, address=cluster.scheduler_address, job=job)
    wait_for(lambda: dead.state.phase == "interrupted" and waited.state.phase == "finished")
    engine.close()


def test_what_waited_comes_before_what_is_asked_as_soon_as_a_new_engine_is_there(cluster, tmp_path):
    store = RunStore(tmp_path / "runs")
    waited = [store.create(CONFIG, owner_hash("")).id for _ in range(3)]
    engine = Engine(store.root, address=cluster.scheduler_address, job=job)
    try:
        asked = engine.submit(CONFIG)
        wait_for(lambda: phases(engine, waited[:2]) == ["running"] * 2)
        assert [engine.position(run_id) for run_id in (waited[2], asked)] == [1, 2]
        for run_id in (*waited, asked):
            finish(engine, run_id)
        wait_for(lambda: set(phases(engine, [*waited, asked])) == {"finished"})
    finally:
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
import signal, sys, time
from pathlib import Path
from trainer.jobs.engine import Engine
from trainer.jobs.host import DASK_SETTINGS
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell makes background processes ignore it
engine = Engine(Path(sys.argv[1]), slots=1)
while not engine.ready:
    time.sleep(0.1)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_no_process_outlives_the_server(tmp_path, how):
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(tmp_path)],
        env={**os.environ, "DIGITLAB_NICE": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout.readline() == "ready\n"
    processes = psutil.Process(server.pid).children(recursive=True)
    assert len(processes) >= 2  # the host and a worker
    if sys.platform == "linux":  # nice counts only within a session
        assert {os.getsid(process.pid) for process in processes} == {os.getsid(server.pid)}
        assert max(process.nice() for process in processes) == 10  # the server, which answers people, comes first
    server.send_signal(how)
    try:
        server.wait(timeout=TIMEOUT_SECONDS)
    finally:
        server.kill()
        server.stdout.close()
    _, alive = psutil.wait_procs(processes, timeout=TIMEOUT_SECONDS)
    assert not alive


def test_a_host_that_hangs_or_dies_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.jobs.connection.HANG_SECONDS", 10.0)
    engine = Engine(tmp_path / "runs", slots=1, job=job)

    def host():
        return next(p for p in psutil.Process().children() if "trainer.jobs.host" in p.cmdline())

    try:
        first = engine.submit(CONFIG)
        wait_for(lambda: phases(engine, [first]) == ["running"])
        host().send_signal(signal.SIGSTOP)
        second = engine.submit(CONFIG)
        finish(engine, second)
        wait_for(lambda: engine.problem.startswith("The training processes have not answered for "))
        wait_for(lambda: phases(engine, [first, second]) == ["interrupted", "finished"])
        wait_for(lambda: [worker.memory > 1e8 for worker in engine._connection.cluster.workers.values()] == [True])

        client = engine._connection.cluster.client
        submit = client.submit

        def submit_too_late(*arguments, **options):
            dying = host()
            dying.kill()
            dying.wait()
            return submit(*arguments, **options)

        monkeypatch.setattr(client, "submit", submit_too_late)
        third = engine.submit(CONFIG)  # handed to a host that dies
        finish(engine, third)
        wait_for(lambda: phases(engine, [third]) == ["finished"])
    finally:
        engine.close()
