"""Cache of data set arrays on disk, shared by all processes and addressed by the hash of the contents.

It lies in the folder that DIGITLAB_CACHE names, by default in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from weakref import WeakValueDictionary

import numpy as np
from filelock import FileLock
from platformdirs import user_cache_dir

from trainer import UserError
from trainer.data.npz import KEYS, Array
from trainer.storage.disk import CACHE_PART, disk_budget, used_bytes
from trainer.storage.files import parse_json
from trainer.storage.memory import ByteCache

MAX_INDEX_ENTRIES = 1_000
MAX_UNWRITTEN_BYTES = 500_000_000  # of what the disk refused; the largest data set that comes with the app has 184 MB
USE_SECONDS = 3600.0  # after which another use of a data set is noted

_HASH = re.compile("[0-9a-f]{64}")
_log = logging.getLogger(__name__)


def combined_hash(digests: Iterable[str]) -> str:
    """Return one SHA-256 for several; all are hexadecimal."""
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def content_hash(arrays: Iterable[Array]) -> str:
    """Return the combined hash of the numbers in each array, whatever file they came from."""
    return combined_hash(hashlib.sha256(array.data).hexdigest() for array in arrays)


def file_stamp(*files: Path) -> str:
    """Return the paths, sizes and times of files as text: it changes with the files, and reads none of them."""
    stats = [(file, file.stat()) for file in files]
    return " ".join(f"{file} {now.st_size} {now.st_mtime_ns} {now.st_ctime_ns}" for file, now in stats)


class CachedArrays(NamedTuple):
    """Arrays in the order of KEYS, read-only, and the hash of their contents."""

    hash: str
    arrays: Sequence[Array]


class Cache:
    """Arrays as .npy files in a folder named by their hash, and an index from keys to hashes.

    If the disk is full or read-only, what could not be written stays in this process's memory. On the disk and in
    memory, what was used least recently goes first.
    """

    _unwritten: ClassVar[ByteCache] = ByteCache(MAX_UNWRITTEN_BYTES)
    _memory: ClassVar[threading.Lock] = threading.Lock()  # of the line above
    _mapped: ClassVar[WeakValueDictionary[tuple[Path, str], Array]] = WeakValueDictionary()  # by file and stamp
    _mapping: ClassVar[threading.Lock] = threading.Lock()
    _threads: ClassVar[defaultdict[str, threading.Lock]] = defaultdict(threading.Lock)

    def __init__(self) -> None:
        root = os.environ.get("DIGITLAB_CACHE") or user_cache_dir("digit-lab", appauthor=False)
        self.root = Path(root).expanduser().absolute() / "datasets"
        self.index = self.root / "index.json"

    @contextmanager
    def lock(self, work: str = "") -> Iterator[None]:
        """Exclude all other threads and processes. Only the holder of the lock writes, and holds it for moments.

        work: name of a task, such as a download; then only those who would do the same are excluded, for as long as it
        takes.
        """
        with self._threads[work], ExitStack() as stack:
            with suppress(OSError):  # then nothing else can be written either
                self.root.mkdir(parents=True, exist_ok=True)
                stack.enter_context(FileLock(self.root / (f"lock.{work}" if work else "lock")))
            yield

    def get(self, key: str) -> Any:
        """Return the index's value of a key, or None."""
        value = self._recall(key)
        return self._index().get(key) if value is None else value

    def set(self, key: str, value: Any) -> None:
        """Write a JSON value into the index, which holds the newest MAX_INDEX_ENTRIES of those that lead somewhere."""
        entries = {other: known for other, known in self._index().items() if other != key and self._leads(known)}
        newest = dict([*entries.items(), (key, value)][-MAX_INDEX_ENTRIES:])
        try:
            temporary = self.index.with_suffix(".part")  # one name, under the lock: a killed writer leaves at most one
            temporary.write_text(json.dumps(newest, indent=1), encoding="utf-8")
            temporary.replace(self.index)
            with self._memory:
                self._unwritten.pop((self.root, key), None)
        except OSError:
            self._remember(key, value)

    def _leads(self, value: Any) -> bool:
        """Tell whether a value of the index is no hash, or one whose arrays are on the disk."""
        return not (isinstance(value, str) and _HASH.fullmatch(value)) or (self.root / value).is_dir()

    def _recall(self, key: str) -> Any:
        with self._memory:
            return self._unwritten.get((self.root, key))

    def _remember(self, key: str, value: Any) -> None:
        with self._memory:
            try:
                self._unwritten[self.root, key] = value
            except ValueError:
                raise UserError(
                    f"The folder for data must be writable, since the data set is too large for the memory: free some "
                    f"space in {self.root.name} or set DIGITLAB_CACHE."
                ) from None

    def _index(self) -> dict[str, Any]:
        try:
            index = parse_json(self.index.read_bytes())
        except (OSError, ValueError):  # missing or damaged: a new one will be written
            return {}
        return index if isinstance(index, dict) else {}

    def find(self, key: str, verify: bool = False) -> CachedArrays | None:
        """Return the arrays whose hash the index has for a key, as `open` does."""
        digest = self.get(key)
        return self.open(digest, verify) if digest else None

    def open(self, digest: str, verify: bool = False) -> CachedArrays | None:
        """Map the arrays of a hash into memory, if their files have not changed since they were hashed.

        Without `verify`, files with a new stamp count as missing. With it, they are hashed again, and removed if the
        hash differs.
        """
        if arrays := self._recall(digest):
            return CachedArrays(digest, arrays)
        files = self._files(self.root / digest)
        try:
            stamp = file_stamp(*files)
            arrays = [self._map(file, stamp) for file in files]
            if self.get(stamp) != digest:
                if not verify:
                    return None
                if content_hash(arrays) != digest:
                    raise ValueError("other contents")
                self.set(stamp, digest)
        except (OSError, ValueError, EOFError):
            if verify:
                self._remove(self.root / digest)
            return None
        self._note_use(self.root / digest)
        return CachedArrays(digest, arrays)

    @classmethod
    def _map(cls, file: Path, stamp: str) -> Array:
        """Map a file into memory, once for all sessions of this process: each mapping keeps a file open."""
        array = cls._mapped.get((file, stamp))
        if array is None:
            mapped = np.load(file, mmap_mode="r", allow_pickle=False)
            with cls._mapping:  # another thread may have mapped it meanwhile
                array = cls._mapped.setdefault((file, stamp), mapped)
        return array

    def save(self, arrays: Sequence[Array]) -> str:
        """Write all of the arrays or none, and return their hash."""
        digest = content_hash(arrays)
        if not self.open(digest, verify=True):
            folder = self.root / f"{digest}.part"
            try:
                self._remove(folder)  # left over from a writer that was killed
                folder.mkdir()
                for file, array in zip(self._files(folder), arrays, strict=True):
                    with file.open("wb") as stream:
                        np.save(stream, array)
                        os.fsync(stream.fileno())
                folder.rename(self.root / digest)
                self.set(file_stamp(*self._files(self.root / digest)), digest)
                self._trim(int(CACHE_PART * disk_budget(self.root)), digest)
            except OSError as error:
                _log.warning("The data could not be written to %s and stays in memory: %s", self.root, error)
                self._remove(folder)
                for array in arrays:
                    array.setflags(write=False)
                self._remember(digest, arrays)
        return digest

    def trim(self, max_bytes: int) -> None:
        """Remove the data sets that were used least recently until the others take at most `max_bytes`."""
        with self.lock():
            self._trim(max_bytes)

    def _trim(self, max_bytes: int, newest: str = "") -> None:
        folders = []
        with suppress(OSError):
            for folder in self.root.iterdir():
                if _HASH.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
                    folders.append((folder.name == newest, folder.stat().st_mtime, used_bytes(folder), folder))
        total = sum(size for _, _, size, _ in folders)
        for is_newest, _, size, folder in sorted(folders):
            if total <= max_bytes or is_newest:
                break
            _log.info("removing cached data that was used least recently: %s", folder.name)
            self._remove(folder)  # processes that have mapped it keep it
            total -= size

    @staticmethod
    def _note_use(folder: Path) -> None:
        """Note at the folder when it was last used; the stamps of its files stay."""
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > USE_SECONDS:
                os.utime(folder)

    @staticmethod
    def _files(folder: Path) -> list[Path]:
        return [folder / f"{key}.npy" for key in KEYS]

    def _remove(self, folder: Path) -> None:
        """Remove our own files and nothing else."""
        with suppress(OSError):
            for file in self._files(folder):
                file.unlink(missing_ok=True)
            folder.rmdir()
