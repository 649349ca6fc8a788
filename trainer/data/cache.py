"""The app's own cache of data: one copy for all processes, found again by the hash of its contents.

It lies in the folder that DIGITLAB_CACHE names, or else where the system keeps such things.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from filelock import FileLock
from platformdirs import user_cache_dir

from trainer.data.npz import KEYS, Array

_log = logging.getLogger(__name__)


def combined_hash(digests: Iterable[str]) -> str:
    """Return one SHA-256 for many, in hexadecimal as they are."""
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def content_hash(arrays: Iterable[Array]) -> str:
    """Return the combined hash of the numbers in each array, whatever file they came from."""
    return combined_hash(hashlib.sha256(array.data).hexdigest() for array in arrays)


def stamp(*files: Path) -> str:
    """Describe files as they stand now, so that a change shows without reading them."""
    stats = [(file, file.stat()) for file in files]
    return " ".join(f"{file} {now.st_size} {now.st_mtime_ns} {now.st_ctime_ns}" for file, now in stats)


class Kept(NamedTuple):
    """Arrays in the order of KEYS, read-only, and the hash of their contents."""

    hash: str
    arrays: Sequence[Array]


class Cache:
    """Arrays as .npy files in a folder named by their hash, and an index of what had which hash.

    What cannot be written, to a full disk or a read-only one, this process keeps in memory.
    """

    _unwritten: ClassVar[dict[tuple[Path, str], Any]] = {}
    _threads: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        root = os.environ.get("DIGITLAB_CACHE") or user_cache_dir("digit-lab", appauthor=False)
        self.root = Path(root).expanduser().absolute() / "datasets"
        self.index = self.root / "index.json"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other threads and processes from loading; only whoever holds this writes."""
        with self._threads, ExitStack() as stack:
            with suppress(OSError):  # then nothing else can be written either
                self.root.mkdir(parents=True, exist_ok=True)
                stack.enter_context(FileLock(self.root / "lock"))
            yield

    def recall(self, key: str) -> Any:
        """Return what the index has for a key, or None."""
        return self._unwritten.get((self.root, key), self._index().get(key))

    def remember(self, key: str, value: Any) -> None:
        """Put a value that JSON knows into the index, which holds the newest hundred."""
        entries = self._index() | {key: value}
        newest = dict(list(entries.items())[-100:])
        try:
            temporary = self.index.with_suffix(".part")  # one name, under the lock: a killed writer leaves one at most
            temporary.write_text(json.dumps(newest, indent=1), encoding="utf-8")
            temporary.replace(self.index)
            self._unwritten.pop((self.root, key), None)
        except OSError:
            self._unwritten[self.root, key] = value

    def _index(self) -> dict[str, Any]:
        try:
            index = json.loads(self.index.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # none yet, or a damaged one: both are made anew
            return {}
        return index if isinstance(index, dict) else {}

    def find(self, key: str, verify: bool = False) -> Kept | None:
        """Return the arrays that were kept for a key."""
        digest = self.recall(key)
        return self.open(digest, verify) if digest else None

    def open(self, digest: str, verify: bool = False) -> Kept | None:
        """Map the arrays of this hash into memory, if their files are as they were when their hash was taken.

        Without `verify` files that were touched count as missing; with it their hash is taken again, and they are
        removed where it has changed.
        """
        if arrays := self._unwritten.get((self.root, digest)):
            return Kept(digest, arrays)
        files = self._files(self.root / digest)
        try:
            now = stamp(*files)
            arrays = [np.load(file, mmap_mode="r", allow_pickle=False) for file in files]
            if self.recall(now) != digest:
                if not verify:
                    return None
                if content_hash(arrays) != digest:
                    raise ValueError("other contents")
                self.remember(now, digest)
        except (OSError, ValueError, EOFError):
            if verify:
                self._remove(self.root / digest)
            return None
        return Kept(digest, arrays)

    def keep(self, arrays: Sequence[Array]) -> str:
        """Write the arrays, whole or not at all, and return their hash."""
        digest = content_hash(arrays)
        if not self.open(digest, verify=True):
            folder = self.root / f"{digest}.part"
            try:
                self._remove(folder)  # of one who was killed at it
                folder.mkdir()
                for file, array in zip(self._files(folder), arrays, strict=True):
                    with file.open("wb") as stream:
                        np.save(stream, array)
                        os.fsync(stream.fileno())
                folder.rename(self.root / digest)
                self.remember(stamp(*self._files(self.root / digest)), digest)
            except OSError as error:
                _log.warning("The data could not be written to %s and stays in memory: %s", self.root, error)
                self._remove(folder)
                for array in arrays:
                    array.setflags(write=False)
                self._unwritten[self.root, digest] = arrays
        return digest

    @staticmethod
    def _files(folder: Path) -> list[Path]:
        return [folder / f"{key}.npy" for key in KEYS]

    def _remove(self, folder: Path) -> None:
        """Remove our own files and nothing else."""
        with suppress(OSError):
            for file in self._files(folder):
                file.unlink(missing_ok=True)
            folder.rmdir()
