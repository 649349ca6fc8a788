"""The weights in an exported ONNX file, read without Keras and without the `onnx` library.

Only what `export.to_onnx` writes is read: a file of nested messages in protobuf's encoding, of which few fields matter.
`onnx` itself would cost the web process little (0.03 s, 6 MB), but the file may come from anybody, and a parser makes
an object of every message in it: 20 MB of empty nodes, which a zip packs into 20 kB, took 1.6 GB and 4 s, and 20 MB
of empty tensors 1.7 GB. Here they are passed over one by one and take nothing.
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
from trainer.storage.files import kept, read_bytes

GRAPH, INITIALIZER = 7, 5  # fields of ONNX's messages: a model's graph, and a graph's tensors
DIMS, DATA_TYPE, NAME, RAW_DATA = 1, 2, 8, 9  # of a tensor
FLOAT = 1  # the data type
KERNEL = (2, 3, 1, 0)  # the axes of ONNX's convolution kernels, in Keras's order
Array = NDArray[Any]


def network_hash(file: Path) -> str:
    """Return the SHA-256 of a network's file, or "" where it is gone."""
    return kept(file, _file_hash) or ""


@functools.lru_cache(maxsize=200)
def _file_hash(file: Path, changed: int, size: int) -> str:
    return hashlib.sha256(read_bytes(file)).hexdigest()


def read(content: bytes, config: TrainingConfig) -> dict[str, list[Array]]:
    """Return the weights of each row of `config.table` that has any, float32, in Keras's order and shapes.

    Raises UserError where `content` is no such file, or another network's.
    """
    try:
        tensors = dict(_tensors(memoryview(content)))
    except (IndexError, ValueError, TypeError, UnicodeDecodeError):
        raise _misfit("a damaged file") from None
    weights: dict[str, list[Array]] = {}
    for row in config.table:
        while (tensor := tensors.get(f"{row.name}/{len(weights.get(row.name, ()))}")) is not None:
            weights.setdefault(row.name, []).append(tensor.transpose(KERNEL) if tensor.ndim == 4 else tensor)
    found = {name: sum(weight.size for weight in arrays) for name, arrays in weights.items()}
    if found != {row.name: row.parameters for row in config.table if row.parameters}:
        raise _misfit("those of other layers")
    return weights


def _tensors(model: memoryview) -> Iterator[tuple[str, Array]]:
    """Yield each tensor of floating point numbers by its name."""
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
                    shape += _numbers(value)
                elif place == DATA_TYPE:
                    kind = value
                elif place == NAME:
                    name = bytes(value).decode()
                elif place == RAW_DATA:
                    raw = bytes(value)
            if kind == FLOAT and len(raw) == 4 * math.prod(shape):
                yield name, np.frombuffer(raw, "<f4").reshape(shape)


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Yield each field of a protobuf message, by its number: a whole number, or the bytes of anything else.

    Raises IndexError or ValueError where the message is cut short.
    """
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        field, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _number(message, at)
            yield field, value
            continue
        if kind == 2:
            length, at = _number(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"a field of the kind {kind}")
        if at + length > len(message):
            raise ValueError("cut short")
        yield field, message[at : at + length]
        at += length


def _numbers(packed: memoryview) -> list[int]:
    numbers, at = [], 0
    while at < len(packed):
        number, at = _number(packed, at)
        numbers.append(number)
    return numbers


def _number(message: memoryview, at: int) -> tuple[int, int]:
    """Read a whole number of 7 bits a byte, the lowest first; return it and where what follows begins."""
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at
        if shift > 63:
            raise ValueError("too long a number")


def _misfit(got: str) -> UserError:
    return UserError(f"The network must hold the weights of its layers (got {got}): train it again, or choose another.")
