"""A file in Keras's layout: an npz archive of four arrays, images and labels to train and to test with.

It may come from anybody: it is checked before its numbers are read, and nothing in it is ever unpickled.
"""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from trainer import UserError
from trainer.limits import CLASSES, INPUT_SHAPES

Array = NDArray[np.uint8]

KEYS = ("x_train", "y_train", "x_test", "y_test")
LARGEST = 2_000_000_000  # bytes, of the four arrays


def read_file(path: Path) -> list[Array]:
    """Return and raise what `read` does; OSError where the file cannot be opened."""
    with path.open("rb") as stream:
        return read(stream, path.name)


def read(stream: IO[bytes], what: str) -> list[Array]:
    """Return x_train, y_train, x_test and y_test as uint8; nothing is unpickled, and sizes are checked first.

    `what` names the stream in sentences. Raises UserError where it holds anything else.
    """
    start = stream.read(1)
    try:
        with zipfile.ZipFile(stream) as archive:
            missing = [key for key in KEYS if f"{key}.npy" not in archive.namelist()]
            if missing:
                raise UserError(f"{what} must hold {', '.join(KEYS)} ({', '.join(missing)} missing).")
            _check_headers({key: _header(archive, key) for key in KEYS}, what)
            arrays = []
            for key in KEYS:
                with archive.open(f"{key}.npy") as member:
                    array = npy.read_array(member, allow_pickle=False)
                    if member.read(1):  # only a member read to its end has its checksum compared
                        raise ValueError("more numbers than the head says")
                if array.ndim == 1 and not 0 <= array.min() <= array.max() < CLASSES:
                    got = f"{array.min()} to {array.max()}"
                    raise UserError(f"{key} in {what} must hold labels from 0 to {CLASSES - 1} (got {got}).")
                arrays.append(np.ascontiguousarray(array, np.uint8))
            return arrays
    except UserError:
        raise
    except Exception as error:  # zipfile and NumPy raise a dozen kinds for a damaged file
        kinds = {b"P": "a damaged one or a part of one", b"\x80": "a pickle, which is never opened"}
        kind = kinds.get(start, "something else")
        raise UserError(f"{what} must be an npz file in Keras's layout (got {kind}).") from error


class _Header(NamedTuple):
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def _header(archive: zipfile.ZipFile, key: str) -> _Header:
    with archive.open(f"{key}.npy") as member:
        version = npy.read_magic(member)
        read_head = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read_head(member)
        return _Header(shape, dtype)


def _check_headers(headers: dict[str, _Header], what: str) -> None:
    height, width = INPUT_SHAPES["mnist"]
    for key, (shape, dtype) in headers.items():
        if key.startswith("x"):
            fits = dtype == np.uint8 and len(shape) == 3 and shape[1:] == (height, width) and shape[0] > 0
            form = f"uint8 images of shape (n, {height}, {width})"
        else:
            fits = dtype.kind in "iu" and len(shape) == 1 and shape[0] > 0
            form = "whole numbers of shape (n,)"
        if not fits:
            kind = "Python objects, which are never unpickled" if dtype.hasobject else f"{dtype} of shape {shape}"
            raise UserError(f"{key} in {what} must be {form} (got {kind}).")
    for part in ("train", "test"):
        images, labels = headers[f"x_{part}"].shape[0], headers[f"y_{part}"].shape[0]
        if images != labels:
            got = f"got {images:,} images and {labels:,} labels"
            raise UserError(f"x_{part} and y_{part} in {what} must be equally long ({got}).")
    size = sum(math.prod(shape) * dtype.itemsize for shape, dtype in headers.values())
    if size > LARGEST:
        raise UserError(f"{what} must hold at most {LARGEST / 1e9:g} GB (got {size / 1e9:,.1f} GB).")
