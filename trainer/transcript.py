"""A foreign network's file, written anew: only its numbers are taken over, and what was in it beside them is gone.

An ONNX file is a program, and whoever made it could let it do anything that ONNX Runtime can. So it is never run: its
weights are read by `weights`, and `export` writes the network of the config with them. That takes ONNX's own library,
which the web process does without, so it is done in a short process of its own: `python -m trainer.transcript`.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from trainer import UserError, weights
from trainer.config import TrainingConfig
from trainer.inference import Network

PATIENCE = 60.0  # seconds; it takes one on a quiet machine
REFUSED = 3  # the status with which the process says that its last line is for the person who asked
ROOT = Path(__file__).parents[1]
_one_at_a_time = threading.Lock()  # a class that brings thirty networks at once starts no thirty processes
_log = logging.getLogger(__name__)


def transcribe(content: bytes, config: TrainingConfig, patience: float = PATIENCE) -> bytes:
    """Return the network of a config with the weights of a foreign ONNX file, as this app would have written it.

    Raises UserError where it has other weights, or such as give no probabilities.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", __name__]
    try:
        with _one_at_a_time:
            done = subprocess.run(
                command,
                input=config.to_json().encode() + b"\n" + content,
                cwd=ROOT,
                env=environment,
                capture_output=True,
                timeout=patience,
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(
            f"Reading the network may take {patience:g} s at most (got: {type(error).__name__}): try again later."
        ) from None
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode == REFUSED:
        raise UserError(said.splitlines()[-1])
    if done.returncode:
        _log.warning("a network was not transcribed (status %s): %s", done.returncode, said[-2000:])
        raise misfit("one that cannot be read")
    return done.stdout


def misfit(got: str) -> UserError:
    return UserError(
        f"The network must have the weights of its layers, all of them numbers (got {got}): "
        "download the run once more, and bring it unchanged."
    )


def check(found: dict[str, list[np.ndarray]], config: TrainingConfig) -> None:
    """Raise UserError where weights are not those of a config's rows, shape by shape, or are no numbers."""
    for row in config.table:
        arrays = found.get(row.name, [])
        if tuple(array.shape for array in arrays) != row.layer.weight_shapes(row.input_shape):
            raise misfit(f"others in {row.name}")
        if not all(np.isfinite(array).all() for array in arrays):
            raise misfit(f"some that are no numbers in {row.name}")


def _try(content: bytes, config: TrainingConfig) -> None:
    """Ask a network, which is of our own writing by now, about paper and ink alone: finite weights may be too large."""
    shape = config.table[0].input_shape
    said = Network(content).probabilities(np.stack([np.zeros(shape, np.float32), np.ones(shape, np.float32)]))
    if not np.isfinite(said).all():
        raise misfit("some that are far too large")


def anew(content: bytes, config: TrainingConfig) -> bytes:
    """Do what `transcribe` does, in this process."""
    from trainer import export  # ONNX's own library

    found = weights.read(content, config)
    check(found, config)
    written = export.to_onnx(found, config)
    _try(written, config)
    return written


def main() -> None:
    config = TrainingConfig.from_json(sys.stdin.buffer.readline().decode())
    try:
        sys.stdout.buffer.write(anew(sys.stdin.buffer.read(), config))
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
