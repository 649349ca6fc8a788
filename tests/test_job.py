import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.jobs import wait_for
from trainer import job
from trainer.config import PRESETS, TrainingConfig
from trainer.inference import Network
from trainer.layers import Dense
from trainer.runs import RunStore

TINY = TrainingConfig(layers=(Dense(16, "relu"),), epochs=2, batch_size=20, learning_rate=0.1, validation_split=0.1)


@pytest.fixture
def store(tmp_path, few_digits, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    return RunStore(tmp_path / "runs")


def trained(store, config):
    run = store.create(config, "")
    job.run(str(run.path))
    return run


def test_a_training_leaves_its_curves_its_network_and_its_result(store):
    run = trained(store, TINY)
    state = run.state
    assert (state.phase, state.data, state.examples, state.steps) == ("finished", "few_digits.npz", 450, 23)
    assert state.device and state.seconds > 0 and 0 <= state.test_accuracy <= 1
    history = store.history(run)
    ends = [line for line in history if line["kind"] == "epoch"]
    assert [line["epoch"] for line in ends] == [1, 2] and all("val_accuracy" in line for line in ends)
    assert 20 <= len(history) - len(ends) <= 60
    assert sorted(path.name for path in run.path.iterdir()) == [
        "config.json",
        "history.jsonl",
        "model.keras",
        "model.onnx",
        "state.json",
    ]
    probabilities = Network(run.network).probabilities(np.zeros((3, 28, 28), np.float32))
    assert probabilities.shape == (3, 10) and probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_trains(store, name):
    run = trained(store, replace(PRESETS[name].config, epochs=1))
    assert run.state.phase == "finished", run.state.error


def test_stop_keeps_the_network_trained_so_far(store):
    run = store.create(replace(TINY, epochs=200), "")
    thread = threading.Thread(target=job.run, args=(str(run.path),))
    thread.start()
    wait_for(lambda: store.history(run))
    run.request("stop")
    thread.join(60)
    state = run.state
    assert state.phase == "stopped" and state.test_accuracy is not None and run.network
    assert len(store.history(run)) < 200 * 25


def test_a_stop_before_the_first_step_is_obeyed(store):
    run = store.create(TINY, "")
    run.request("stop")
    job.run(str(run.path))
    assert run.state.phase == "stopped" and run.network is None


def test_the_time_limit_ends_a_run(store):
    run = trained(store, replace(TINY, epochs=200, time_limit=1, batch_size=1))
    assert run.state.phase == "stopped" and "time limit of 1 s" in run.state.note


def test_a_diverging_run_suggests_a_smaller_learning_rate(store):
    run = trained(store, replace(TINY, learning_rate=100.0, layers=(Dense(64, "linear"),) * 4))
    assert run.state.phase == "failed" and "smaller learning rate, such as 10" in run.state.error
    assert run.network is None


def test_bad_data_is_one_sentence_in_the_state(store, monkeypatch, tmp_path):
    path = tmp_path / "broken.npz"
    path.write_bytes(b"PK\x03\x04 not a zip")
    monkeypatch.setenv("DIGITLAB_DATA", str(path))
    run = trained(store, TINY)
    assert run.state.phase == "failed" and "broken.npz" in run.state.error


def test_a_surprise_is_a_sentence_too(store, monkeypatch):
    monkeypatch.setattr(job.model, "build", lambda *_: 1 / 0)
    run = trained(store, TINY)
    assert run.state.phase == "failed" and "division by zero" in run.state.error


def test_a_run_that_has_begun_is_not_begun_again(store):
    run = store.create(TINY, "")
    run.update(phase="interrupted")
    job.run(str(run.path))
    assert run.state.phase == "interrupted" and not store.history(run)


def test_a_job_whose_directory_vanishes_ends_quietly(store):
    run = store.create(replace(TINY, epochs=200), "")
    thread = threading.Thread(target=job.run, args=(str(run.path),))
    thread.start()
    wait_for(lambda: store.history(run))
    run.path.rename(store.root / "elsewhere")
    thread.join(60)
    assert not thread.is_alive()


def test_the_network_can_be_drawn_with_while_it_trains(store, monkeypatch):
    monkeypatch.setattr(job, "REFRESH", 0.0)
    run = store.create(replace(TINY, epochs=200), "")
    thread = threading.Thread(target=job.run, args=(str(run.path),))
    thread.start()
    wait_for(lambda: run.network)
    assert run.state.phase == "running"
    Network(run.network)
    run.request("stop")
    thread.join(60)
