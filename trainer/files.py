"""How is a file written so that nobody ever reads half of it? Whole, or line by line."""

from __future__ import annotations

import json
import os
import secrets
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

MOST = 50_000_000  # bytes; a longer file of lines is not of our making
REMEMBERED = 200  # files whose lines are kept

Record = dict[str, Any]
T = TypeVar("T")


def write_whole(path: Path, content: bytes | Callable[[Path], None], sync: bool = True) -> None:
    """Write a file so that it is whole or, whatever happens, as it was: temporary file, fsync, rename.

    `content` may be a function that writes a file at the path it is given. Without `sync`, which takes milliseconds,
    it survives the death of every process, but perhaps not that of the machine.
    """
    temporary = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        if isinstance(content, bytes):
            temporary.write_bytes(content)
        else:
            content(temporary)
        if sync:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write an .npz file whole, without `sync`: it is written often."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:  # given a name, NumPy would add a suffix to it
            np.savez(file, allow_pickle=False, **arrays)

    write_whole(path, write, sync=False)


def read_arrays(path: Path, names: Sequence[str], largest: int) -> list[np.ndarray]:
    """Return arrays of what `write_arrays` wrote, of at most so many bytes; nothing is unpickled.

    Raises ValueError where the file is missing, damaged, larger, or holds anything else: it may come from anybody.
    """
    try:
        with path.open("rb") as stream:
            with zipfile.ZipFile(stream) as archive:  # says how large its members are before they are read
                if sum(member.file_size for member in archive.infolist()) > largest:
                    raise ValueError("too large")
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as arrays:
                return [arrays[name] for name in names]
    except Exception as error:  # zipfile and NumPy raise a dozen kinds for a damaged file
        raise ValueError(f"{path.name} is not as it was written: {error}") from None


def kept(path: Path, read: Callable[[Path, int, int], T]) -> T | None:
    """Return what `read(path, changed, size)` makes of a file, or None where there is none or it is damaged.

    When it was changed and its size tell a file from the one that it replaced, so that `read` may be cached.
    """
    try:
        status = path.stat()
        return read(path, status.st_mtime_ns, status.st_size)
    except (OSError, ValueError):
        return None


def line(record: Record) -> bytes:
    """Return a line of JSON, to be appended in one write, so that a killed writer leaves whole lines and one part."""
    return (json.dumps(record, allow_nan=False) + "\n").encode()


def records(lines: bytes) -> list[Record]:
    """Return what `line` wrote; lines that are no JSON object are passed over."""
    found = []
    for text in lines.splitlines():
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            found.append(record)
    return found


def read_object(path: Path) -> Record:
    """Return the JSON object in a file. Raises OSError or ValueError."""
    try:
        value = json.loads(path.read_bytes())
    except RecursionError:
        value = None
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} holds no JSON object")
    return value


@dataclass
class _Known:
    file: int = 0  # its inode: a file that was replaced is read from its beginning
    offset: int = 0
    records: list[Record] = field(default_factory=list)


class Lines:
    """Files that grow by lines: at each look only what is new is read. Safe to use from many threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[Path, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, path: Path) -> list[Record]:
        """Return the records so far, oldest first; a missing file has none."""
        with self._lock:
            try:
                with path.open("rb") as file:
                    status = os.fstat(file.fileno())
                    known = self._known.get(path)
                    if known is None or known.file != status.st_ino or known.offset > status.st_size:
                        known = self._known[path] = _Known(status.st_ino)
                    file.seek(known.offset)
                    new = file.read(MOST)
            except OSError:
                self._known.pop(path, None)
                return []
            self._known.move_to_end(path)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            new = new[: new.rfind(b"\n") + 1]  # the last line may still be growing
            known.offset += len(new)
            known.records.extend(records(new))
            return list(known.records)
