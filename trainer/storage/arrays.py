"""NumPy arrays in .npz files that anybody may have made: headers are checked first, and nothing is unpickled."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from trainer.storage.files import open_regular_file, write_atomically
from trainer.storage.zips import open_zip

CHUNK_BYTES = 1_000_000  # read at a time


class Header(NamedTuple):
    """Header of an .npy file: what it says of its array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_fortran: bool  # whether the first axis varies fastest

    @property
    def size(self) -> int:
        """Return the size of the array in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(stream: IO[bytes]) -> Header:
    """Read the header of an .npy file. Raises ValueError if there is none."""
    try:
        readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        shape, is_fortran, dtype = readers[npy.read_magic(stream)](stream)
    except Exception as error:  # NumPy evaluates the header as Python literals, which fails in many ways
        raise ValueError("not an array") from error
    return Header(shape, dtype, is_fortran)


def read_values(stream: IO[bytes], header: Header) -> np.ndarray:
    """Read the values after a header, to the end of the stream, where a zip member's checksum is compared.

    Memory is allocated for the values that are there, not for those that the header promises. Raises ValueError if
    their number differs, or for Python objects.
    """
    if header.dtype.hasobject:
        raise ValueError("Python objects, which are never unpickled")
    values = bytearray()
    while chunk := stream.read(min(CHUNK_BYTES, header.size + 1 - len(values))):
        values += chunk
    if len(values) != header.size or min(header.shape, default=0) < 0:
        raise ValueError(f"another number of values than the shape {header.shape} has")
    return np.ndarray(header.shape, header.dtype, values, order="F" if header.is_fortran else "C")


def array_names(stream: IO[bytes]) -> list[str]:
    """Return the names of the arrays in an .npz file. Raises ValueError for anything else."""
    try:
        with open_zip(stream) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except Exception as error:  # zipfile raises a dozen kinds of errors for a damaged file
        raise ValueError(str(error)) from None


def read_npz(stream: IO[bytes], names: Sequence[str], max_bytes: int) -> list[np.ndarray]:
    """Return named arrays of an .npz file, together of at most `max_bytes`. Raises ValueError for anything else."""
    arrays = []
    try:
        with open_zip(stream) as archive:
            if sum(member.file_size for member in archive.infolist()) > max_bytes:
                raise ValueError("too large")
            for name in names:
                with archive.open(f"{name}.npy") as member:
                    header = read_header(member)
                    max_bytes -= header.size
                    if max_bytes < 0:
                        raise ValueError("too large")
                    arrays.append(read_values(member, header))
    except Exception as error:  # zipfile raises a dozen kinds of errors for a damaged file
        raise ValueError(str(error)) from None
    return arrays


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write an .npz file atomically, without `sync`, since training writes them often."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:  # given a path, NumPy would append a suffix to it
            np.savez(file, allow_pickle=False, **arrays)

    write_atomically(path, write, sync=False)


def read_arrays(path: Path, names: Sequence[str], max_bytes: int) -> list[np.ndarray]:
    """Return named arrays of a file that `write_arrays` wrote, of at most `max_bytes`.

    Raises ValueError if the file is missing, damaged, larger, or anything else.
    """
    try:
        with open_regular_file(path) as stream:
            return read_npz(stream, names, max_bytes)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path.name} is damaged: {error}") from None
