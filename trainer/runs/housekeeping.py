"""Housekeeping of the run root: what can no longer be restored or used, and what the disk budget has no room for."""

from __future__ import annotations

import logging
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from trainer import UserError
from trainer.config.shares import PINNED_PART
from trainer.data.cache import Cache
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.runs.store import TRASH, RunStore
from trainer.storage.disk import CACHE_PART, disk_budget, used_bytes
from trainer.text import counted

TARGET = 0.9  # of the budget, to which a full run root is emptied
NEARLY_FULL = 0.8  # of the budget, from which on visitors are told

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Removable:
    """An ended run that may make room for others."""

    run: Run
    size: int
    owner: str  # "" for nobody
    pinned: bool  # within its owner's share of pins


class Housekeeping:
    """Keeps a run root within its budget; `tidy` is called by one thread.

    When it is full, these go: deleted runs that could still be restored, then runs of nobody, then those of whoever
    takes the most; the oldest first. Runs that are queued, training or paused stay, and those that their owner has
    pinned, as far as they are within the owner's share.
    """

    def __init__(self, store: RunStore, lock: Callable[[str], AbstractContextManager[object]] = nullcontext) -> None:
        """lock: returns the lock of the run with an id, which is held while the run leaves."""
        self._store = store
        self._lock = lock
        self._budget = int((1 - CACHE_PART) * disk_budget(store.root))
        self._used = 0
        self._removed = 0  # runs since the start

    @property
    def notice(self) -> str:
        """Return a sentence when runs were removed or soon will be, or ""."""
        if not self._removed and self._used < NEARLY_FULL * self._budget:
            return ""
        was = "was" if self._removed == 1 else "were"
        gone = f" {counted(self._removed, 'run')} {was} deleted for lack of room." if self._removed else ""
        return (
            f"The runs take {self._used / 1e9:.1f} of {self._budget / 1e9:.1f} GB on this server.{gone} When there "
            "is no room, the oldest runs without a pin are deleted: pin or download what you want to keep."
        )

    def check_room(self) -> None:
        """Raise UserError if nothing can make room for another run."""
        if self._used > self._budget:
            raise UserError(
                f"The runs on this server may take {self._budget / 1e9:.1f} GB (got {self._used / 1e9:.1f} GB): "
                "delete runs that are not needed, or raise DIGITLAB_DISK."
            )

    def tidy(self) -> None:
        """Remove what is out of date and, if the run root is above its budget, what makes room."""
        self._store.purge()
        try:
            self._store.uploads.expire()
            Cache().trim(int(CACHE_PART * disk_budget(self._store.root)))
        except OSError as error:
            _log.warning("unused data sets could not be removed: %s", error)
        self._used = used_bytes(self._store.root)
        if self._used <= self._budget:
            return
        for run in reversed(self._store.deleted()):
            if not self._must_shrink():
                return
            self._destroy(run)
        removable = self._removable()
        sizes: Counter[str] = Counter()
        for one in removable:
            sizes[one.owner] += one.size
        while removable and self._must_shrink():
            first = min(removable, key=lambda one: (one.pinned, one.owner != "", -sizes[one.owner], one.run.id))
            if first.pinned:
                return
            removable.remove(first)
            sizes[first.owner] -= first.size
            self._remove(first.run)

    def _must_shrink(self) -> bool:
        return self._used > TARGET * self._budget

    def _removable(self) -> list[_Removable]:
        pins: dict[str, int] = defaultdict(int)  # bytes that each owner's newer pinned runs take
        found = []
        for run in self._store.runs():  # newest first
            view = run.read()
            if not view.state.ended:
                continue
            size, owner = used_bytes(run.path), view.state.owner
            owner = "" if owner == owner_hash("") else owner
            if view.label.pinned:
                pins[owner] += size
            pinned = view.label.pinned and owner != "" and pins[owner] <= PINNED_PART * self._budget
            found.append(_Removable(run, size, owner, pinned))
        return found

    def _remove(self, run: Run) -> None:
        """Remove a run, unless it has been resumed meanwhile."""
        try:
            with self._lock(run.id):
                if not run.state.ended:
                    return
                self._store.delete(run)
                self._removed += 1
        except UserError as error:
            _log.warning("run %s could not be removed: %s", run.id, error)
            return
        _log.warning("run %s was removed: the disk budget is full", run.id)
        self._destroy(Run(self._store.root / TRASH / run.id))

    def _destroy(self, deleted: Run) -> None:
        self._used -= used_bytes(deleted.path)
        shutil.rmtree(deleted.path, ignore_errors=True)
