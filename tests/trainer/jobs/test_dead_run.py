"""End of a run whose process has died."""

import pytest

from trainer.config.layers import Dense
from trainer.config.training import TrainingConfig
from trainer.jobs.dead_run import end_dead_run
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.inference import Network
from trainer.networks.onnx_reader import read
from trainer.runs import lease
from trainer.runs.store import RunStore

CONFIG = TrainingConfig(layers=(Dense(8, "relu"),))


@pytest.fixture
def run(tmp_path):
    run = RunStore(tmp_path / "runs").create(CONFIG, "")
    run.update(phase="running", activity="training")
    return run


def save_checkpoint(run, value):
    import numpy as np

    shapes = {"dense_2/0": (784, 8), "dense_2/1": (8,), "output/0": (8, 10), "output/1": (10,)}
    arrays = {f"network/{name}": np.full(shape, value, np.float32) for name, shape in shapes.items()}
    Checkpoint(1, 10, 1.0, 0.1, arrays).save(run.checkpoint)


@pytest.mark.parametrize(("end", "phase"), [("", "interrupted"), ("stop", "stopped"), ("pause", "paused")])
def test_it_ends_as_its_owner_had_requested_with_the_network_of_its_last_checkpoint(run, end, phase):
    save_checkpoint(run, 0.5)
    if end:
        run.request(end)
    end_dead_run(run)
    view = run.read()
    assert view.state.phase == phase and not view.state.activity and view.can_resume
    assert view.state.note or view.state.error
    Network(view.network)
    assert (read(view.network.read_bytes(), CONFIG)["output"][0] == 0.5).all()


def test_without_a_checkpoint_a_pause_interrupts_it(run):
    run.request("pause")
    end_dead_run(run)
    assert run.state.phase == "interrupted" and run.network is None


def test_a_damaged_checkpoint_is_left_alone(run):
    run.checkpoint.write_bytes(b"PK")
    end_dead_run(run)
    assert run.state.phase == "interrupted" and run.network is None


def test_a_run_that_could_write_its_end_keeps_it(run):
    run.update(phase="finished")
    end_dead_run(run)
    assert run.state.phase == "finished"


def test_a_run_whose_process_lives_is_not_ended(run, monkeypatch):
    monkeypatch.setattr("trainer.jobs.dead_run.LEASE_SECONDS", 0.0)
    with lease.hold(run), pytest.raises(lease.LeaseHeldError):
        end_dead_run(run)
    assert run.state.phase == "running"
