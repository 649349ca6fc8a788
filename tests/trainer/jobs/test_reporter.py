"""Reporter: what it writes during a training, and how requests reach the training."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from trainer.config.layers import Dense
from trainer.config.training import TrainingConfig
from trainer.data import datasets
from trainer.jobs import reporter
from trainer.jobs.reporter import Pace, Reporter, choose_watched_digits
from trainer.networks import model
from trainer.networks.checkpoint import WEIGHTS_PREFIX, Checkpoint
from trainer.networks.inference import Network
from trainer.runs.history import MAX_WATCHED_DIGITS
from trainer.runs.requests import FollowedDrawing
from trainer.runs.store import RunStore

pytestmark = pytest.mark.slow  # loads Keras

CONFIG = TrainingConfig(layers=(Dense(8, "relu"),), epochs=3, batch_size=50, learning_rate=0.1)


@pytest.fixture(scope="module")
def network():
    return model.build(CONFIG, 500)


@pytest.fixture(scope="module")
def dataset(few_digits):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITLAB_DATA", str(few_digits))
        return datasets.load()


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def run(store):
    return store.create(CONFIG, "somebody")


@pytest.fixture
def report(run, network, dataset, monkeypatch):
    """Return a function that makes a reporter, which reads requests at every call and is closed after the test."""
    monkeypatch.setattr(reporter, "POLL_SECONDS", 0.0)
    reporters = []

    def make(config=CONFIG, gone=None, start=None):
        reporters.append(Reporter(run, config, network, dataset, gone or threading.Event(), start))
        return reporters[-1]

    yield make
    for made in reporters:
        if not made._history._file.closed:
            made.close()


def batch(step):
    return {"kind": "batch", "epoch": 1 + (step - 1) // 10, "step": step, "loss": 1.0, "seconds": 0.1 * step}


def epoch(number):
    return {"kind": "epoch", "epoch": number, "step": 10 * number, "val_accuracy": 0.5, "seconds": 1.0 * number}


def checkpoint_of(network, epochs, step):
    arrays = {
        f"{WEIGHTS_PREFIX}/{name}/{place}": array
        for name, layer in model.weights(network).items()
        for place, array in enumerate(layer)
    }
    return Checkpoint(epochs, step, 1.0, 0.1, arrays)


# --- what it writes -------------------------------------------------------------------------------------------


def test_all_batch_lines_are_in_the_history_in_their_order(store, run, report):
    made = report()
    for step in range(1, 30):
        made.report(batch(step))
    made.close()
    assert store.history(run) == [batch(step) for step in range(1, 30)]


def test_an_epochs_line_follows_its_checkpoint_and_has_the_watched_digits_predictions(store, run, report, network):
    made = report()
    made.checkpoint(lambda: checkpoint_of(network, 1, 10))
    made.report(epoch(1))
    made.export()
    made.close()
    (line,) = store.history(run)
    assert Checkpoint.load(run.checkpoint).step == 10 and line["memory"] > 0
    images, labels = run.digits()
    predicted = Network(run.network).probabilities(images.astype(np.float32) / 255).argmax(axis=1)
    assert line["reads"] == predicted.tolist() and len(labels) == MAX_WATCHED_DIGITS


def test_followed_drawings_are_predicted_at_the_end_of_an_epoch(store, run, report, network):
    image = np.zeros((28, 28), np.float32)
    image[4:24, 13:15] = 1
    run.request("pin", **FollowedDrawing("a1", 1, image).request())
    made = report()
    made.control()
    made.checkpoint(lambda: checkpoint_of(network, 1, 10))
    made.report(epoch(1))
    made.export()
    made.close()
    (line,) = store.predictions(run)
    expected = Network(run.network).probabilities(image[None])[0]
    assert (line["step"], line["epoch"]) == (10, 1)
    assert line["probabilities"]["a1"] == pytest.approx(expected.tolist(), abs=1e-4)


def test_a_training_that_ends_within_an_epoch_saves_its_checkpoint(run, report, network):
    made = report()
    made.checkpoint(lambda: checkpoint_of(network, 0, 4))
    made.close()
    assert Checkpoint.load(run.checkpoint).step == 4


def test_a_resumed_training_removes_the_lines_after_its_checkpoint(store, run, report, network):
    made = report()
    for step in range(1, 15):
        made.report(batch(step))
        if step == 10:
            made.checkpoint(lambda: checkpoint_of(network, 1, 10))
            made.report(epoch(1))
    made.close()
    report(start=Checkpoint.load(run.checkpoint)).close()
    steps = [line["step"] for line in store.history(run) if line["kind"] == "batch"]
    assert steps == [*range(1, 11)]
    assert [line["epoch"] for line in store.history(run) if line["kind"] == "epoch"] == [1]


def test_a_kill_between_the_checkpoint_and_its_epochs_line_loses_no_line(store, run, report, network):
    made = report()
    for step in range(1, 11):
        made.report(batch(step))
    made.checkpoint(lambda: checkpoint_of(network, 1, 10))
    made.report(epoch(1))
    made.close()
    lines = store.history(run)
    file = run.path / "history.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    report(start=Checkpoint.load(run.checkpoint)).close()
    assert store.history(run) == lines and lines[-1]["kind"] == "epoch"


# --- what it reads --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["stop", "pause"])
def test_its_owner_can_end_a_training(run, report, end):
    made = report()
    assert made.control().end == "" and made.why_ended == ""
    run.request(end)
    assert made.control().end == end and made.why_ended == "stopped by its owner"


def test_its_owner_can_change_epochs_and_learning_rate(run, report):
    made = report()
    run.request("epochs", value=7)
    run.request("learning_rate", value=0.025)
    control = made.control()
    assert (control.end, control.epochs, control.learning_rate) == ("", 7, 0.025)


def test_the_time_limit_stops_a_training(report):
    made = report(replace(CONFIG, time_limit=5))
    made.started -= 6
    assert made.control().end == "stop" and made.why_ended == "stopped at its time limit of 5 s"


def test_a_missing_folder_stops_a_training(report):
    gone = threading.Event()
    made = report(gone=gone)
    gone.set()
    assert made.control().end == "stop" and made.why_ended == "its folder is gone"


# --- its parts ------------------------------------------------------------------------------------------------


def test_watched_digits_are_the_first_of_each_class_and_then_others():
    labels = np.array([7, 7, 7, 2, 2, *[1] * 30, 0])
    watched = choose_watched_digits(labels)
    assert watched[:4].tolist() == [35, 5, 3, 0] and len(set(watched.tolist())) == MAX_WATCHED_DIGITS
    assert choose_watched_digits(np.array([1, 0])).tolist() == [1, 0]


def test_a_pace_limits_the_interval_and_the_share_of_the_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(reporter.time, "perf_counter", lambda: now[0])
    pace = Pace(seconds=2.0, share=0.01)
    assert not pace.due(1.9) and pace.due(2.0)
    now[0] = 2.001  # quick work: the interval counts
    pace.done(started=2.0)
    assert not pace.due(4.0) and pace.due(4.001)
    now[0] = 5.0  # a second of work: the next is due after 100 seconds
    pace.done(started=4.0)
    assert not pace.due(104.9) and pace.due(105.0)
