"""A `.keras` file made from an ONNX file and its config, in a process of its own: nobody else imports Keras for it.

A training writes a `.keras` file itself; a network without one, or with that of another network, is converted when
somebody asks for it. `python -m trainer.networks.keras_converter NETWORK.onnx TO.keras` reads the config as JSON from
its standard input.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from trainer import UserError, processes
from trainer.config.training import TrainingConfig
from trainer.networks import onnx_reader
from trainer.storage.files import read_bytes

MODULE = "trainer.networks.keras_converter"
PATIENCE = 120.0  # seconds; Keras takes some 5 to start on a quiet machine


def make(network: Path, config: TrainingConfig, file: Path, patience: float = PATIENCE) -> None:
    """Convert an ONNX file of a config, and wait for it.

    Raises UserError where that fails or takes longer than `patience` seconds.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    arguments = [str(network.absolute()), str(file.absolute())]
    try:
        processes.run_helper(MODULE, arguments, config.to_json().encode(), patience)
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
    except subprocess.CalledProcessError:
        raise UserError("The .keras file could not be made: see the server's log, or take the ONNX file.") from None


def main() -> None:
    # a GPU's memory belongs to those who train
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    from trainer.networks import model  # Keras, which it imports when it needs it, in this process alone

    processes.lower_priority()
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    with processes.refusing():
        try:
            config = TrainingConfig.from_json(sys.stdin.read())
            content = read_bytes(source)
            values = onnx_reader.read(content, config)
            network = model.build(config)
            model.assign(network, values)
            model.save(network, target, hashlib.sha256(content).hexdigest())
        except OSError as error:
            raise UserError(f"The folder for runs must be writable (got: {error.strerror}): free some space.") from None


if __name__ == "__main__":
    main()
