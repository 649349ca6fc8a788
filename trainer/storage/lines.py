"""Reader of growing files of JSON lines that parses only the new lines at each read."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from trainer.storage.files import MAX_FILE_BYTES, Record, open_regular_file, parse_lines

MAX_CACHED_BYTES = 20_000_000  # of lines; their records take about six times as much memory


@dataclass
class _CachedFile:
    inode: int = 0  # a replaced file is read again from its beginning
    offset: int = 0
    records: list[Record] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)  # held while the file is read: nobody else needs it


class LineReader:
    """Records of growing files; safe to use from many threads.

    Records that fail `is_valid` are skipped. The files that were read last stay cached, up to `max_bytes` of lines
    together; the newest always does.
    """

    def __init__(self, is_valid: Callable[[Record], bool] = bool, max_bytes: int = MAX_CACHED_BYTES) -> None:
        self._is_valid = is_valid
        self._max_bytes = max_bytes
        self._files: OrderedDict[Path, _CachedFile] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, path: Path) -> list[Record]:
        """Return all records so far, oldest first; a missing file has none."""
        with self._lock:
            cached = self._files.setdefault(path, _CachedFile())
            self._files.move_to_end(path)
        with cached.lock:
            try:
                with open_regular_file(path) as file:
                    status = os.fstat(file.fileno())
                    if cached.inode != status.st_ino or cached.offset > status.st_size:
                        cached.inode, cached.offset, cached.records = status.st_ino, 0, []
                    file.seek(cached.offset)
                    new = file.read(MAX_FILE_BYTES)  # the file may have grown since its size was checked
            except OSError:
                with self._lock:
                    self._files.pop(path, None)
                return []
            new = new[: new.rfind(b"\n") + 1]  # the last line may be incomplete
            cached.offset += len(new)
            cached.records.extend(filter(self._is_valid, parse_lines(new)))
            records = list(cached.records)
        with self._lock:
            total = sum(other.offset for other in self._files.values())
            while total > self._max_bytes and len(self._files) > 1:
                total -= self._files.popitem(last=False)[1].offset
        return records
