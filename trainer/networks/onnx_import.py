"""Import of a foreign ONNX file: only its weights are read, and a new file is written with them.

An ONNX file is a program and may do anything that ONNX Runtime can, so a foreign one never runs: `onnx_reader` reads
its weights, and `onnx_writer` writes the network of the config with them. This happens in a short process of its own,
`python -m trainer.networks.onnx_import`, which bounds the time and memory that a foreign file can take.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from trainer import UserError, processes
from trainer.config.training import TrainingConfig
from trainer.networks import onnx_reader
from trainer.networks.inference import Network

MODULE = "trainer.networks.onnx_import"
TIMEOUT_SECONDS = 60.0  # it takes about 1 on an idle machine


def import_onnx(content: bytes, config: TrainingConfig, timeout: float = TIMEOUT_SECONDS) -> bytes:
    """Return a new ONNX file of the network of a config, with the weights of a foreign one.

    Raises UserError if the weights do not fit the config or give no finite probabilities.
    """
    try:
        return processes.run_helper(MODULE, [], config.to_json().encode() + b"\n" + content, timeout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(
            f"The network must be read within {timeout:g} s (got {type(error).__name__}): try again later."
        ) from None
    except subprocess.CalledProcessError:
        raise weights_error("an unreadable file") from None


def weights_error(got: str) -> UserError:
    return UserError(
        f"The network must have the weights of its layers, all of them finite (got {got}): "
        "download the run again and import it unchanged."
    )


def check_weights(weights: dict[str, list[np.ndarray]], config: TrainingConfig) -> None:
    """Raise UserError if weights do not have the shapes of a config's layers, or are not finite."""
    for row in config.table:
        arrays = weights.get(row.name, [])
        if tuple(array.shape for array in arrays) != row.layer.weight_shapes(row.input_shape):
            raise weights_error(f"other shapes in {row.name}")
        if not all(np.isfinite(array).all() for array in arrays):
            raise weights_error(f"NaN or infinity in {row.name}")


def _check_outputs(content: bytes, config: TrainingConfig) -> None:
    """Raise UserError if a network that we wrote gives no finite outputs: even finite weights can be too large."""
    shape = config.table[0].input_shape
    probabilities = Network(content).probabilities(np.stack([np.zeros(shape, np.float32), np.ones(shape, np.float32)]))
    if not np.isfinite(probabilities).all():
        raise weights_error("values that are far too large")


def rewrite(content: bytes, config: TrainingConfig) -> bytes:
    """Do what `transcribe` does, in this process."""
    from trainer.networks import onnx_writer  # imports the `onnx` library

    weights = onnx_reader.read(content, config)
    check_weights(weights, config)
    written = onnx_writer.to_onnx(weights, config)
    _check_outputs(written, config)
    return written


def main() -> None:
    with processes.report_user_error():
        config = TrainingConfig.from_json(sys.stdin.buffer.readline().decode())
        sys.stdout.buffer.write(rewrite(sys.stdin.buffer.read(), config))


if __name__ == "__main__":
    main()
