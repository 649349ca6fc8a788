"""A full disk: every write fails with one sentence, and saved files stay intact."""

import json
import shutil
import subprocess
import sys

import pytest

from harness.server import ROOT

# Fills a disk of 1 MB, then tries every kind of write and prints the outcomes.
FILL = """
import json, os, sys
from pathlib import Path
import numpy as np
from trainer import UserError
from trainer.networks.checkpoint import Checkpoint
from trainer.config.training import TrainingConfig
from trainer.storage.files import write_atomically
from trainer.runs.store import RunStore

store = RunStore(Path(sys.argv[1]) / "runs")
run = store.create(TrainingConfig(), "me")
write_atomically(run.network_file, b"old network")
run.update(phase="running")
Checkpoint(1, 2, 3.0, 0.1, {"network/dense/0": np.ones(3)}).save(run.checkpoint)
before = {path.name: path.read_bytes() for path in run.path.iterdir()}
with (Path(sys.argv[1]) / "full").open("wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(1000))
    except OSError:
        pass
tries = {
    "network": lambda: write_atomically(run.network_file, bytes(100_000)),
    "state": lambda: run.update(phase="finished", error="x" * 100_000),
    "checkpoint": lambda: Checkpoint(2, 3, 4.0, 0.1, {"network/dense/0": np.ones(100_000)}).save(run.checkpoint),
    "name": lambda: run.describe(name="new"),
    "another run": lambda: store.create(TrainingConfig(), "me"),
}
outcomes = {}
for name, attempt in tries.items():
    try:
        attempt()
        outcomes[name] = ""
    except UserError as error:
        outcomes[name] = f"UserError: {error}"
    except OSError as error:
        outcomes[name] = f"OSError: {error.strerror}"
after = {path.name: path.read_bytes() for path in run.path.iterdir()}
left = os.listdir(store.root)
print(json.dumps({"outcomes": outcomes, "same": before == after, "phase": run.state.phase, "left": left}))
"""


@pytest.fixture
def small_disk(tmp_path):
    """Return the command prefix that mounts a private disk of 1 MB at `tmp_path`."""
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    mount = f'mount -t tmpfs -o size=1m none "{tmp_path}" && exec "$@"'
    command = [*unshare, "sh", "-c", mount, "sh"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not allow mounting a small disk")
    return command


def test_a_full_disk_leaves_saved_files_intact(small_disk, tmp_path):
    done = subprocess.run(
        [*small_disk, sys.executable, "-c", FILL, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["same"] and found["phase"] == "running" and len(found["left"]) == 1
    for name, sentence in found["outcomes"].items():
        assert "No space left" in sentence, name
    assert found["outcomes"]["another run"].startswith("UserError: The folder for runs must be writable")
