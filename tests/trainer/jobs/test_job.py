"""Job: what a training leaves in its run directory, and how it pauses, resumes, stops and fails.

Longer than 300 lines because a job ends in many ways.
"""

import errno
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from harness.server import ROOT
from harness.waiting import TIMEOUT_SECONDS, wait_for
from trainer.config.layers import Conv2D, Dense, Dropout
from trainer.config.optimizers import Adam
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.data import datasets, synthetic
from trainer.jobs import job, reporter
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.inference import Network
from trainer.runs import lease
from trainer.runs.requests import FollowedDrawing
from trainer.runs.store import RunStore

pytestmark = pytest.mark.slow  # trains with Keras

TINY = TrainingConfig(layers=(Dense(16, "relu"),), epochs=2, batch_size=20, learning_rate=0.1, validation_split=0.1)


@pytest.fixture
def store(tmp_path, few_digits, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    monkeypatch.setattr(synthetic, "COUNTS", (100, 10))  # pen digits that are drawn
    return RunStore(tmp_path / "runs")


def trained(store, config):
    run = store.create(config, "")
    job.run(str(run.path))
    return run


def test_a_training_writes_its_curves_its_network_and_its_result(store):
    run = trained(store, TINY)
    state = run.state
    assert (state.phase, state.data, state.examples, state.steps) == ("finished", "few_digits.npz", 450, 23)
    assert state.device and state.seconds > 0
    history = store.history(run)
    ends = [line for line in history if line["kind"] == "epoch"]
    assert state.val_accuracy == pytest.approx(ends[-1]["val_accuracy"]) and state.val_count == 50
    assert [line["epoch"] for line in ends] == [1, 2] and all("val_accuracy" in line for line in ends)
    assert 20 <= len(history) - len(ends) <= 60
    assert sorted(path.name for path in run.path.iterdir()) == [
        "checkpoint.npz",
        "config.json",
        "digits.npz",
        "evaluation.npz",
        "features.npz",
        "history.jsonl",
        "model.keras",
        "model.onnx",
        "readings.jsonl",
        "sketches.npz",
        "snapshots.npz",
        "state.json",
        "writer.lock",
    ]
    assert state.train_count == 100  # as many as there are test digits
    assert_is_accuracy(state.test_accuracy, run, "test")
    assert_is_accuracy(state.train_accuracy, run, "train")


def assert_is_accuracy(accuracy, run, part):
    """Assert that ONNX Runtime, which knows no dropout, has this accuracy on the first hundred digits of a part."""
    dataset, first = datasets.load(), slice(100)
    probabilities = Network(run.network).probabilities(dataset.images(part, first))
    assert probabilities.shape == (100, 10) and probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert accuracy == pytest.approx((probabilities.argmax(axis=1) == dataset.labels(part, first)).mean())


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_trains(store, name):
    config = PRESETS[name].config
    few = min(config.synthetic_examples, 50)
    run = trained(store, replace(config, epochs=1, training_examples=100, synthetic_examples=few))
    assert run.state.phase == "finished", run.state.error


def test_a_stopped_run_keeps_the_network_trained_so_far(store):
    run = store.create(replace(TINY, epochs=200), "")
    thread = threading.Thread(target=job.run, args=(str(run.path),))
    thread.start()
    wait_for(lambda: store.history(run))
    run.request("stop")
    thread.join(TIMEOUT_SECONDS)
    state = run.state
    assert state.phase == "stopped" and state.test_accuracy is not None and run.network
    assert_is_accuracy(state.train_accuracy, run, "train")
    assert len(store.history(run)) < 200 * 25


def started(run):
    """Start the job in a thread and wait for its first lines."""
    thread = threading.Thread(target=job.run, args=(str(run.path),))
    thread.start()
    wait_for(lambda: (run.path / "history.jsonl").is_file() and (run.path / "history.jsonl").stat().st_size)
    return thread


def resume(run):
    run.request("resume")
    run.update(phase="queued")
    job.run(str(run.path))


def ends(store, run):
    """Return the lines of epochs without the keys that differ from run to run."""
    volatile = ("seconds", "memory")
    lines = [line for line in store.history(run) if line["kind"] == "epoch"]
    return [{key: value for key, value in line.items() if key not in volatile} for line in lines]


LONG = replace(TINY, layers=(Dense(16, "relu"), Dropout(0.2)), epochs=16, batch_size=5, optimizer=Adam(), seed=5)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, few_digits):
    """The epochs of a training of LONG without a pause."""
    store = RunStore(tmp_path_factory.mktemp("uninterrupted"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITLAB_DATA", str(few_digits))
        return ends(store, trained(store, LONG))


def test_a_resumed_training_ends_like_one_without_a_pause(store, uninterrupted):
    run = store.create(LONG, "")
    thread = started(run)
    run.request("pause")
    thread.join(TIMEOUT_SECONDS)
    assert run.state.phase == "paused" and run.read().can_resume and run.network and run.state.test_accuracy is None
    done = len(ends(store, run))
    assert done < LONG.epochs
    resume(run)
    assert run.state.phase == "finished" and run.state.begun > 0
    steps = [line["step"] for line in store.history(run) if line["kind"] == "batch"]
    assert steps == sorted(set(steps)) and steps[-1] == LONG.epochs * run.state.steps
    assert ends(store, run) == uninterrupted


def test_a_killed_training_loses_no_finished_epoch_and_ends_like_any_other(store, uninterrupted):
    run = store.create(LONG, "")
    code = "import sys; from trainer.jobs import job; job.run(sys.argv[1])"
    with subprocess.Popen([sys.executable, "-c", code, str(run.path)], cwd=ROOT) as process:
        wait_for(lambda: len(ends(store, run)) >= 3)
        process.kill()
    finished = ends(store, run)
    run.update(phase="interrupted")
    assert run.read().can_resume
    resume(run)
    assert run.state.phase == "finished"
    assert ends(store, run)[: len(finished)] == finished
    assert ends(store, run) == uninterrupted


def test_a_run_stopped_after_a_pause_keeps_and_tests_its_network(store):
    run = store.create(LONG, "")
    thread = started(run)
    run.request("pause")
    thread.join(TIMEOUT_SECONDS)
    run.request("stop")
    run.update(phase="queued")
    job.run(str(run.path))
    assert run.state.phase == "stopped" and run.state.test_accuracy is not None


def test_a_finished_training_can_train_for_one_more_epoch(store):
    run = trained(store, TINY)
    run.request("epochs", value=3)
    run.update(phase="queued")
    job.run(str(run.path))
    assert run.state.phase == "finished"
    assert [line["epoch"] for line in ends(store, run)] == [1, 2, 3]
    assert ends(store, run)[:2] == ends(store, trained(store, TINY))


def test_the_learning_rate_can_be_changed_during_training(store):
    run = store.create(LONG, "")
    thread = started(run)
    run.request("learning_rate", value=0.0125)
    wait_for(lambda: store.history(run)[-1]["learning_rate"] == pytest.approx(0.0125))
    run.request("stop")
    thread.join(TIMEOUT_SECONDS)
    rates = [line["learning_rate"] for line in store.history(run)]
    assert rates[0] == pytest.approx(LONG.learning_rate) and sorted(rates, reverse=True) == rates


def test_a_damaged_checkpoint_is_a_user_error(store):
    run = trained(store, TINY)
    run.checkpoint.write_bytes(b"PK\x03\x04")
    run.request("epochs", value=3)
    run.update(phase="queued")
    job.run(str(run.path))
    assert run.state.phase == "failed" and "checkpoint" in run.state.error


def test_watched_digits_are_predicted_after_each_epoch(store):
    run = trained(store, TINY)
    images, labels = run.digits()
    assert images.shape == (16, 28, 28) and labels.tolist()[:10] == list(range(10))
    reads = [line["reads"] for line in ends(store, run)]
    predicted = Network(run.network).probabilities(images.astype(np.float32) / 255).argmax(axis=1)
    assert len(reads) == 2 and reads[-1] == predicted.tolist()
    assert all(line["memory"] > 1e8 for line in store.history(run) if line["kind"] == "epoch")


def test_followed_drawings_are_predicted_during_training(store):
    image = np.zeros((28, 28), np.float32)
    image[4:24, 13:15] = 1
    run = store.create(TINY, "")
    run.request("pin", **FollowedDrawing("a1", 1, image).request())
    job.run(str(run.path))
    predictions = store.predictions(run)
    assert predictions[-1]["step"] == 2 * run.state.steps
    predicted = Network(run.network).probabilities(image[None])[0]
    assert predictions[-1]["probabilities"]["a1"] == pytest.approx(predicted.tolist(), abs=1e-4)


def test_a_drawing_can_be_added_during_training(store):
    run = store.create(LONG, "")
    thread = started(run)
    run.request("pin", **FollowedDrawing("b2", 3, np.ones((28, 28), np.float32)).request())
    wait_for(lambda: store.predictions(run))
    run.request("stop")
    thread.join(TIMEOUT_SECONDS)
    assert all(set(line["probabilities"]) == {"b2"} for line in store.predictions(run))


@pytest.mark.parametrize("layers, shape", [((Dense(40),), (32, 28, 28)), ((Conv2D(6, 5),), (6, 5, 5))])
def test_snapshots_of_the_first_layer_are_saved(store, layers, shape):
    run = trained(store, replace(TINY, layers=layers, epochs=4))
    steps, weights = run.snapshots()
    assert steps[0] == 0 and steps[-1] == 4 * run.state.steps and sorted(set(steps)) == steps.tolist()
    assert 5 <= len(steps) <= 16 and weights.shape == (len(steps), *shape)
    assert np.abs(weights[-1] - weights[0]).max() > 0
    its_steps, sketches = run.sketches()
    assert its_steps.tolist() == steps.tolist() and sketches.shape[1] == len(run.config.table)
    assert sketches[-1, -1, :10, 0].sum() == pytest.approx(1, abs=0.01)  # the output layer's probabilities


def test_the_number_of_snapshots_is_limited(store):
    run = trained(store, TINY)
    for epochs in (4, 20):
        run.request("epochs", value=epochs)
        run.update(phase="queued")
        job.run(str(run.path))
        steps, _ = run.snapshots()
        assert len(steps) <= 16 and steps[0] == 0 and steps[-1] == epochs * run.state.steps


def test_a_full_disk_interrupts_a_training_which_loses_nothing_that_was_written(store, monkeypatch):
    save, saved = Checkpoint.save, []

    def save_one(checkpoint, path):
        if saved:
            raise OSError(errno.ENOSPC, "No space left on device")
        saved.append(checkpoint.epoch)
        save(checkpoint, path)

    monkeypatch.setattr(Checkpoint, "save", save_one)
    config = replace(TINY, epochs=4)
    run = trained(store, config)
    assert run.state.phase == "interrupted" and run.state.error == (
        "The folder for runs must be writable (got: No space left on device): free some space, then press Resume."
    )
    assert [line["epoch"] for line in ends(store, run)] == [1] and Checkpoint.load(run.checkpoint).epoch == 1
    monkeypatch.setattr(Checkpoint, "save", save)
    resume(run)
    assert run.state.phase == "finished" and ends(store, run) == ends(store, trained(store, config))


@pytest.mark.parametrize(("end", "phase"), [("stop", "finished"), ("pause", "paused")])
def test_a_test_ends_on_request(store, monkeypatch, end, phase):
    def evaluate(network, images, labels, progress, batch_size):
        run.request(end)
        progress(0.1)

    monkeypatch.setattr(job.model, "evaluate", evaluate)
    run = store.create(replace(TINY, epochs=1), "")
    job.run(str(run.path))
    assert run.state.phase == phase and run.state.test_accuracy is None and run.network
    assert run.state.note == ("its owner ended the test" if end == "stop" else "")


def test_a_run_with_another_writer_stays_queued(store, monkeypatch):
    monkeypatch.setattr(job, "LEASE_SECONDS", 0.0)
    run = store.create(TINY, "")
    with lease.hold(run):
        job.run(str(run.path))
    assert run.state.phase == "queued" and not store.history(run)


def test_early_stopping_names_the_best_epoch(store):
    run = trained(store, replace(TINY, layers=(Dense(64),), epochs=100, patience=2, learning_rate=0.5))
    assert run.state.phase == "finished" and "stopped early, with the weights of its best epoch," in run.state.note


def test_pen_digits_are_mixed_in(store):
    run = trained(store, replace(TINY, synthetic_examples=100, epochs=1))
    assert run.state.phase == "finished" and run.state.examples == 550


def test_a_run_learns_the_synthetic_digits_that_its_page_showed(store):
    run = store.create(replace(TINY, epochs=1), "")
    run.update(data=datasets.SUBSTITUTE)  # other data have come before it begins
    job.run(str(run.path))
    assert (run.state.phase, run.state.data, run.state.examples) == ("finished", datasets.SUBSTITUTE, 90)


def test_a_run_can_be_stopped_before_training_starts(store):
    run = store.create(TINY, "")
    run.request("stop")
    job.run(str(run.path))
    assert run.state.phase == "stopped" and run.network is None


def test_the_time_limit_ends_a_run(store):
    run = trained(store, replace(TINY, epochs=200, time_limit=1, batch_size=1))
    assert run.state.phase == "stopped" and "time limit of 1 s" in run.state.note


def test_an_infinite_loss_suggests_a_smaller_learning_rate(store):
    run = trained(store, replace(TINY, learning_rate=100.0, layers=(Dense(64, "linear"),) * 4))
    assert run.state.phase == "failed" and run.state.error.startswith("The loss became infinite in epoch 1: ")
    assert "smaller learning rate, such as 10." in run.state.error
    assert run.network is None


def test_bad_data_is_an_error_in_the_state(store, monkeypatch, tmp_path):
    path = tmp_path / "broken.npz"
    path.write_bytes(b"PK\x03\x04 not a zip")
    monkeypatch.setenv("DIGITLAB_DATA", str(path))
    run = trained(store, TINY)
    assert run.state.phase == "failed" and "broken.npz" in run.state.error


def test_an_unexpected_error_is_an_error_in_the_state_too(store, monkeypatch):
    monkeypatch.setattr(job.model, "build", lambda *_: 1 / 0)
    run = trained(store, TINY)
    assert run.state.phase == "failed" and "division by zero" in run.state.error


def test_a_run_that_has_started_does_not_start_again(store):
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
    thread.join(TIMEOUT_SECONDS)
    assert not thread.is_alive()


def test_the_network_can_be_used_during_training(store, monkeypatch):
    monkeypatch.setattr(reporter, "EXPORT_PACE", (0.0, 1.0))
    run = store.create(replace(TINY, epochs=200), "")
    thread = threading.Thread(target=job.run, args=(str(run.path),))
    thread.start()
    wait_for(lambda: run.network)
    assert run.state.phase == "running"
    Network(run.network)
    run.request("stop")
    thread.join(TIMEOUT_SECONDS)
