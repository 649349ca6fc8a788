"""Snapshots of the first layer's weights, and sketches of all layers."""

import numpy as np
import pytest

from trainer.config.training import TrainingConfig
from trainer.jobs.snapshots import MAX_SNAPSHOTS, Snapshots
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.sketch import SHAPE
from trainer.runs.store import RunStore


@pytest.fixture
def run(tmp_path):
    return RunStore(tmp_path / "runs").create(TrainingConfig(), "")


SKETCH = np.zeros((2, *SHAPE), np.float16)


def weights(step):
    return np.full((4, 28, 28), step, np.float32)


def test_snapshots_are_saved_with_their_steps(run):
    snapshots = Snapshots(run, None)
    for step in (0, 10, 20):
        snapshots.take(step, weights(step), SKETCH)
    steps, saved = run.snapshots()
    assert steps.tolist() == [0, 10, 20] and saved.shape == (3, 4, 28, 28) and saved.dtype == np.float16
    assert saved[:, 0, 0, 0].tolist() == [0, 10, 20]


def test_every_second_snapshot_is_dropped_when_there_are_too_many(run):
    snapshots = Snapshots(run, None)
    for step in range(3 * MAX_SNAPSHOTS):
        snapshots.take(step, weights(step), SKETCH)
    snapshots.end(1_000, weights(1_000), SKETCH)
    steps, _ = run.snapshots()
    assert len(steps) <= MAX_SNAPSHOTS and steps[0] == 0 and steps[-1] == 1_000
    assert steps.tolist() == sorted(set(steps.tolist()))


def test_a_snapshot_is_due_after_an_even_share_of_all_steps(run):
    snapshots = Snapshots(run, None)
    assert not snapshots.due(10, 150)  # the first one is taken before training starts
    snapshots.take(0, weights(0), SKETCH)
    assert not snapshots.due(9, 150) and snapshots.due(10, 150)


def test_a_step_has_one_snapshot_and_a_layer_without_an_image_none(run):
    snapshots = Snapshots(run, None)
    snapshots.take(0, None, SKETCH)
    assert run.snapshots() is None and run.sketches()[0].tolist() == [0]
    snapshots.take(1, weights(0), SKETCH)
    snapshots.end(1, weights(9), SKETCH)
    steps, saved = run.snapshots()
    assert steps.tolist() == [1] and saved.max() == 0 and run.sketches()[0].tolist() == [0, 1]


def test_a_resumed_training_keeps_the_snapshots_before_its_checkpoint(run):
    snapshots = Snapshots(run, None)
    for step in (0, 10, 20):
        snapshots.take(step, weights(step), SKETCH)
    Snapshots(run, Checkpoint(1, 15, 1.0, 0.1, {})).take(30, weights(30), SKETCH)
    assert run.snapshots()[0].tolist() == [0, 10, 30]
