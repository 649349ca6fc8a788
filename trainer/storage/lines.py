"""Reader of growing files of JSON lines that parses only the new lines at each read."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from trainer.storage.files import MAX_FILE_BYTES, Record, open_regular_file, parse_lines
from trainer.storage.memory import ByteCache

MAX_CACHED_BYTES = 60_000_000  # of records: those of about 60 runs with 1,000 lines each
MEMORY_FACTOR, RECORD_BYTES = 3, 300  # memory of the values by the bytes of their text, and of a record besides


class _Lines(NamedTuple):
    """The complete lines of a file up to an offset."""

    inode: int = 0  # a replaced file is read again from its beginning
    offset: int = 0
    records: tuple[Record, ...] = ()
    size: int = 0  # of the records in memory


class LineReader:
    """Records of growing files; safe to use from many threads, of which none waits for another's disk.

    Records that fail `is_valid` are skipped. The files that were read last stay cached, up to `max_bytes` of records.
    """

    def __init__(self, is_valid: Callable[[Record], bool] = bool, max_bytes: int = MAX_CACHED_BYTES) -> None:
        self._is_valid = is_valid
        self._cache = ByteCache(max_bytes, lambda lines: lines.size)
        self._lock = threading.Lock()

    def read(self, path: Path) -> list[Record]:
        """Return all records so far, oldest first; a missing file has none."""
        with self._lock:
            known: _Lines = self._cache.get(path, _Lines())
        try:
            lines = self._read_on(path, known)
        except OSError:
            with self._lock:
                self._cache.pop(path, None)
            return []
        if lines is not known:
            with self._lock:
                self._save(path, lines)
        return list(lines.records)

    def _read_on(self, path: Path, known: _Lines) -> _Lines:
        with open_regular_file(path) as file:
            status = os.fstat(file.fileno())
            if known.inode != status.st_ino or known.offset > status.st_size:
                known = _Lines(status.st_ino)
            elif known.offset == status.st_size:
                return known
            file.seek(known.offset)
            new = file.read(MAX_FILE_BYTES)  # the file may have grown since its size was checked
        new = new[: new.rfind(b"\n") + 1]  # the last line may be incomplete
        records = tuple(filter(self._is_valid, parse_lines(new)))
        size = known.size + MEMORY_FACTOR * len(new) + RECORD_BYTES * len(records)
        return _Lines(known.inode, known.offset + len(new), known.records + records, size)

    def _save(self, path: Path, lines: _Lines) -> None:
        try:
            self._cache[path] = lines
        except ValueError:  # larger than all of the cache: read again each time
            self._cache.pop(path, None)
