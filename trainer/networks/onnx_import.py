"""A foreign network's file, written anew: only its numbers are taken over, and what was in it beside them is gone.

An ONNX file is a program, and whoever made it could let it do anything that ONNX Runtime can. So it is never run: its
weights are read by `weights`, and `export` writes the network of the config with them. That takes ONNX's own library,
which the web process does without, so it is done in a short process of its own: `python -m
trainer.networks.onnx_import`.
"""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np

from trainer import UserError, processes
from trainer.config.training import TrainingConfig
from trainer.networks import onnx_reader
from trainer.networks.inference import Network

MODULE = "trainer.networks.onnx_import"
PATIENCE = 60.0  # seconds; it takes one on a quiet machine
_one_at_a_time = threading.Lock()  # a class that brings thirty networks at once starts no thirty processes


def transcribe(content: bytes, config: TrainingConfig, patience: float = PATIENCE) -> bytes:
    """Return the network of a config with the weights of a foreign ONNX file, as this app would have written it.

    Raises UserError where it has other weights, or such as give no probabilities.
    """
    try:
        with _one_at_a_time:
            return processes.run_helper(MODULE, [], config.to_json().encode() + b"\n" + content, patience)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(
            f"Reading the network may take {patience:g} s at most (got: {type(error).__name__}): try again later."
        ) from None
    except subprocess.CalledProcessError:
        raise misfit("one that cannot be read") from None


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
    from trainer.networks import onnx_writer  # ONNX's own library

    found = onnx_reader.read(content, config)
    check(found, config)
    written = onnx_writer.to_onnx(found, config)
    _try(written, config)
    return written


def main() -> None:
    with processes.refusing():
        config = TrainingConfig.from_json(sys.stdin.buffer.readline().decode())
        sys.stdout.buffer.write(anew(sys.stdin.buffer.read(), config))


if __name__ == "__main__":
    main()
