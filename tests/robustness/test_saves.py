"""A process killed while saving: files are complete or absent, and no temporary files remain."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from harness.server import ROOT
from harness.waiting import wait_for
from tests.support.apps import TINY
from trainer.jobs.engine import Engine
from trainer.networks import model, onnx_writer
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.inference import Network
from trainer.runs.state import State
from trainer.runs.store import RunStore

# Forks savers from one process, to import once, and kills each at a random moment after some saves.
NURSERY = """
import os, random, signal, sys, time
from pathlib import Path
import numpy as np
from trainer.networks.checkpoint import Checkpoint
from trainer.storage.files import write_atomically
from trainer.runs.run import Run

run, kills = Run(Path(sys.argv[1])), int(sys.argv[2])
networks = [path.read_bytes() for path in sorted(run.path.parent.parent.glob("*.onnx"))]
arrays = [{"network/dense/0": np.full((300, 300), number, np.float32)} for number in (1, 2)]
chance = random.Random(1)
for _ in range(kills):
    saved, tell = os.pipe()  # its own: what an earlier one wrote before its end would be read as this one's
    child = os.fork()
    if not child:
        while True:
            for network, array in zip(networks, arrays):
                write_atomically(run.network_file, network)
                Checkpoint(1, 2, 3.0, 0.1, array).save(run.checkpoint)
                run.update(phase="running", activity="training")
                os.write(tell, b".")
    for _ in range(chance.randrange(3)):
        os.read(saved, 1)
    time.sleep(chance.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(saved)
    os.close(tell)
    print("killed", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.long)])
def test_a_killed_save_leaves_the_old_file_or_the_new_one(cluster, tmp_path, kills):
    store = RunStore(tmp_path / "runs")
    run = store.create(TINY, "")
    weights = model.weights(model.build(TINY))
    image = np.linspace(0, 1, 784, dtype=np.float32).reshape(1, 28, 28)
    answers = []
    for number in (1, 2):
        content = onnx_writer.to_onnx(
            {name: [number * part for part in parts] for name, parts in weights.items()}, TINY
        )
        (tmp_path / f"{number}.onnx").write_bytes(content)
        answers.append(Network(content).probabilities(image).tolist())
    nursery = subprocess.Popen(
        [sys.executable, "-c", NURSERY, str(run.path), str(kills)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    seen = set()
    with nursery:
        for _ in range(kills):
            assert nursery.stdout.readline() == "killed\n"
            if run.network:
                answer = Network(run.network).probabilities(image).tolist()
                assert answer in answers
                seen.add(answers.index(answer))
            if run.checkpoint.is_file():
                (weight,) = Checkpoint.load(run.checkpoint).weights["dense"]
                assert np.unique(weight).tolist() in ([1], [2])
            assert run.state in (State("queued"), State("running", activity="training"))
            nursery.stdin.write("\n")
            nursery.stdin.flush()
    assert seen == {0, 1}  # kills hit both states
    assert list(run.path.glob(".*"))
    ended = store.create(TINY, "")
    ended.update(phase="finished")
    (ended.path / ".0a1b2c3d.meta.json").write_text("{")  # left by a killed process
    os.utime(run.path / "state.json", (0, 0))  # the last heartbeat is long ago
    engine = Engine(store.root, address=cluster.scheduler_address)  # the next start
    try:
        wait_for(lambda: run.state.phase == "interrupted")
        wait_for(lambda: not [*run.path.glob(".*"), *ended.path.glob(".*")])
    finally:
        engine.close()


def test_a_partly_written_line_is_skipped(tmp_path):
    store = RunStore(tmp_path / "runs")
    run = store.create(TINY, "")
    whole = json.dumps({"kind": "epoch", "epoch": 1})
    (run.path / "history.jsonl").write_text(f'{whole}\n{{"kind": "ep')
    assert store.history(run) == [{"kind": "epoch", "epoch": 1}]
