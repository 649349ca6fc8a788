"""How does an exported network become one of Keras's own again? By a process of its own, from its weights and config.

A training leaves a `.keras` file by itself; a network that has none, or another one's, is converted when somebody asks
for it. `python -m trainer.conversion NETWORK.onnx TO.keras` reads the config as JSON from its standard input. Whoever
imports this module gets no Keras, and no `.keras` file is ever read by Keras here: a foreign one could hold anything.
"""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from trainer import UserError, weights
from trainer.config import TrainingConfig
from trainer.evaluation import network_hash
from trainer.files import opened, read_bytes

FILE = "model.keras"  # of a run directory
PATIENCE = 120.0  # seconds; Keras takes some 5 to start on a quiet machine
ROOT = Path(__file__).parents[1]
_MARK = b"Digit Lab, from the ONNX file of SHA-256 "

_log = logging.getLogger(__name__)


def mark(file: Path, network_hash: str) -> None:
    """Write into a `.keras` file, a zip, of which ONNX file it has the weights; Keras does not mind."""
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = _MARK + network_hash.encode()


def find(file: Path, network: Path) -> Path | None:
    """Return a `.keras` file, or None where it is missing, damaged, or not of the ONNX file as it is now."""
    try:
        with opened(file) as stream, zipfile.ZipFile(stream) as archive:
            whole = {"config.json", "model.weights.h5"} <= set(archive.namelist())
            marked = archive.comment
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    digest = network_hash(network)
    return file if whole and digest and marked == _MARK + digest.encode() else None


def make(network: Path, config: TrainingConfig, file: Path, patience: float = PATIENCE) -> None:
    """Convert an ONNX file of a config, and wait for it.

    Raises UserError where that fails or takes longer than `patience` seconds.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "trainer.conversion", str(network.absolute()), str(file.absolute())]
    # of a GPU it would take memory from those who train
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(
            command, input=config.to_json(), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=patience
        )
    except subprocess.TimeoutExpired:
        for left_over in file.parent.glob(f".*.{file.name}"):
            left_over.unlink(missing_ok=True)
        raise UserError(
            f"The .keras file must be ready within {patience:g} s (it was not, the machine is busy): try again later, "
            "or take the ONNX file."
        ) from None
    except OSError as error:
        raise UserError(
            f"Keras must start to make the .keras file (got: {error.strerror}): take the ONNX file."
        ) from error
    if done.returncode == 0:
        return
    last = (done.stderr.strip().splitlines() or [""])[-1]
    if done.returncode == REFUSED:
        raise UserError(last)
    _log.warning("%s was not converted (status %s): %s", network.name, done.returncode, done.stderr[-2000:])
    raise UserError("The .keras file could not be made: see the server's log, or take the ONNX file.")


REFUSED = 3  # the status with which the process says that its last line is for the person who asked


def main() -> None:
    from trainer import job, model  # Keras, which they import when they need it, in this process alone

    job.step_back()
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        config = TrainingConfig.from_json(sys.stdin.read())
        content = read_bytes(source)
        values = weights.read(content, config)
        network = model.build(config)
        model.assign(network, values)
        model.save(network, target, hashlib.sha256(content).hexdigest())
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)
    except OSError as error:
        print(f"The folder for runs must be writable (got: {error.strerror}): free some space.", file=sys.stderr)
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
