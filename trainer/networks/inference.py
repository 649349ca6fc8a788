"""Predictions of a trained network with ONNX Runtime, without Keras, which keeps the web process small."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from trainer import UserError
from trainer.config import dataset_info
from trainer.config.limits import CLASSES
from trainer.config.training import TrainingConfig
from trainer.processes import lower_thread_priority
from trainer.storage.files import read_bytes

Turn = Callable[[], AbstractContextManager[None]]
BATCH = 25  # images at a time: the outputs of a layer fit into the processor's cache, and the memory stays small
_slow_networks = ThreadPoolExecutor(initializer=lower_thread_priority, thread_name_prefix="slow-network")


class Network:
    """A network that `onnx_writer.to_onnx` wrote. Threads may share one.

    source: the file or its bytes; it is read once, so the file may be replaced at any time. Raises UserError if it is
    damaged or missing. Each method takes images (n, 28, 28) float32, 0 paper .. 1 ink, or in the shape of the
    network's data set.
    """

    def __init__(self, source: Path | bytes) -> None:
        import onnxruntime  # 0.3 s: a page shows before its first network is read

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # one image is too little work to share
        options.enable_cpu_mem_arena = False  # otherwise each network keeps the memory of its largest batch
        options.log_severity_level = 4
        try:
            content = source if isinstance(source, bytes) else read_bytes(source)
            self.memory = 2 * len(content)  # bytes, about: the weights, and what ONNX Runtime makes of them
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
            (self._input,) = self._session.get_inputs()
            names = [output.name for output in self._session.get_outputs()]
            if names[:2] != ["probabilities", "logits"]:
                raise ValueError(f"the outputs are {names}")
        except Exception as error:  # ONNX Runtime's errors have no common base
            what = "The network" if isinstance(source, bytes) else f"The network {source.name}"
            raise UserError(
                f"{what} must be a complete file of this app (got a damaged one): train it again."
            ) from error
        self._layers = names[2:]
        self._turn: Turn | None = None
        self._seconds = 0.0

    def in_turns(self, turn: Turn, seconds: float) -> Network:
        """Return the same network for a visitor who shares the processor: it computes each image inside `turn()`.

        It raises UserError if an image takes more than `seconds`.
        """
        network = copy.copy(self)
        network._turn, network._seconds = turn, seconds
        return network

    def check(self, config: TrainingConfig) -> None:
        """Raise UserError if this is not the network that a config describes."""
        shape, layers = dataset_info.info(config.dataset).shape, [row.name for row in config.table]
        classes = {output.shape[-1] for output in self._session.get_outputs()[:2] if output.shape}
        if tuple(self._input.shape[1:]) != shape or self._layers != layers or classes != {CLASSES}:
            raise UserError(
                "The network must have the layers of its run (got other ones): train it again, or choose another one."
            )

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return (n, 10) float32; each row sums to 1."""
        return self._run(["probabilities"], images)[0]

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return (n, 10) float32: the values that softmax turns into probabilities."""
        return self._run(["logits"], images)[0]

    def layers(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return the output of every layer by its name in the layer table; images are (n, height, width, channels)."""
        return dict(zip(self._layers, self._run(self._layers, images), strict=True))

    def layer(self, name: str, images: np.ndarray) -> np.ndarray:
        """Return the output of one layer; dropping the others at once saves most of the memory."""
        return self._run([name], images)[0]

    def layer_and_probabilities(self, name: str, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the output of one layer, and the probabilities, (n, 10) float32, in one run."""
        layer, probabilities = self._run([name, "probabilities"], images)
        return layer, probabilities

    def _run(self, outputs: list[str], images: np.ndarray) -> list[np.ndarray]:
        shape = tuple(self._input.shape[1:])
        if images.dtype != np.float32 or images.shape[1:] != shape:
            wanted = ", ".join(map(str, shape))
            raise ValueError(f"images must be (n, {wanted}) float32 (got {images.shape} {images.dtype}).")
        batch = BATCH if self._turn is None else 1
        starts = range(0, max(1, len(images)), batch)  # no images: one empty batch
        try:
            parts = [self._compute(outputs, images[at : at + batch]) for at in starts]
        except UserError:
            raise
        except Exception as error:  # the file is complete, but its parts do not fit together
            raise UserError("The network must be one of this app (got one that fails): train it again.") from error
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def _compute(self, outputs: list[str], images: np.ndarray) -> Any:
        inputs = {self._input.name: images}
        if self._turn is None:
            return self._session.run(outputs, inputs)
        import onnxruntime

        with self._turn():
            options = onnxruntime.RunOptions()
            clock = threading.Timer(self._seconds, setattr, (options, "terminate", True))
            clock.daemon = True
            clock.start()
            try:
                return _slow_networks.submit(self._session.run, outputs, inputs, options).result()
            except Exception as error:
                if options.terminate:
                    raise UserError(too_slow(self._seconds)) from error
                raise
            finally:
                clock.cancel()


def too_slow(seconds: float) -> str:
    return (
        f"A network must read a drawing within {seconds:g} s (this one takes longer now): try again in a minute, or "
        "choose a network with fewer multiply-adds."
    )
