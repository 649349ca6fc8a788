"""Lease of a run directory: one writer at a time, until its process ends."""

import subprocess
import sys

import pytest

from harness.server import ROOT
from harness.waiting import TIMEOUT_SECONDS
from trainer.config.training import TrainingConfig
from trainer.runs import lease
from trainer.runs.store import RunStore

HOLD = """
import sys
from pathlib import Path
from trainer.runs import lease
from trainer.runs.run import Run
with lease.hold(Run(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def run(tmp_path):
    return RunStore(tmp_path / "runs").create(TrainingConfig(), "")


def test_a_lease_is_held_until_it_is_released(run):
    assert lease.state(run) == "unknown"
    with lease.hold(run):
        assert lease.state(run) == "held"
        with pytest.raises(lease.LeaseHeldError), lease.hold(run):
            pass
    assert lease.state(run) == "free"


@pytest.mark.slow  # starts a process
def test_a_killed_process_frees_its_lease(run):
    command = [sys.executable, "-c", HOLD, str(run.path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        assert lease.state(run) == "held"
        process.kill()
    process.wait(TIMEOUT_SECONDS)
    assert lease.state(run) == "free"


def test_a_link_in_its_place_is_refused(run, tmp_path):
    (run.path / lease.FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError), lease.hold(run):
        pass
    assert lease.state(run) == "unknown" and not (tmp_path / "elsewhere").exists()
