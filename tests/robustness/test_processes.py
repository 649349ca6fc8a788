"""Process failures: killed processes, too little memory, a broken GPU, two servers on one run root, clock jumps."""

import asyncio
import json
import os
import signal
import threading
import time
from dataclasses import replace

import psutil
import pytest

from harness.server import Server
from harness.visitor import visit
from harness.waiting import TIMEOUT_SECONDS, wait_for
from tests.support.apps import DIVERGING, TINY, open_page, texts
from tests.support.jobs import run_until_released
from tests.support.python import run_python
from trainer.config.layers import Conv2D
from trainer.jobs import job
from trainer.jobs.engine import Engine
from trainer.runs.owner import owner_hash
from trainer.runs.progress import epochs_done
from trainer.runs.store import RunStore

OWNER = "processes-may-die-but-runs-go-on"
LONG = replace(TINY, epochs=100, batch_size=1)
FAIRLY_LONG = replace(LONG, epochs=10)
GREEDY = replace(TINY, layers=(Conv2D(512, 1), Conv2D(512, 1)), batch_size=180)  # 290 MB a layer
DAY = 24 * 3600.0


async def look(server, page, query="", press=""):
    """Open a page as the owner of all runs, click a button if named, and return the page's elements."""
    async with visit(server.url, owner=OWNER) as visitor:
        await visitor.open(page, query)
        if press:
            await visitor.set(press, trigger_value=True)
        return list(visitor.elements)


def show(*arguments):
    elements = asyncio.run(look(*arguments))
    assert "exception" not in [element.WhichOneof("type") for element in elements]
    return b"\n".join(element.SerializeToString() for element in elements).decode(errors="replace")


def create(store, config=TINY, phase="queued", **more):
    run = store.create(config, owner_hash(OWNER))
    return run if phase == "queued" else run.update(phase=phase, **more) and run


def phases(*runs):
    return [run.state.phase for run in runs]


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_ends_stops_its_processes_and_the_next_one_resumes(how, tmp_path, few_digits, monkeypatch):
    monkeypatch.setenv("DIGITLAB_SLOTS", "1")
    store = RunStore(tmp_path / "runs")
    finished, paused, stale = create(store, phase="finished"), create(store, phase="paused"), create(store)
    stale.update(phase="running")
    os.utime(stale.path / "state.json", (0, 0))  # its training process died long ago
    running, queued = create(store, LONG), create(store)
    with Server(store.root, data=few_digits) as server:
        show(server, "")  # the first visitor starts the engine
        wait_for(lambda: epochs_done(store.history(running)))
        family = psutil.Process(server.process.pid).children(recursive=True)
        assert len(family) >= 2  # the host and a worker
        server.stop(how)
        _, alive = psutil.wait_procs(family, timeout=TIMEOUT_SECONDS)
        assert not alive
    assert phases(running, queued) == ["running", "queued"]
    before = epochs_done(store.history(running))
    with Server(store.root, data=few_digits) as server:
        listed = show(server, "runs")
        assert all(run.id in listed for run in (finished, paused, stale, running, queued))
        wait_for(lambda: phases(stale, running, queued) == ["interrupted", "interrupted", "finished"])
        assert phases(finished, paused) == ["finished", "paused"]
        assert before <= epochs_done(store.history(running)) < LONG.epochs
        show(server, "train", f"run={running.id}", "steer.resume")
        wait_for(lambda: running.state.phase == "finished")
    ends = [line["epoch"] for line in store.history(running) if line["kind"] == "epoch"]
    assert ends == list(range(1, LONG.epochs + 1))


def test_a_second_server_on_a_run_root_is_refused_on_every_page(tmp_path, cluster, few_digits):
    engine = Engine(tmp_path / "runs", address=cluster.scheduler_address, job=run_until_released)
    try:
        run = engine.runs.get(engine.submit(TINY))
        wait_for(lambda: run.state.phase == "running")
        with Server(engine.runs.root, data=few_digits) as second:
            for page in ("", "train", "runs"):
                assert "A run folder serves one server at a time" in show(second, page)
        assert run.state.phase == "running"
        (run.path / "go").touch()
        wait_for(lambda: run.state.phase == "finished")
    finally:
        engine.close()


def test_only_the_run_that_needs_too_much_memory_fails(tmp_path, few_digits, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    monkeypatch.setenv("DIGITLAB_MEMORY", "1.3")
    engine = Engine(tmp_path / "runs", slots=2)
    try:
        other, greedy, following = (engine.runs.get(engine.submit(config)) for config in (FAIRLY_LONG, GREEDY, TINY))
        wait_for(lambda: all(run.state.ended for run in (other, greedy, following)))
        assert phases(other, greedy, following) == ["finished", "failed", "finished"]
        assert greedy.state.error == (
            "A training may use at most 1.3 GB of memory here (this one needed more): "
            "choose a smaller batch size or a smaller network."
        )
    finally:
        engine.close()


def test_an_invalid_environment_variable_is_an_error_on_train(tmp_path, few_digits, monkeypatch):
    monkeypatch.setenv("DIGITLAB_MEMORY", "much")
    with Server(tmp_path / "runs", data=few_digits) as server:
        wait_for(lambda: "DIGITLAB_MEMORY must be a number of GB above 0" in show(server, "train"))


# --- the clock ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [-DAY, DAY])
def test_a_remote_run_is_judged_by_its_heartbeat_and_not_by_its_clock(jump, cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.jobs.heartbeats.TIMEOUT_SECONDS", 4.0)
    store = RunStore(tmp_path / "runs")
    living, dead = create(store, phase="running"), create(store, phase="running")
    over = threading.Event()

    def beat():
        while not over.wait(0.1):
            os.utime(living.path / "state.json", (time.time() + jump,) * 2)

    os.utime(dead.path / "state.json", (time.time() + jump,) * 2)
    thread = threading.Thread(target=beat)
    thread.start()
    engine = Engine(store.root, address=cluster.scheduler_address)
    try:
        wait_for(lambda: dead.state.phase == "interrupted")
        assert living.state.phase == "running"
        over.set()
        wait_for(lambda: living.state.phase == "interrupted")
    finally:
        over.set()
        thread.join()
        engine.close()


@pytest.mark.parametrize("jump", [-DAY, DAY])
def test_a_clock_jump_during_training_is_harmless(jump, tmp_path, few_digits, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    store, now = RunStore(tmp_path / "runs"), time.time
    run = store.create(replace(LONG, epochs=10), "")
    thread = threading.Thread(target=job.run, args=(str(run.path),))
    thread.start()
    wait_for(lambda: store.history(run))
    monkeypatch.setattr(time, "time", lambda: now() + jump)
    thread.join(TIMEOUT_SECONDS)
    state, seconds = run.state, [line["seconds"] for line in store.history(run) if line["kind"] == "batch"]
    assert state.phase == "finished" and 0 < state.seconds < TIMEOUT_SECONDS
    assert seconds == sorted(seconds) and seconds[0] > 0


@pytest.mark.parametrize("page", ["draw", "train", "runs", "compare"])
def test_a_run_dated_tomorrow_is_shown(page, app, network_run):
    path = network_run.path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"created": time.time() + DAY}))
    open_page(app, page, network_run)
    assert not app.exception and app.title
    assert not any("-1 day" in option for box in app.selectbox for option in box.options)


# --- divergence ----------------------------------------------------------------------


def test_an_infinite_loss_is_an_error_with_a_remedy(app):
    open_page(app, "train")
    run = app.session_state.engine.runs.get(app.session_state.engine.submit(DIVERGING))
    wait_for(lambda: run.state.ended)
    open_page(app, "train", run)
    assert not app.exception
    assert [error.value for error in app.error] == [run.state.error]
    assert "train again with a smaller learning rate, such as 10" in run.state.error
    assert "nan" not in texts(app).lower().split()


# --- a broken GPU -------------------------------------------------------------------------


@pytest.mark.long
def test_a_listed_gpu_that_cannot_compute_is_replaced_by_the_cpu(tmp_path, few_digits, monkeypatch):
    listing = tmp_path / "bin" / "nvidia-smi"
    listing.parent.mkdir()
    listing.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA Broken (UUID: GPU-0)'\n")
    listing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{listing.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "nonsense")
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    monkeypatch.delenv("DIGITLAB_SLOTS", raising=False)
    engine = Engine(tmp_path / "runs")
    try:
        run = engine.runs.get(engine.submit(TINY))
        wait_for(lambda: run.state.ended)
        assert (run.state.phase, run.state.device) == ("finished", "CPU")
        assert engine.slots == max(2, (os.cpu_count() or 1) // 4)  # without the four slots of a GPU
    finally:
        engine.close()


BROKEN = """
import tensorflow as tf
from trainer.networks import model

def refuse(gpu, enable):
    raise RuntimeError("CUDA_ERROR_UNKNOWN")

listed = tf.config.list_physical_devices
tf.config.list_physical_devices = lambda kind=None: ["a GPU"] if kind == "GPU" else listed(kind)
tf.config.experimental.set_memory_growth = refuse
model.warm_up()
print(model.device())
"""


@pytest.mark.long
def test_a_gpu_that_cannot_be_initialized_is_not_used():
    assert run_python(BROKEN).split()[-1] == "CPU"
