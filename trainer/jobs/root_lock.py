"""Lock of a run root, which only one server may use at a time."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from trainer import UserError
from trainer.storage.files import open_to_append, translate_disk_errors

LOCK_FILE = ".engine.lock"  # in the run root


def lock_run_root(root: Path) -> FileLock:
    """Create a run root if it is missing, and lock it.

    Raises UserError if another server has locked it, or the disk refuses.
    """
    with translate_disk_errors():
        root.mkdir(parents=True, exist_ok=True)
        open_to_append(root / LOCK_FILE).close()  # without permission, FileLock would say that another server has it
        lock = FileLock(root / LOCK_FILE)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise UserError(
                f"A run folder serves one server at a time (got {root.name!r}, which another one uses): "
                "stop that one, or set DIGITLAB_RUNS to another folder."
            ) from None
        return lock
