"""Line writer: what a resumed training finds in a growing file."""

import numpy as np
import pytest

from trainer.jobs.line_writer import LineWriter
from trainer.networks.checkpoint import Checkpoint
from trainer.storage.files import json_line, parse_lines

EPOCHS = [{"kind": "epoch", "epoch": number, "step": 10 * number} for number in (1, 2, 3)]
BATCHES = [{"kind": "batch", "epoch": 1 + step // 10, "step": step} for step in range(5, 35, 5)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.jsonl"


def start(epoch, step):
    return Checkpoint(epoch, step, 1.0, 0.1, {"network/dense/0": np.ones(1)})


def test_lines_are_written_by_a_flush(path):
    writer = LineWriter(path, None)
    for line in BATCHES:
        writer.write(line)
    assert path.read_bytes() == b""
    writer.flush()
    writer.close()
    assert parse_lines(path.read_bytes()) == BATCHES


@pytest.mark.parametrize("written", [EPOCHS, EPOCHS[:2], EPOCHS[:1]])
def test_a_resumed_training_begins_with_the_lines_up_to_its_checkpoint(path, written):
    path.write_bytes(b"".join(map(json_line, [*BATCHES, *written])))
    LineWriter(path, start(2, 20), EPOCHS[1]).close()
    assert parse_lines(path.read_bytes()) == [*BATCHES[:4], *EPOCHS[:2]]


def test_a_resumed_training_without_a_file_begins_with_its_checkpoints_line(path):
    LineWriter(path, start(2, 20), EPOCHS[1]).close()
    assert parse_lines(path.read_bytes()) == [EPOCHS[1]]
