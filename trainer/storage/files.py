"""Atomic file writes, JSON lines, and safe reads of files that anybody may have put there.

Only regular files up to a maximum size are read: a link may lead anywhere, and opening a pipe blocks forever.
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

MAX_FILE_BYTES = 100_000_000  # this app writes no larger file
MAX_OBJECT_BYTES = 1_000_000  # and no larger JSON object
MAX_DEPTH = 20  # of nested JSON; what this app writes has at most 6 levels
BLOCK_BYTES = 4096  # what a disk allocates to the smallest file
DISK_FULL_ERRORS = (errno.ENOSPC, errno.EDQUOT)

Record = dict[str, Any]
T = TypeVar("T")

# Follow no links and don't wait for pipes. Some systems lack some of these flags.
_SAFE_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


def is_regular_file(path: Path) -> bool:
    """Tell whether the path is a regular file, not a link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


@contextmanager
def open_regular_file(path: Path, max_bytes: int = MAX_FILE_BYTES) -> Iterator[BinaryIO]:
    """Open a regular file for reading. Raises OSError for anything else and for a larger file."""
    with os.fdopen(_descriptor(path, os.O_RDONLY), "rb") as file:
        if os.fstat(file.fileno()).st_size > max_bytes:
            raise OSError(errno.EFBIG, "it is too large", path.name)
        yield file


def read_bytes(path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a regular file. Raises OSError for anything else and for a larger file."""
    with open_regular_file(path, max_bytes) as file:
        return file.read(max_bytes)


def open_to_append(path: Path, truncate: bool = False) -> io.FileIO:
    """Open a regular file for appending, unbuffered; create it if it is missing.

    Raises OSError if the path is anything else.
    """
    file = io.FileIO(_descriptor(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "ab")
    if truncate:
        file.truncate(0)
    return file


def _descriptor(path: Path, flags: int) -> int:
    descriptor = os.open(path, flags | _SAFE_FLAGS, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a file", path.name)
    return descriptor


def write_atomically(path: Path, content: bytes | Callable[[Path], None], sync: bool = True) -> None:
    """Replace a file as a whole, or leave it as it was if anything fails: temporary file, fsync, rename.

    content: bytes, or a function that writes a file to the path it gets. Without `sync`, which takes milliseconds, the
    new content survives the end of every process, but may not survive a power failure.
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


def overwrite(path: Path, content: bytes) -> None:
    """Overwrite a file of at most one block in place, for a full disk, which has no room for a temporary file.

    The file keeps at least its old length: spaces fill the rest. Raises OSError if there is no regular file.
    """
    with os.fdopen(_descriptor(path, os.O_WRONLY), "wb", buffering=0) as file:
        file.write(content.ljust(os.fstat(file.fileno()).st_size))
        os.fsync(file.fileno())


@contextmanager
def translate_disk_errors(what: str = "runs", remedy: str = "free some space or set DIGITLAB_RUNS") -> Iterator[None]:
    """Turn an OSError of this block, which writes to the folder for `what`, into a UserError."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"The folder for {what} must be writable (got: {error.strerror or error}): {remedy}."
        ) from error


def read_or_none(path: Path, read: Callable[[Path, int, int], T]) -> T | None:
    """Return `read(path, modified, size)`, or None for a missing or damaged file.

    A replaced file has another modification time (ns) or size, so `read` may be a cached function.
    """
    try:
        status = path.lstat()
        return read(path, status.st_mtime_ns, status.st_size)
    except (OSError, ValueError, TypeError):
        return None


def json_line(record: Record) -> bytes:
    """Return a record as one line of JSON. Raises ValueError for NaN and infinities."""
    return (json.dumps(record, allow_nan=False) + "\n").encode()


def append_lines(file: io.RawIOBase, lines: bytes) -> None:
    """Append lines to an unbuffered file; on an error, remove what was written: half a line would spoil the next."""
    size = file.seek(0, os.SEEK_END)
    try:
        while lines:
            lines = lines[file.write(lines) :]
    except OSError:
        file.truncate(size)
        raise


def parse_json(content: bytes) -> Any:
    """Return the value of a JSON text that anybody may have written. Raises ValueError for anything else.

    Values nested deeper than MAX_DEPTH are refused too: whatever walks through them would run out of stack.
    """
    try:
        value = json.loads(content)
    except RecursionError:
        raise ValueError(f"JSON nested deeper than {MAX_DEPTH} levels") from None
    level = [] if _is_flat(content) else [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
    if level:
        raise ValueError(f"JSON nested deeper than {MAX_DEPTH} levels")
    return value


def _is_flat(content: bytes) -> bool:
    """Tell without parsing a text whether it has too few brackets to be nested deeply."""
    return content.count(b"[") + content.count(b"{") <= MAX_DEPTH


def _children(value: Any) -> list[Any]:
    """Return the lists and objects inside a list or an object."""
    values = value.values() if isinstance(value, dict) else value
    return [child for child in values if isinstance(child, dict | list)]


def parse_lines(lines: bytes) -> list[Record]:
    """Return the records that `json_line` wrote; skip lines that are not a JSON object."""
    texts = lines.splitlines()
    try:
        if not all(map(_is_flat, texts)):
            raise ValueError("a line that may be nested deeply")
        values = json.loads(b"[" + b",".join(texts) + b"]")  # parsed together, the records share their keys
        if len(values) != len(texts):
            raise ValueError("a line that is not one value")
    except ValueError:
        values = [_value_or_none(text) for text in texts]
    return [value for value in values if isinstance(value, dict)]


def _value_or_none(text: bytes) -> Any:
    try:
        return parse_json(text)
    except ValueError:
        return None


def read_object(path: Path) -> Record:
    """Return the JSON object in a file. Raises OSError or ValueError."""
    value = parse_json(read_bytes(path, MAX_OBJECT_BYTES))
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} is not a JSON object")
    return value
