"""Disk budget: how much the run folder and the data cache may take together (DIGITLAB_DISK)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from trainer import UserError

DEFAULT_PART = 0.25  # of the disk of the run folder
MIN_BUDGET = 0.1  # GB; less would not hold MNIST
CACHE_PART = 0.25  # of the budget, for the data cache: downloads again, where a run would be lost


def disk_budget(folder: Path) -> int:
    """Return the budget in bytes. Raises UserError if DIGITLAB_DISK is no such number."""
    text = os.environ.get("DIGITLAB_DISK", "").strip()
    if not text:
        existing = next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))
        return int(DEFAULT_PART * shutil.disk_usage(existing).total)
    try:
        budget = float(text)
    except ValueError:
        budget = 0.0
    if not MIN_BUDGET <= budget < float("inf"):
        raise UserError(f"DIGITLAB_DISK must be a number of GB from {MIN_BUDGET} on (got {text[:20]!a}): change it.")
    return int(budget * 1e9)


def used_bytes(folder: Path) -> int:
    """Return the bytes that all files in a folder and the folders in it take on the disk; links are not followed."""
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    total += used_bytes(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    blocks = getattr(status, "st_blocks", None)  # not on Windows
                    total += status.st_size if blocks is None else 512 * blocks  # a file with holes takes little
    except OSError:  # it has just been deleted
        pass
    return total
