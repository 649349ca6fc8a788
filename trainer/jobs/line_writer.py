"""Line writer: a growing file of JSON lines, which a resumed training continues from its checkpoint."""

from __future__ import annotations

import io
from collections import deque
from pathlib import Path

from trainer.networks.checkpoint import Checkpoint
from trainer.storage.files import (
    Record,
    append_lines,
    is_regular_file,
    json_line,
    open_to_append,
    parse_lines,
    read_bytes,
    write_atomically,
)


class LineWriter:
    """Writer of a growing file of JSON lines.

    A resumed training first removes the lines after its checkpoint and adds the checkpoint's own if it is missing.
    """

    def __init__(self, path: Path, start: Checkpoint | None, line: Record | None = None) -> None:
        if start:
            lines = parse_lines(read_bytes(path)) if is_regular_file(path) else []
            kept = [record for record in lines if not _is_after(start, record)]
            if line and line not in kept:
                kept.append(line)
            write_atomically(path, b"".join(map(json_line, kept)))
        self._file: io.RawIOBase = open_to_append(path)
        self._pending: deque[Record] = deque()

    def write(self, record: Record) -> None:
        """Append a line with the next flush."""
        self._pending.append(record)

    def flush(self) -> None:
        """Write all lines so far; on an error they stay pending."""
        count = len(self._pending)
        if lines := b"".join(json_line(self._pending[place]) for place in range(count)):
            append_lines(self._file, lines)
            for _ in range(count):
                self._pending.popleft()

    def close(self) -> None:
        self._file.close()


def _is_after(start: Checkpoint, record: Record) -> bool:
    if record.get("kind") == "epoch":
        return bool(record.get("epoch", 0) > start.epoch)
    return bool(record.get("step", 0) > start.step)
