"""Files that grow by lines of JSON, of which each look reads only what is new."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from trainer.storage.files import MOST, Record, opened, records

KEPT = 20_000_000  # bytes of lines whose records are kept, which take about six times as many


@dataclass
class _Known:
    file: int = 0  # its inode: a file that was replaced is read from its beginning
    offset: int = 0
    records: list[Record] = field(default_factory=list)


class Lines:
    """The records of such files; safe to use from many threads.

    Records that are not `sound` are passed over. The files that were looked at last are remembered, as many as have
    `kept` bytes together, and the one that is asked for.
    """

    def __init__(self, sound: Callable[[Record], bool] = bool, kept: int = KEPT) -> None:
        self._sound = sound
        self._kept = kept
        self._known: OrderedDict[Path, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, path: Path) -> list[Record]:
        """Return the records so far, oldest first; a missing file has none."""
        with self._lock:
            try:
                with opened(path) as file:
                    status = os.fstat(file.fileno())
                    known = self._known.get(path)
                    if known is None or known.file != status.st_ino or known.offset > status.st_size:
                        known = self._known[path] = _Known(status.st_ino)
                    file.seek(known.offset)
                    new = file.read(MOST)  # it may have grown since
            except OSError:
                self._known.pop(path, None)
                return []
            new = new[: new.rfind(b"\n") + 1]  # the last line may still be growing
            known.offset += len(new)
            known.records.extend(filter(self._sound, records(new)))
            found = list(known.records)
            self._known.move_to_end(path)
            total = sum(one.offset for one in self._known.values())
            while total > self._kept and len(self._known) > 1:
                total -= self._known.popitem(last=False)[1].offset
            return found
