"""Reader of the weights in an exported ONNX file, without Keras and without the `onnx` library.

It reads only what `onnx_writer.to_onnx` writes: nested messages in protobuf's encoding, of which few fields matter.
`onnx` itself would cost the web process little (0.03 s, 6 MB), but the file may come from anybody, and its parser makes
an object of every message: 20 MB of empty nodes, which a zip packs into 20 kB, took 1.6 GB and 4 s, and 20 MB of empty
tensors 1.7 GB. Here they are skipped one by one and take no memory.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer import UserError
from trainer.config.training import TrainingConfig
from trainer.storage.files import read_bytes, read_or_none

GRAPH, INITIALIZER = 7, 5  # field numbers of ONNX's messages: a model's graph, a graph's tensors
DIMS, DATA_TYPE, NAME, RAW_DATA = 1, 2, 8, 9  # field numbers of a tensor
FLOAT = 1  # the data type float32
KERNEL = (2, 3, 1, 0)  # the axes of ONNX's convolution kernels, in Keras's order
Array = NDArray[Any]


def network_hash(file: Path) -> str:
    """Return the SHA-256 of a network's file, or "" if it does not exist."""
    return read_or_none(file, _file_hash) or ""


@functools.lru_cache(maxsize=200)
def _file_hash(file: Path, changed: int, size: int) -> str:
    return hashlib.sha256(read_bytes(file)).hexdigest()


def read(content: bytes, config: TrainingConfig) -> dict[str, list[Array]]:
    """Return the weights of each row of `config.table` that has any, as float32, in Keras's order and shapes.

    Raises UserError if `content` is not an ONNX file of this app, or of another network.
    """
    try:
        tensors = dict(_tensors(memoryview(content)))
    except (IndexError, ValueError, TypeError, UnicodeDecodeError):
        raise _weights_error("a damaged file") from None
    weights: dict[str, list[Array]] = {}
    for row in config.table:
        while (tensor := tensors.get(f"{row.name}/{len(weights.get(row.name, ()))}")) is not None:
            weights.setdefault(row.name, []).append(tensor.transpose(KERNEL) if tensor.ndim == 4 else tensor)
    found = {name: sum(weight.size for weight in arrays) for name, arrays in weights.items()}
    if found != {row.name: row.parameters for row in config.table if row.parameters}:
        raise _weights_error("those of other layers")
    return weights


def _tensors(model: memoryview) -> Iterator[tuple[str, Array]]:
    """Yield each float32 tensor with its name."""
    for field, graph in _fields(model):
        if field != GRAPH:
            continue
        for part, tensor in _fields(graph):
            if part != INITIALIZER:
                continue
            shape: list[int] = []
            name, raw, kind = "", b"", 0
            for place, value in _fields(tensor):
                if place == DIMS and isinstance(value, int):
                    shape.append(value)
                elif place == DIMS:
                    shape += _varints(value)
                elif place == DATA_TYPE:
                    kind = value
                elif place == NAME:
                    name = bytes(value).decode()
                elif place == RAW_DATA:
                    raw = bytes(value)
            if kind == FLOAT and len(raw) == 4 * math.prod(shape):
                yield name, np.frombuffer(raw, "<f4").reshape(shape)


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Yield the number and value of each field of a protobuf message: an integer, or the bytes of anything else.

    Raises IndexError or ValueError if the message is cut short.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        field, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield field, value
            continue
        if kind == 2:
            length, at = _varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"unknown wire type {kind}")
        if at + length > len(message):
            raise ValueError("cut short")
        yield field, message[at : at + length]
        at += length


def _varints(packed: memoryview) -> list[int]:
    numbers, at = [], 0
    while at < len(packed):
        number, at = _varint(packed, at)
        numbers.append(number)
    return numbers


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Read a varint (7 bits per byte, lowest first) and return it with the position after it."""
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at
        if shift > 63:
            raise ValueError("a varint of more than 64 bits")


def _weights_error(got: str) -> UserError:
    return UserError(f"The network must have the weights of its layers (got {got}): train it again, or choose another.")
