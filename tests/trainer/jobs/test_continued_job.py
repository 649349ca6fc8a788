"""Continued trainings: from a parent's weights, with their owner's drawings among the digits."""

import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest

from harness.waiting import TIMEOUT_SECONDS, wait_for
from tests.support.jobs import run_until_released
from trainer import UserError
from trainer.config import presets
from trainer.config.layers import BatchNormalization, Conv2D, Dense, Flatten, MaxPooling2D
from trainer.config.optimizers import Adam
from trainer.config.training import TrainingConfig
from trainer.data import synthetic
from trainer.jobs import job
from trainer.jobs.engine import Engine
from trainer.networks import model, onnx_reader
from trainer.runs import parent
from trainer.runs.owner import owner_hash
from trainer.runs.store import RunStore
from trainer.shipped import network as shipped

pytestmark = pytest.mark.slow  # trains with Keras

TINY = TrainingConfig(
    layers=(Conv2D(4, 5, 3), BatchNormalization(0.9), MaxPooling2D(2), Flatten(), Dense(16, "relu")),
    optimizer=Adam(),
    learning_rate=0.003,
    batch_size=20,
    epochs=2,
)
NO_CHANGE = {"learning_rate": 1e-6, "epochs": 1}  # settings of a training that hardly changes the weights


@pytest.fixture
def store(tmp_path, few_digits, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    monkeypatch.setattr(synthetic, "COUNTS", (100, 10))  # all that is drawn
    return RunStore(tmp_path / "runs")


@pytest.fixture(scope="module")
def trained_once(few_digits, tmp_path_factory):
    """A run whose network has learned a little."""
    run = RunStore(tmp_path_factory.mktemp("trained")).create(TINY, owner_hash("me"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITLAB_DATA", str(few_digits))
        patch.setattr(synthetic, "COUNTS", (100, 10))
        job.run(str(run.path))
    assert run.state.phase == "finished"
    return run


@pytest.fixture
def trained(store, trained_once):
    """A copy of it that a test may do anything to."""
    shutil.copytree(trained_once.path, store.root / trained_once.id)
    return store.get(trained_once.id)


def continue_training(store, run, config, drawings=None):
    """Continue training from a run's network, and return the new run."""
    content = None if drawings is None else drawings.content()
    new = store.create(config, owner_hash("me"), run.id, run.network.read_bytes(), content)
    job.run(str(new.path))
    return new


def weights_of(run):
    return onnx_reader.read(run.network.read_bytes(), run.config)


def far_apart(one, other):
    """Return the largest difference of two networks' trainable weights."""
    trainable = [(a, b) for name in one for a, b in list(zip(one[name], other[name], strict=True))[:2]]
    return max(float(np.abs(a - b).max()) for a, b in trainable)


def test_a_continued_training_starts_from_its_parents_weights(store, trained):
    new = continue_training(store, trained, replace(TINY, **NO_CHANGE, seed=9))
    assert new.state.phase == "finished", new.state.error
    assert new.read().parent == trained.id and new.read().name.endswith(", continued")
    assert far_apart(weights_of(new), weights_of(trained)) < 1e-3
    assert new.state.test_accuracy == pytest.approx(trained.state.test_accuracy, abs=0.05)
    assert far_apart(weights_of(new), model.weights(model.build(new.config))) > 0.01


def test_the_shipped_network_can_be_continued(store):
    found = parent.find_parent(store, parent.SHIPPED)
    config = replace(presets.fine_tune(found.config, 0), **NO_CHANGE, training_examples=100)
    run = store.create(config, "", found.id, parent.read_network(found, config))
    job.run(str(run.path))
    assert run.state.phase == "finished", run.state.error
    assert far_apart(weights_of(run), onnx_reader.read(shipped.PATH.read_bytes(), config)) < 1e-3


def test_own_drawings_are_learned_and_read_before_and_after(store, trained, mine):
    config = replace(TINY, own_examples=150, epochs=6)
    state = continue_training(store, trained, config, mine).state
    assert state.phase == "finished", state.error
    assert state.examples == 600 and state.drawings == 12
    assert state.right_before <= 2 and state.right_after >= 10


def test_own_drawings_can_be_mixed_into_a_first_training(store, mine):
    run = store.create(replace(TINY, own_examples=30, synthetic_examples=100), "", drawings=mine.content())
    job.run(str(run.path))
    state = run.state
    assert (state.phase, state.examples, state.drawings, state.right_before) == ("finished", 580, 12, None)
    assert state.right_after is not None and not run.read().parent


def ends(store, run):
    volatile = ("seconds", "memory")
    lines = [line for line in store.history(run) if line["kind"] == "epoch"]
    return [{key: value for key, value in line.items() if key not in volatile} for line in lines]


def test_a_paused_training_resumes_without_its_parent(store, trained, mine):
    config = replace(TINY, own_examples=50, epochs=10, batch_size=5)
    content = trained.network.read_bytes()
    run, other = (store.create(config, "", trained.id, content, mine.content()) for _ in range(2))
    shutil.rmtree(trained.path)
    thread = threading.Thread(target=job.run, args=(str(run.path),))
    thread.start()
    wait_for(lambda: len(ends(store, run)) >= 2)
    run.request("pause")
    thread.join(TIMEOUT_SECONDS)
    before = run.state.right_before
    assert run.state.phase == "paused" and before is not None and len(ends(store, run)) < 10
    run.request("resume")
    run.update(phase="queued")
    job.run(str(run.path))
    job.run(str(other.path))
    assert run.state.phase == "finished" and run.state.right_before == before == other.state.right_before
    assert ends(store, run) == ends(store, other)


@pytest.mark.parametrize("file", ["parent.onnx", "drawings.npz"])
@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", b"\x08\x01broken"])
def test_a_damaged_parent_or_damaged_drawings_give_an_error(store, trained, mine, file, content):
    run = store.create(replace(TINY, own_examples=10), "", trained.id, trained.network.read_bytes(), mine.content())
    (run.path / file).unlink()
    if content is not None:
        (run.path / file).write_bytes(content)
    job.run(str(run.path))
    assert run.state.phase == "failed" and "must" in run.state.error and "Training failed" not in run.state.error


# --- the engine -----------------------------------------------------------------------------------------------


@pytest.fixture
def engine(cluster, store):
    engine = Engine(store.root, address=cluster.scheduler_address, job=run_until_released)
    yield engine
    for run in engine.runs.runs():
        (run.path / "go").touch()
    wait_for(lambda: all(run.state.ended for run in engine.runs.runs()))
    engine.close()


def test_a_submitted_run_holds_its_parents_network_and_the_drawings(engine, trained, mine):
    engine.collection("me").add(mine.images[0], 7)
    engine.collection("somebody else").add(mine.images[1], 3)
    run = engine.runs.get(engine.submit(replace(TINY, own_examples=20), "me", parent=trained.id))
    assert run.parent_file.read_bytes() == trained.network.read_bytes()
    with np.load(run.drawings_file) as arrays:
        assert arrays["labels"].tolist() == [7]
    plain = engine.runs.get(engine.submit(TINY, "me"))
    assert not plain.parent_file.exists() and not plain.drawings_file.exists() and not plain.read().parent


def test_a_training_that_cannot_be_continued_is_an_error(engine, trained):
    with pytest.raises(UserError, match="same layers"):
        engine.submit(replace(TINY, layers=(Dense(8),)), parent=trained.id)
    with pytest.raises(UserError, match="needs some"):
        engine.submit(replace(TINY, own_examples=20), "me")
    for gone in ("20260101-000000-abcdef", "../..", "nothing"):
        with pytest.raises(UserError, match="must exist"):
            engine.submit(TINY, parent=gone)
    trained.network_file.write_bytes(b"\x08\x01broken")
    with pytest.raises(UserError, match="damaged"):
        engine.submit(TINY, parent=trained.id)
    assert [run.id for run in engine.runs.runs()] == [trained.id]
