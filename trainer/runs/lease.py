"""Lease of a run directory: only the process that holds it trains the run, so that a run never has two writers.

The operating system frees the lease when its process ends, however it ends; a process that hangs keeps it. On a shared
folder this takes a file system whose locks work across machines, as NFS's do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Literal

from filelock import FileLock, Timeout

from trainer.runs.run import Run
from trainer.storage.files import is_regular_file, open_to_append

FILE = "writer.lock"  # in the run directory, from the run's first training on


class LeaseHeldError(Exception):
    """Another process holds the lease."""


@contextlib.contextmanager
def hold(run: Run, timeout: float = 0.0) -> Iterator[None]:
    """Hold a run's lease during this block, after at most `timeout` seconds of waiting.

    Raises LeaseHeldError if another process holds it, OSError if the directory refuses.
    """
    open_to_append(run.path / FILE).close()  # FileLock would follow a link
    lock = FileLock(run.path / FILE)
    try:
        lock.acquire(timeout=timeout, poll_interval=0.05)
    except Timeout:
        raise LeaseHeldError(run.id) from None
    try:
        yield
    finally:
        lock.release()


def state(run: Run) -> Literal["held", "free", "unknown"]:
    """Tell whether a process holds the lease; "unknown" for a run that no process ever held, or if the disk refuses."""
    if not is_regular_file(run.path / FILE):
        return "unknown"
    try:
        with hold(run):
            return "free"
    except LeaseHeldError:
        return "held"
    except OSError:
        return "unknown"
