"""Arrays in .npz files, which anybody may have made: heads are checked first, and nothing is ever unpickled."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from trainer.storage.files import opened, write_whole

CHUNK = 1_000_000  # bytes that are read at once


class Head(NamedTuple):
    """What an .npy file says of its array before the numbers."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_fortran: bool  # whether the first axis runs fastest

    @property
    def size(self) -> int:
        """Return the bytes that the array takes."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_head(stream: IO[bytes]) -> Head:
    """Read the head of an .npy file. Raises ValueError where it has none."""
    try:
        readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        shape, is_fortran, dtype = readers[npy.read_magic(stream)](stream)
    except Exception as error:  # a head is Python, of which NumPy evaluates literals: many kinds of errors
        raise ValueError("no array") from error
    return Head(shape, dtype, is_fortran)


def read_values(stream: IO[bytes], head: Head) -> np.ndarray:
    """Read what follows a head, to the end of the stream, whose checksum, if it has one, is then compared.

    Memory is taken for what is there, not for what the head says. Raises ValueError where there are more or fewer
    numbers, or Python objects.
    """
    if head.dtype.hasobject:
        raise ValueError("Python objects, never unpickled")
    values = bytearray()
    while chunk := stream.read(min(CHUNK, head.size + 1 - len(values))):
        values += chunk
    if len(values) != head.size or min(head.shape, default=0) < 0:
        raise ValueError(f"another number of values than the shape {head.shape} has")
    return np.ndarray(head.shape, head.dtype, values, order="F" if head.is_fortran else "C")


def read_npz(stream: IO[bytes], names: Sequence[str], largest: int) -> list[np.ndarray]:
    """Return arrays of an .npz file whose members have at most so many bytes. Raises ValueError for anything else."""
    arrays = []
    try:
        with zipfile.ZipFile(stream) as archive:
            if sum(member.file_size for member in archive.infolist()) > largest:
                raise ValueError("too large")
            for name in names:
                with archive.open(f"{name}.npy") as member:
                    head = read_head(member)
                    largest -= head.size
                    if largest < 0:
                        raise ValueError("too large")
                    arrays.append(read_values(member, head))
    except Exception as error:  # zipfile raises a dozen kinds for a damaged file
        raise ValueError(str(error)) from None
    return arrays


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write an .npz file whole, without `sync`: it is written often."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:  # given a name, NumPy would add a suffix to it
            np.savez(file, allow_pickle=False, **arrays)

    write_whole(path, write, sync=False)


def read_arrays(path: Path, names: Sequence[str], largest: int) -> list[np.ndarray]:
    """Return arrays of what `write_arrays` wrote, of at most so many bytes.

    Raises ValueError where the file is missing, damaged, larger, or holds anything else.
    """
    try:
        with opened(path) as stream:
            return read_npz(stream, names, largest)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path.name} is not as it was written: {error}") from None
