"""How is a file written so that nobody ever reads half of it? Whole, or line by line.

And how is one read that anybody may have put there? Regular files alone, and none larger than ours are: a link may lead
anywhere, and whoever opens a pipe waits for ever.
"""

from __future__ import annotations

import errno
import io
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from trainer import UserError

MOST = 100_000_000  # bytes; a larger file is not of our making
OBJECT = 1_000_000  # bytes of a JSON object, likewise
BLOCK = 4096  # bytes that a disk gives to the smallest file
FULL = (errno.ENOSPC, errno.EDQUOT)  # how a disk says that there is no room

Record = dict[str, Any]
T = TypeVar("T")

# Follow no link, wait for no pipe; not every system knows all of these.
_PLAIN = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


def regular(path: Path) -> bool:
    """Tell whether a regular file is there, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


@contextmanager
def opened(path: Path, largest: int = MOST) -> Iterator[BinaryIO]:
    """Open a regular file of at most so many bytes to read it. Raises OSError for anything else."""
    with os.fdopen(_descriptor(path, os.O_RDONLY), "rb") as file:
        if os.fstat(file.fileno()).st_size > largest:
            raise OSError(errno.EFBIG, "it is too large", path.name)
        yield file


def read_bytes(path: Path, largest: int = MOST) -> bytes:
    """Return what is in a regular file of at most so many bytes. Raises OSError for anything else."""
    with opened(path, largest) as file:
        return file.read(largest)


def appending(path: Path, anew: bool = False) -> io.FileIO:
    """Open a regular file, made if need be, to append to its end, or to write it `anew`; unbuffered.

    Raises OSError where anything else is there.
    """
    file = io.FileIO(_descriptor(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "ab")
    if anew:
        file.truncate(0)
    return file


def _descriptor(path: Path, flags: int) -> int:
    descriptor = os.open(path, flags | _PLAIN, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no file", path.name)
    return descriptor


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


def write_over(path: Path, content: bytes) -> None:
    """Write over a file of a block at most, in one go and up to its old end: a full disk has no room for another.

    Raises OSError where no regular file is there.
    """
    with os.fdopen(_descriptor(path, os.O_WRONLY), "wb", buffering=0) as file:
        file.write(content.ljust(os.fstat(file.fileno()).st_size))
        os.fsync(file.fileno())


@contextmanager
def writing(what: str = "runs", remedy: str = "free some space or set DIGITLAB_RUNS") -> Iterator[None]:
    """Raise UserError where the disk refuses what is written in the folder for `what` in this block."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"The folder for {what} must be writable (got: {error.strerror or error}): {remedy}."
        ) from error


def kept(path: Path, read: Callable[[Path, int, int], T]) -> T | None:
    """Return what `read(path, changed, size)` makes of a file, or None where there is none or it is damaged.

    When it was changed and its size tell a file from the one that it replaced, so that `read` may be cached.
    """
    try:
        status = path.lstat()
        return read(path, status.st_mtime_ns, status.st_size)
    except (OSError, ValueError, TypeError):
        return None


def line(record: Record) -> bytes:
    """Return a line of JSON, to be appended in one write, so that a killed writer leaves whole lines and one part."""
    return (json.dumps(record, allow_nan=False) + "\n").encode()


def append(file: io.RawIOBase, lines: bytes) -> None:
    """Append lines to an unbuffered file or, where the disk refuses, nothing: half a line would spoil the next one."""
    size = file.seek(0, os.SEEK_END)
    try:
        while lines:
            lines = lines[file.write(lines) :]
    except OSError:
        file.truncate(size)
        raise


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
        value = json.loads(read_bytes(path, OBJECT))
    except RecursionError:
        value = None
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} holds no JSON object")
    return value
