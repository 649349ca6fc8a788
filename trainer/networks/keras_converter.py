"""Conversion of an ONNX file to a `.keras` file, in a process of its own: the web process never imports Keras.

A training writes its `.keras` file itself; if a network has none, or that of another network, it is converted on
demand. `python -m trainer.networks.keras_converter NETWORK.onnx TO.keras` reads the config as JSON from its standard
input.
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
TIMEOUT_SECONDS = 120.0  # Keras takes about 5 to start on an idle machine


def convert(network: Path, config: TrainingConfig, file: Path, timeout: float = TIMEOUT_SECONDS) -> None:
    """Convert the ONNX file `network` of a config to the `.keras` file `file`, and wait until it is written.

    Raises UserError if that fails or takes longer than `timeout` seconds.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    arguments = [str(network.absolute()), str(file.absolute())]
    try:
        processes.run_helper(MODULE, arguments, config.to_json().encode(), timeout)
    except subprocess.TimeoutExpired:
        for left_over in file.parent.glob(f".*.{file.name}"):
            left_over.unlink(missing_ok=True)
        raise UserError(
            f"The .keras file was not ready after {timeout:g} s because the machine is busy: try again later, "
            "or download the ONNX file."
        ) from None
    except OSError as error:
        raise UserError(
            f"Keras could not be started to write the .keras file ({error.strerror}): download the ONNX file instead."
        ) from error
    except subprocess.CalledProcessError:
        raise UserError(
            "The .keras file could not be written: see the server's log, or download the ONNX file."
        ) from None


def main() -> None:
    # leave the GPU's memory to the trainings
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    from trainer.networks import model  # imports Keras, in this process only

    processes.lower_priority()
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    with processes.report_user_error():
        try:
            config = TrainingConfig.from_json(sys.stdin.read(), saved=True)
            content = read_bytes(source)
            values = onnx_reader.read(content, config)
            network = model.build(config)
            model.assign(network, values)
            model.save(network, target, hashlib.sha256(content).hexdigest())
        except OSError as error:
            raise UserError(
                f"The .keras file could not be written to the run folder ({error.strerror}): free some space."
            ) from None


if __name__ == "__main__":
    main()
